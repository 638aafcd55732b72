import { fork } from '#simulation/chance.ts';
import { unconverged } from '#simulation/convergence.ts';
import { runFaults } from '#simulation/fault-schedule.ts';
import { runUsers, settle } from '#simulation/load/users.ts';
import type { Plant } from '#simulation/plant.ts';
import { duration, Transcript } from '#simulation/transcript.ts';
import { type Violation, World } from '#simulation/world.ts';
import type { Random } from '#system/random.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** How long, in hours of virtual time. */
  readonly hours: number;
  readonly sites?: number;
  readonly plant?: Plant | undefined;
  /** Told each line of the transcript as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface SimulationResult {
  readonly transcript: readonly string[];
  readonly violations: readonly Violation[];
  /** Virtual time that passed, in milliseconds. */
  readonly elapsedMs: number;
}

const SITES = 5;

/** Faults and load last at most so long between two times of calm, in milliseconds. */
const STORM_MS = 45 * 60_000;

/** How long the world may take to come to rest once all faults have ended, in milliseconds: restarts back off for up to five minutes. */
const CONVERGENCE_MS_MAX = 12 * 60_000;

/** Between two looks of the invariants, and between two looks whether the world has come to rest, in milliseconds. */
const LOOK_MS = 5 * 60_000;
const REST_LOOK_MS = 2000;

/** How long the hub is away in the drill, in milliseconds. */
const DRILL_MS = 3 * 60_000;

/** A whole fleet in virtual time. The same options give the same transcript, byte for byte. Ends at the first violation. */
export async function runSimulation(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, hours, sites = SITES, plant, onLine = () => undefined } = options;
  const clock = new SimulatedClock();
  const transcript = new Transcript(clock, onLine);
  const random = seededRandom(seed);
  const names = Array.from({ length: sites }, (_, index) => `site-${index + 1}`);
  transcript.line(
    `seed ${seed}, ${hours} h, a hub and ${sites} sites${plant === undefined ? '' : `, planted: ${plant.text}`}`,
  );
  const world = new World({ clock, random: fork(random), transcript, sites: names, plant });
  const run = new Run(world, fork(random));
  await run.begin();
  const endMs = hours * 3_600_000;
  while (!run.isOver && clock.monotonic() < endMs)
    await run.episode(Math.min(STORM_MS, endMs - clock.monotonic()));
  const [violation] = world.violations;
  transcript.line(violation === undefined ? 'every invariant held' : `broken: ${violation.invariant}`);
  return { transcript: transcript.lines, violations: world.violations, elapsedMs: clock.monotonic() };
}

class Run {
  readonly #world: World;
  readonly #random: Random;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  get isOver(): boolean {
    return this.#world.violations.length > 0;
  }

  async begin(): Promise<void> {
    const { hub, sites } = this.#world;
    await hub.start();
    await this.#drive(settle(this.#world, fork(this.#random)));
    for (const site of sites) await site.start();
    await this.#rest('all sites are up');
  }

  /** A storm of faults and load, then calm: all must be well again, and stay so while the hub is away. */
  async episode(stormMs: number): Promise<void> {
    const over = new AbortController();
    const storm = [
      runFaults(this.#world, fork(this.#random), over.signal),
      runUsers(this.#world, fork(this.#random), over.signal),
    ];
    await this.#pass(stormMs);
    if (this.isOver) return;
    over.abort();
    await this.#drive(Promise.all(storm));
    this.#world.transcript.add('world', 'calm   all faults end');
    await this.#rest('all sites have converged');
    await this.#drill();
  }

  /** The hub goes and comes back, and nothing else happens: not one container may be another one afterwards. */
  async #drill(): Promise<void> {
    if (this.isOver) return;
    const { hub, transcript } = this.#world;
    const before = this.#runningContainers();
    hub.kill();
    await this.#pass(DRILL_MS);
    await hub.start();
    await this.#rest(`the hub was away for ${duration(DRILL_MS)} and is back`);
    if (this.isOver) return;
    if (this.#runningContainers() !== before)
      this.#world.broken(
        'no-restart-on-reconnect',
        'containers were stopped or started while only the hub went and came back',
      );
    else
      transcript.add(
        'world',
        `calm   the same ${before === '' ? 0 : before.split('\n').length} containers run`,
      );
  }

  #runningContainers(): string {
    const ids = this.#world.sites.flatMap(({ machine }) =>
      [...machine.containers.values()].filter(({ state }) => state.type === 'running').map(({ id }) => id),
    );
    return ids.toSorted().join('\n');
  }

  /** Waits until the world is as it shall be; too long a wait is a violation. */
  async #rest(text: string): Promise<void> {
    const { clock, transcript } = this.#world;
    const sinceMs = clock.monotonic();
    let why = await unconverged(this.#world);
    while (why !== undefined && !this.isOver) {
      if (clock.monotonic() - sinceMs > CONVERGENCE_MS_MAX)
        return this.#world.broken('convergence', `not within ${duration(CONVERGENCE_MS_MAX)}: ${why}`);
      await this.#pass(REST_LOOK_MS);
      why = await unconverged(this.#world);
    }
    transcript.add('world', `calm   ${text}, after ${duration(clock.monotonic() - sinceMs)}`);
  }

  /** Lets time pass; stops early at a violation. */
  async #pass(durationMs: number): Promise<void> {
    for (let leftMs = durationMs; leftMs > 0 && !this.isOver; leftMs -= LOOK_MS) {
      await this.#world.clock.advance(Math.min(leftMs, LOOK_MS));
      await this.#world.look();
    }
  }

  /** Lets time pass until something that people or faults do is done. */
  async #drive(done: Promise<unknown>): Promise<void> {
    let isDone = false;
    done
      .catch((error: unknown) =>
        this.#world.broken('processes-run', `what people or faults did failed: ${String(error)}`),
      )
      .finally(() => {
        isDone = true;
      });
    await this.#world.clock.advance(0);
    while (!isDone && !this.isOver) await this.#world.clock.advance(100);
  }
}
