import { between, happens } from '#simulation/chance.ts';
import type { Clock } from '#system/clock.ts';
import type { Random } from '#system/random.ts';

/** Which way bytes go. */
export type Direction = 'toHub' | 'toSite';

/** What a wire is like now. */
export interface WireState {
  /** Directions in which nothing gets through; what is sent waits, as TCP sends it again and again. */
  readonly cut: Set<Direction>;
  latencyMs: number;
  /** Infinity: as fast as wanted. */
  bytesPerSecond: number;
}

/** Time after which waiting bytes come through once a cut wire is whole again, at most, in milliseconds: TCP's next try. */
const RETRANSMIT_MS_MAX = 3000;

/**
 * The wire between one site and the hub. Whatever goes over it arrives in order, late by the latency and the time its
 * bytes take; nothing arrives while its direction is cut.
 */
export class Wire {
  readonly state: WireState = { cut: new Set(), latencyMs: 20, bytesPerSecond: Infinity };
  readonly #clock: Clock;
  readonly #random: Random;
  /** When the last thing sent arrives, by direction: nothing overtakes. */
  readonly #busyUntilMs: Record<Direction, number> = { toHub: 0, toSite: 0 };
  readonly #held: Record<Direction, (() => void)[]> = { toHub: [], toSite: [] };

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Calls `arrive` when something of `sizeBytes` that is sent now arrives. */
  send(direction: Direction, sizeBytes: number, arrive: () => void): void {
    const nowMs = this.#clock.monotonic();
    const { latencyMs, bytesPerSecond } = this.state;
    const jitterMs = between(this.#random, 0, Math.ceil(latencyMs / 4));
    const atMs =
      Math.max(this.#busyUntilMs[direction], nowMs + latencyMs + jitterMs) +
      (sizeBytes * 1000) / bytesPerSecond;
    this.#busyUntilMs[direction] = atMs;
    this.#clock.after(Math.max(0, atMs - nowMs), () => this.#deliver(direction, arrive));
  }

  cut(direction: Direction): void {
    this.state.cut.add(direction);
  }

  /** Lets everything through again that waits, in order, a little later. */
  mend(direction: Direction): void {
    if (!this.state.cut.has(direction)) return;
    this.#clock.after(between(this.#random, 0, RETRANSMIT_MS_MAX), () => {
      this.state.cut.delete(direction);
      for (const arrive of this.#held[direction].splice(0)) arrive();
    });
  }

  /** Bytes cut into slices, at places that chance chooses. */
  slices(bytes: Uint8Array): Uint8Array[] {
    if (bytes.length < 2 || happens(this.#random, 70)) return [bytes];
    const at = between(this.#random, 1, bytes.length - 1);
    return [bytes.subarray(0, at), ...this.slices(bytes.subarray(at))];
  }

  #deliver(direction: Direction, arrive: () => void): void {
    if (this.state.cut.has(direction)) this.#held[direction].push(arrive);
    else arrive();
  }
}
