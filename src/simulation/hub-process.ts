import type { Client } from '#client/client.ts';
import { createHubCore, type HubCore } from '#hub/hub-core.ts';
import { type BundleSigner, bundleKeyFromSeed, createBundleSigner } from '#pki/bundle-signature.ts';
import { fork } from '#simulation/chance.ts';
import type { Ground } from '#simulation/ground.ts';
import { ProcessLife } from '#simulation/process-life.ts';
import { StoreHost } from '#simulation/store-host.ts';
import { userClient } from '#simulation/user-client.ts';
import type { Store } from '#store/store.ts';
import type { Random } from '#system/random.ts';

/** What a process is while it runs. */
export interface Running<Core> {
  readonly life: ProcessLife;
  readonly core: Core;
  readonly store: Store;
  /** A client as people have it: it fails with ProcessDiedError where the process dies before it answers. */
  readonly client: Client;
}

/** The hub's machine: its disk, and the process on it, which may be killed and started again. */
export class HubProcess {
  readonly disk: StoreHost;
  readonly signer: BundleSigner;
  running: Running<HubCore> | undefined;
  readonly #ground: Ground;
  readonly #random: Random;

  constructor(ground: Ground, random: Random) {
    this.#ground = ground;
    this.#random = random;
    this.disk = new StoreHost('hub', { random: fork(random), plant: ground.plant });
    this.signer = createBundleSigner(bundleKeyFromSeed(random.bytes(32)));
  }

  async start(): Promise<void> {
    const { clock, network, watchers, logOf } = this.#ground;
    const life = new ProcessLife(clock);
    const store = await this.disk.open(life, {
      acknowledged: (operations, result) => watchers.committed('hub', operations, result),
    });
    watchers.opened('hub', await store.list(''));
    const core = createHubCore({
      store,
      signer: this.signer,
      authority: 'authority',
      clock: life.clock,
      random: fork(this.#random),
      log: logOf('hub'),
    });
    this.running = { life, core, store, client: userClient(core, life) };
    network.listener = { life, accept: (connection) => void core.link.accept(connection) };
    this.#ground.supervise('hub', { life, run: (signal) => core.run(signal) });
  }

  /** Ends the process as SIGKILL does: what was acknowledged is on its disk, and nothing else is left. */
  kill(): void {
    const { running } = this;
    if (running === undefined) return;
    this.running = undefined;
    this.#ground.network.listener = undefined;
    running.life.kill();
    this.#ground.network.processDied(running.life, { silently: false });
  }
}
