import { Cron } from 'croner';
import { timestamp } from '#system/clock.ts';

/** When a CronJob is due. Times are milliseconds since 1970, whole seconds. */
export interface Schedule {
  /** The first time after `afterMs`; undefined where there is none. */
  next(afterMs: number): number | undefined;
  /** The last time after `afterMs`, and not after `untilMs`; undefined where there is none. */
  last(afterMs: number, untilMs: number): number | undefined;
}

/** The time zone where a CronJob names none. */
const TIME_ZONE_DEFAULT = 'UTC';

const UNITS_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
const DAY_MS = 24 * 3_600_000;

/** How far back a schedule is followed, shortest first: a schedule that is due often is found in the first. */
const LOOKBACKS_MS = [3_600_000, DAY_MS, 32 * DAY_MS, 366 * DAY_MS, 5 * 366 * DAY_MS];

/**
 * Reads five cron fields, a macro (`@hourly`) or `@every 90m`, in a time zone (Kubernetes docs, "CronJob", "Schedule
 * syntax"). Throws an Error that says what is wrong with the schedule or the time zone.
 */
export function parseSchedule(text: string, timeZone = TIME_ZONE_DEFAULT): Schedule {
  const every = /^@every (.+)$/.exec(text.trim())?.[1];
  return every === undefined
    ? cronSchedule(new Cron(text, { timezone: timeZone }))
    : periodicSchedule(durationMs(every));
}

function cronSchedule(cron: Cron): Schedule {
  const next = (afterMs: number): number | undefined => cron.nextRun(timestamp(afterMs))?.getTime();
  const lastSince = (afterMs: number, untilMs: number): number | undefined => {
    let last: number | undefined;
    for (let due = next(afterMs); due !== undefined && due <= untilMs; due = next(due)) last = due;
    return last;
  };
  // A wrong time zone shows only when it is used.
  next(0);
  return {
    next,
    last: (afterMs, untilMs) => {
      for (const lookbackMs of LOOKBACKS_MS) {
        const fromMs = Math.max(afterMs, untilMs - lookbackMs);
        const last = lastSince(fromMs, untilMs);
        if (last !== undefined || fromMs === afterMs) return last;
      }
      return undefined;
    },
  };
}

/** Counts from the last time, not from midnight. */
function periodicSchedule(periodMs: number): Schedule {
  return {
    next: (afterMs) => afterMs + periodMs,
    last: (afterMs, untilMs) => {
      const periods = Math.floor((untilMs - afterMs) / periodMs);
      return periods < 1 ? undefined : afterMs + periods * periodMs;
    },
  };
}

/** `1h30m` in whole seconds, at least one. */
function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  const sumMs = parts.reduce(
    (sum, [, amount = '0', unit = 's']) => sum + Number(amount) * (UNITS_MS[unit] ?? 0),
    0,
  );
  return Math.max(1, Math.floor(sumMs / 1000)) * 1000;
}
