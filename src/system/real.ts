import { randomBytes, randomFillSync } from 'node:crypto';
import type { Clock } from '#system/clock.ts';
import { createLog, type LogLevel } from '#system/log.ts';
import type { Random } from '#system/random.ts';
import { realDisk } from '#system/real-disk.ts';
import { realNetwork } from '#system/real-network.ts';
import { realProcesses } from '#system/real-process.ts';
import type { System } from '#system/system.ts';

/** The longest delay that Node's timers hold, in milliseconds; longer ones are waited for in pieces. */
const TIMER_DELAY_MS_MAX = 2 ** 31 - 1;

/** The machine's clock. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    let handle: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, TIMER_DELAY_MS_MAX);
      handle = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : callback()), stepMs);
    };
    arm(Math.max(0, delayMs));
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Random bytes are fetched this many at a time: a fetch costs the same for few as for many. */
const RANDOM_POOL_BYTES = 4096;

/** The machine's randomness, from the kernel. No byte is handed out twice. */
export const realRandom: Random = pooledRandom();

function pooledRandom(): Random {
  const pool = new Uint8Array(RANDOM_POOL_BYTES);
  let next = pool.length;
  return {
    bytes(length) {
      if (length > RANDOM_POOL_BYTES / 8) return randomBytes(length);
      if (pool.length - next < length) {
        randomFillSync(pool);
        next = 0;
      }
      const end = next + length;
      const taken = pool.slice(next, end);
      pool.fill(0, next, end);
      next = end;
      return taken;
    },
  };
}

/** Runs `callback` in the next turn of the event loop: after the input that is at hand has been read. */
export function realDefer(callback: () => void): void {
  setImmediate(callback);
}

/** The real system, with log lines of `level` and above on standard error. */
export function createRealSystem(options: { level?: LogLevel } = {}): System {
  return {
    clock: realClock,
    random: realRandom,
    disk: realDisk,
    network: realNetwork,
    processes: realProcesses,
    log: createLog({
      write: (line) => void process.stderr.write(`${line}\n`),
      now: () => Date.now(),
      level: options.level ?? 'info',
    }),
  };
}
