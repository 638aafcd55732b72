import { fork } from '#simulation/chance.ts';
import type { Ground, Watchers } from '#simulation/ground.ts';
import { HubProcess } from '#simulation/hub-process.ts';
import type { Invariant, InvariantMaker } from '#simulation/invariant.ts';
import { acknowledgedWrites } from '#simulation/invariants/acknowledged-writes.ts';
import { desiredFromHub } from '#simulation/invariants/desired-from-hub.ts';
import { bugInLog } from '#simulation/invariants/no-bugs-logged.ts';
import { oneContainer } from '#simulation/invariants/one-container.ts';
import { signedBundles } from '#simulation/invariants/signed-bundles.ts';
import { stopsHaveCauses } from '#simulation/invariants/stops-have-causes.ts';
import { viewsAgree } from '#simulation/invariants/views-agree.ts';
import type { Plant } from '#simulation/plant.ts';
import { SimulatedNetwork } from '#simulation/simulated-network.ts';
import { SiteProcess } from '#simulation/site-process.ts';
import type { Transcript } from '#simulation/transcript.ts';
import { must } from '#system/assert.ts';
import type { Log, LogFields, LogLevel } from '#system/log.ts';
import type { Random } from '#system/random.ts';
import type { SimulatedClock } from '#system/simulated-time.ts';

const INVARIANTS: readonly InvariantMaker[] = [
  acknowledgedWrites,
  stopsHaveCauses,
  desiredFromHub,
  signedBundles,
  oneContainer,
  viewsAgree,
];

/** How long what a person did at a site may take to be seen in its store, in milliseconds. */
const LOCAL_CAUSE_MS = 10 * 60_000;

/** What did not hold, and when. */
export interface Violation {
  readonly invariant: string;
  readonly text: string;
  readonly atMs: number;
}

export interface WorldOptions {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly transcript: Transcript;
  readonly sites: readonly string[];
  readonly plant: Plant | undefined;
}

/** A hub and its sites, with the network between them, and the invariants that watch them. */
export class World {
  readonly clock: SimulatedClock;
  readonly transcript: Transcript;
  readonly network: SimulatedNetwork;
  readonly hub: HubProcess;
  readonly sites: readonly SiteProcess[];
  readonly violations: Violation[] = [];
  /** What people at sites do now: `SITE deployment NAMESPACE/NAME`, `SITE pod NAMESPACE/NAME`. */
  readonly localCauses = new Set<string>();
  readonly #waits = new Set<{ readonly place: string; readonly told: () => void }>();
  readonly #invariants: readonly Invariant[];

  constructor({ clock, random, transcript, sites, plant }: WorldOptions) {
    this.clock = clock;
    this.transcript = transcript;
    this.network = new SimulatedNetwork(sites, { clock, random: fork(random) });
    this.#invariants = INVARIANTS.map((make) => {
      const invariant: Invariant = make(this, (text) => this.broken(invariant.name, text));
      return invariant;
    });
    const ground: Ground = {
      clock,
      network: this.network,
      plant,
      watchers: this.#watchers(),
      bundleKey: () => this.hub.signer.publicKey,
      logOf: (place) => this.#logOf(place),
      supervise: (place, { life, run }) => {
        const ended = (why: string): void => {
          if (!life.isDead) this.broken('processes-run', `${place}: the process ended by itself: ${why}`);
        };
        run(new AbortController().signal).then(
          () => ended('it returned'),
          (error: unknown) => ended(String(error)),
        );
      },
    };
    this.hub = new HubProcess(ground, fork(random));
    this.sites = sites.map((name) => new SiteProcess(name, ground, fork(random)));
  }

  site(name: string): SiteProcess {
    return must(
      this.sites.find((site) => site.name === name),
      `there is no site ${name}`,
    );
  }

  broken(invariant: string, text: string): void {
    this.violations.push({ invariant, text, atMs: this.clock.monotonic() });
    this.transcript.add('world', `BROKEN ${invariant}: ${text}`);
  }

  /** A person at a site is about to do something. */
  announce(cause: string): void {
    this.localCauses.add(cause);
    this.clock.after(LOCAL_CAUSE_MS, () => this.localCauses.delete(cause));
  }

  /** Calls `told` once, at the next commit that `place` acknowledges; the returned function takes that back. */
  onNextCommit(place: string, told: () => void): () => void {
    const wait = { place, told };
    this.#waits.add(wait);
    return () => void this.#waits.delete(wait);
  }

  /** Lets every invariant look at the world as it is. */
  async look(): Promise<void> {
    for (const invariant of this.#invariants) await invariant.look?.();
  }

  #watchers(): Watchers {
    return {
      committed: (place, operations, result) => {
        for (const invariant of this.#invariants) invariant.committed?.(place, operations, result);
        for (const wait of this.#waits) {
          if (wait.place !== place) continue;
          this.#waits.delete(wait);
          wait.told();
        }
      },
      opened: (place, found) => {
        for (const invariant of this.#invariants) invariant.opened?.(place, found);
      },
      containersOf: (site) => ({
        stopping: (container) => {
          for (const invariant of this.#invariants) invariant.stopping?.(site, container);
        },
        started: (container) => {
          for (const invariant of this.#invariants) invariant.containerStarted?.(site, container);
        },
      }),
    };
  }

  #logOf(place: string): Log {
    const take = (level: LogLevel, message: string, fields: LogFields): void => {
      const bug = bugInLog(level, message, fields);
      if (bug !== undefined) this.broken('no-bugs-logged', `${place}: ${bug}`);
    };
    const log = (bound: LogFields): Log => ({
      debug: (message, fields) => take('debug', message, { ...bound, ...fields }),
      info: (message, fields) => take('info', message, { ...bound, ...fields }),
      warn: (message, fields) => take('warn', message, { ...bound, ...fields }),
      error: (message, fields) => take('error', message, { ...bound, ...fields }),
      with: (fields) => log({ ...bound, ...fields }),
    });
    return log({});
  }
}
