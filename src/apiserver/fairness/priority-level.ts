import { createHash } from 'node:crypto';
import { StatusError } from '#api/status.ts';
import { FairQueues, type QueueSettings } from '#apiserver/fairness/fair-queues.ts';
import type { Clock } from '#system/clock.ts';

/** What a priority level is made of. */
export interface LevelSettings {
  readonly name: string;
  readonly uid: string;
  /** Exempt levels have no limit. */
  readonly isExempt: boolean;
  /** Seats that are its own. */
  readonly seats: number;
  /** Of these, the ones that others may use while it does not. */
  readonly lendableSeats: number;
  /** Seats of others that it may use beside its own. */
  readonly borrowableSeats: number;
  /** Undefined: what cannot run at once is refused. */
  readonly queuing: QueueSettings | undefined;
}

/** Longest that a request waits for a seat, in milliseconds: upstream's quarter of a minute; then it is refused with 429. */
export const SEAT_WAIT_MS_MAX = 15_000;

/** After how long a refused client is told to ask again, in seconds. */
export const RETRY_AFTER_SECONDS = 1;

/** A request that runs: to be ended once. */
export type Leave = () => void;

/** Seats in all, and who has them. */
export interface SeatPool {
  readonly total: number;
  readonly levels: readonly PriorityLevel[];
}

/** A level's seats and queues. */
export class PriorityLevel {
  readonly settings: LevelSettings;
  readonly #clock: Clock;
  readonly #pool: () => SeatPool;
  readonly #queues: FairQueues | undefined;
  #seatsUsed = 0;

  constructor(settings: LevelSettings, { clock, pool }: { clock: Clock; pool: () => SeatPool }) {
    this.settings = settings;
    this.#clock = clock;
    this.#pool = pool;
    this.#queues = settings.queuing === undefined ? undefined : new FairQueues(settings.queuing);
  }

  /** Seats in use. */
  get seatsUsed(): number {
    return this.#seatsUsed;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#queues?.waiting ?? 0;
  }

  /** Seats that nobody else may use: those in use, and those it keeps for itself. */
  get seatsHeld(): number {
    return Math.max(this.#seatsUsed, this.settings.seats - this.settings.lendableSeats);
  }

  /**
   * Takes `width` seats, at once where there are some and nobody waits; else when it is the flow's turn. Throws or rejects
   * with 429 where the queues of the flow are full, or its turn does not come in time.
   */
  enter(flow: string, width: number): Leave | Promise<Leave> {
    if (this.settings.isExempt) return noSeats;
    const queues = this.#queues;
    if ((queues === undefined || queues.waiting === 0) && this.#hasRoom(width)) {
      this.#seatsUsed += width;
      return this.#leaving(width, undefined);
    }
    if (queues === undefined) throw tooManyRequests();
    return this.#wait(queues, flow, width);
  }

  /** Lets those begin that wait, as long as there are seats. */
  startWaiting(): void {
    const queues = this.#queues;
    if (queues === undefined) return;
    for (
      let width = queues.nextWidth();
      width !== undefined && this.#hasRoom(width);
      width = queues.nextWidth()
    ) {
      this.#seatsUsed += width;
      queues.startNext();
    }
  }

  #wait(queues: FairQueues, flow: string, width: number): Promise<Leave> {
    return new Promise((resolve, reject) => {
      const start = (settle: (ranMs: number) => void): void => {
        timer.cancel();
        resolve(this.#leaving(width, settle));
      };
      const cancel = queues.enqueue(hashOf(`${this.settings.name}/${flow}`), { width, start });
      const timer = this.#clock.after(SEAT_WAIT_MS_MAX, () => {
        cancel?.();
        reject(tooManyRequests());
      });
      if (cancel !== undefined) return;
      timer.cancel();
      reject(tooManyRequests());
    });
  }

  /** Its own seats first; then those that others lend, which they get back as soon as they need them. */
  #hasRoom(width: number): boolean {
    const wanted = this.#seatsUsed + width;
    // Whatever its width, a request runs where nothing else of its level does.
    if (wanted <= this.settings.seats || this.#seatsUsed === 0) return true;
    if (wanted > this.settings.seats + this.settings.borrowableSeats) return false;
    const { total, levels } = this.#pool();
    let held = 0;
    for (const level of levels) if (level !== this) held += level.seatsHeld;
    return wanted <= total - held;
  }

  #leaving(width: number, settle: ((ranMs: number) => void) | undefined): Leave {
    const beganMs = this.#clock.monotonic();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#seatsUsed -= width;
      settle?.(this.#clock.monotonic() - beganMs);
      for (const level of this.#pool().levels) if (level.waiting > 0) level.startWaiting();
    };
  }
}

/** What to call at the end of a request that took no seats. */
function noSeats(): void {
  // Nothing was taken.
}

/** 64 bits of what tells a flow apart. */
function hashOf(text: string): bigint {
  return createHash('sha256').update(text).digest().readBigUInt64BE(0);
}

/** 429, with when to come back. */
export function tooManyRequests(): StatusError {
  return new StatusError('TooManyRequests', 'too many requests, please try again later.', {
    details: { retryAfterSeconds: RETRY_AFTER_SECONDS },
  });
}
