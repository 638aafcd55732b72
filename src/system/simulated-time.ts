import { assert } from '#system/assert.ts';
import type { Clock, Timer } from '#system/clock.ts';
import type { Random } from '#system/random.ts';

interface PendingTimer {
  readonly atMs: number;
  /** Breaks ties in order of creation, so that a run repeats exactly. */
  readonly order: number;
  callback: (() => void) | undefined;
}

/**
 * Virtual time. Nothing happens between timers: {@link SimulatedClock.advance} fires them in order and lets all promises
 * settle in between, so a run depends on nothing but its inputs.
 */
export class SimulatedClock implements Clock {
  #nowMs: number;
  readonly #originMs: number;
  #wallOffsetMs = 0;
  #order = 0;
  /** A binary heap by (atMs, order). */
  readonly #heap: PendingTimer[] = [];
  readonly #settle: () => Promise<void>;

  /**
   * Starts at `startMs` of wall time. `settle` resolves once no promise can go on without a timer: all promise jobs have
   * run. The default waits for a turn of the real event loop, which runs after every promise job.
   */
  constructor(startMs = Date.UTC(2026, 0, 1), settle: () => Promise<void> = nextTurn) {
    this.#nowMs = startMs;
    this.#originMs = startMs;
    this.#settle = settle;
  }

  now(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  /** Sets the wall clock, as an operator or a time server would; timers and intervals do not notice. */
  setWall(nowMs: number): void {
    this.#wallOffsetMs = nowMs - this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs - this.#originMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    assert(delayMs >= 0, `a delay is at least 0, got ${delayMs}`);
    const timer: PendingTimer = { atMs: this.#nowMs + delayMs, order: this.#order, callback };
    this.#order += 1;
    this.#push(timer);
    return {
      cancel: () => {
        timer.callback = undefined;
      },
    };
  }

  /** Lets `durationMs` pass, firing every timer that falls due, those set on the way included. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await this.#settle();
    for (let next = this.#peek(); next !== undefined && next.atMs <= untilMs; next = this.#peek()) {
      this.#pop();
      if (next.callback === undefined) continue;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
      await this.#settle();
    }
    this.#nowMs = untilMs;
  }

  /** Advances until `condition` holds; throws where it does not within `limitMs`. */
  async advanceUntil(condition: () => boolean, limitMs: number): Promise<void> {
    const deadlineMs = this.#nowMs + limitMs;
    await this.#settle();
    while (!condition()) {
      const next = this.#peek();
      assert(
        next !== undefined && next.atMs <= deadlineMs,
        `the condition did not hold within ${limitMs} ms of virtual time`,
      );
      await this.advance(Math.max(0, next.atMs - this.#nowMs));
    }
  }

  #peek(): PendingTimer | undefined {
    return this.#heap[0];
  }

  #push(timer: PendingTimer): void {
    const heap = this.#heap;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index], heap[parent])) break;
      swap(heap, index, parent);
      index = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    let index = 0;
    while (true) {
      const left = 2 * index + 1;
      let smallest = index;
      if (isBefore(heap[left], heap[smallest])) smallest = left;
      if (isBefore(heap[left + 1], heap[smallest])) smallest = left + 1;
      if (smallest === index) return;
      swap(heap, index, smallest);
      index = smallest;
    }
  }
}

function isBefore(a: PendingTimer | undefined, b: PendingTimer | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function swap(heap: PendingTimer[], a: number, b: number): void {
  const first = heap[a];
  const second = heap[b];
  assert(first !== undefined && second !== undefined, 'a heap has no holes');
  heap[a] = second;
  heap[b] = first;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A seeded source (xoshiro128**, Blackman and Vigna 2018): the same seed, the same bytes. Not for secrets. */
export function seededRandom(seed: number): Random {
  const state = expandSeed(seed);
  const next = (): number => {
    const [a, b, c, d] = state as unknown as [number, number, number, number];
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    const c1 = c ^ a;
    const d1 = d ^ b;
    state[1] = b ^ c1;
    state[0] = a ^ d1;
    state[2] = c1 ^ shifted;
    state[3] = rotateLeft(d1, 11);
    return result;
  };
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i += 4) {
        const word = next();
        for (let j = 0; j < 4 && i + j < length; j++) bytes[i + j] = (word >>> (8 * j)) & 0xff;
      }
      return bytes;
    },
  };
}

/** splitmix32: spreads a small seed over the whole state. */
function expandSeed(seed: number): Int32Array {
  let state = seed | 0;
  return Int32Array.from({ length: 4 }, () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  });
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
