import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { service, slice, testNetwork } from '#network/service-objects.fixture.ts';
import { GATHER_MS, type ProxyOutcome, runServiceProxy, VERIFY_INTERVAL_MS } from '#network/service-proxy.ts';
import type { ObjectSource } from '#network/service-sources.ts';
import { silentLog } from '#system/log.ts';
import type { CommandResult, Processes } from '#system/process.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

/** A source that a test fills and changes. */
class TestSource<T extends KubeObject> implements ObjectSource<T> {
  items: T[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #ready = Promise.withResolvers<void>();

  list(): readonly T[] {
    return this.items;
  }
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  caughtUp(): Promise<void> {
    return this.#ready.promise;
  }
  sync(): void {
    this.#ready.resolve();
  }
  set(items: T[]): void {
    this.items = items;
    for (const listener of this.#listeners) listener();
  }
}

/** A kernel that holds the marks of the tables loaded into it, and refuses while told to. */
class TestKernel {
  readonly scripts: string[] = [];
  mark: string | undefined;
  refusal: string | undefined;

  readonly processes: Pick<Processes, 'run'> = {
    run: async (command, args, options): Promise<CommandResult> => {
      const done = (code: number, stderr = ''): CommandResult => ({ code, signal: null, stdout: '', stderr });
      if (command !== 'nft') throw Object.assign(new Error(`spawn ${command} ENOENT`), { code: 'ENOENT' });
      if (args[0] === 'list') return done(this.mark !== undefined && args.includes(this.mark) ? 0 : 1);
      if (this.refusal !== undefined) return done(1, this.refusal);
      const script = String(options?.stdin);
      this.scripts.push(script);
      this.mark = /chain (?:inet \S+ )?(?<mark>loaded-\w+)/u.exec(script)?.groups?.['mark'];
      return done(0);
    },
  };
}

function start(): {
  clock: SimulatedClock;
  kernel: TestKernel;
  sources: {
    services: TestSource<ReturnType<typeof service>>;
    slices: TestSource<ReturnType<typeof slice>>;
    pods: TestSource<never>;
  };
  outcomes: ProxyOutcome[];
  stop: () => Promise<void>;
  restart: () => void;
} {
  const clock = new SimulatedClock();
  const kernel = new TestKernel();
  const sources = {
    services: new TestSource<ReturnType<typeof service>>(),
    slices: new TestSource<ReturnType<typeof slice>>(),
    pods: new TestSource<never>(),
  };
  const outcomes: ProxyOutcome[] = [];
  let controller = new AbortController();
  let running: Promise<void>;
  const restart = (): void => {
    controller = new AbortController();
    running = runServiceProxy(
      {
        network: testNetwork,
        facts: { bridgeNetfilter: true },
        sources,
        processes: kernel.processes as Processes,
        clock,
        random: seededRandom(1),
        log: silentLog,
        onOutcome: (outcome) => outcomes.push(outcome),
      },
      controller.signal,
    );
  };
  restart();
  const stop = async (): Promise<void> => {
    controller.abort(new Error('stopped'));
    await running;
  };
  return { clock, kernel, sources, outcomes, stop, restart };
}

function syncAll(sources: ReturnType<typeof start>['sources']): void {
  for (const source of Object.values(sources)) source.sync();
}

test('nothing is loaded before every source is in, then all at once', async () => {
  const { clock, kernel, sources, outcomes, stop } = start();
  sources.services.items = [service('web', '10.61.1.10')];
  sources.services.sync();
  sources.slices.sync();
  await clock.advance(10_000);
  assert.equal(kernel.scripts.length, 0);
  sources.pods.sync();
  await clock.advance(0);
  assert.equal(kernel.scripts.length, 1);
  assert.deepEqual(outcomes, [{ state: 'loaded', problems: [] }]);
  await stop();
});

test('changes are gathered and loaded as one update; what changes no rule loads nothing', async () => {
  const { clock, kernel, sources, stop } = start();
  syncAll(sources);
  await clock.advance(0);
  for (let i = 0; i < 20; i++)
    sources.services.set([service('web', '10.61.1.10'), service(`s${i}`, '10.61.1.11')]);
  sources.slices.set([slice('web', ['10.60.1.5'])]);
  await clock.advance(GATHER_MS);
  assert.equal(kernel.scripts.length, 2);
  assert.match(kernel.scripts[1] ?? '', /add rule .*10\.60\.1\.5:8080/u);
  sources.slices.set([slice('web', ['10.60.1.5'])]);
  await clock.advance(1_000);
  assert.equal(kernel.scripts.length, 2);
  await stop();
});

test('a refusal is told with its reason once, tried again, and ends in everything being loaded', async () => {
  const { clock, kernel, sources, outcomes, stop } = start();
  syncAll(sources);
  await clock.advance(0);
  kernel.refusal = 'Error: No buffer space available';
  sources.slices.set([slice('web', ['10.60.1.5'])]);
  sources.services.set([service('web', '10.61.1.10')]);
  await clock.advance(5_000);
  kernel.refusal = undefined;
  await clock.advance(60_000);
  assert.deepEqual(
    outcomes.map(({ state }) => state),
    ['loaded', 'refused', 'loaded'],
  );
  assert.match(JSON.stringify(outcomes[1]), /nft refused the rules: Error: No buffer space available/u);
  assert.match(kernel.scripts.at(-1) ?? '', /^table inet skerry-0a1b2c3d\ndelete table/u);
  await stop();
});

test('rules that another program flushed come back', async () => {
  const { clock, kernel, sources, stop } = start();
  syncAll(sources);
  await clock.advance(0);
  kernel.mark = undefined;
  await clock.advance(VERIFY_INTERVAL_MS);
  assert.equal(kernel.scripts.length, 2);
  assert.equal(kernel.scripts[1], kernel.scripts[0]);
  await stop();
});

test('stopping leaves the rules, and a restart takes them over without a load', async () => {
  const { clock, kernel, sources, stop, restart } = start();
  syncAll(sources);
  await clock.advance(0);
  await stop();
  const { mark } = kernel;
  restart();
  await clock.advance(1_000);
  assert.equal(kernel.scripts.length, 1);
  assert.equal(kernel.mark, mark);
  await stop();
});

test('what is not forwarded is part of the outcome', async () => {
  const { clock, sources, outcomes, stop } = start();
  sources.services.items = [service('web', '10.61.9.10')];
  syncAll(sources);
  await clock.advance(0);
  assert.match(JSON.stringify(outcomes), /Service default\/web.*outside of the site's service network/u);
  await stop();
});
