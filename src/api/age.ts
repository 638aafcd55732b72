import { parseTimestamp } from '#system/clock.ts';

const SECOND_MS = 1_000;
const MINUTE_S = 60;
const HOUR_M = 60;
const DAY_H = 24;
const YEAR_H = 24 * 365;

/** What a column shows for a time that is absent or unreadable. */
export const UNKNOWN_AGE = '<unknown>';

/**
 * A duration as kubectl writes it, with two or three significant figures: `5s`, `3m10s`, `49m`, `2h5m`, `2d4h`, `3y12d`.
 * Up to two seconds of the future are `0s`, more is `<invalid>` (apimachinery `duration.HumanDuration`).
 */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / SECOND_MS);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 2 * MINUTE_S) return `${seconds}s`;
  const minutes = Math.floor(seconds / MINUTE_S);
  if (minutes < 10) return join(minutes, 'm', seconds % MINUTE_S, 's');
  if (minutes < 3 * HOUR_M) return `${minutes}m`;
  return longDuration(minutes);
}

function longDuration(minutes: number): string {
  const hours = Math.floor(minutes / HOUR_M);
  if (hours < 8) return join(hours, 'h', minutes % HOUR_M, 'm');
  if (hours < 2 * DAY_H) return `${hours}h`;
  const days = Math.floor(hours / DAY_H);
  if (hours < 8 * DAY_H) return join(days, 'd', hours % DAY_H, 'h');
  if (hours < 2 * YEAR_H) return `${days}d`;
  const years = Math.floor(hours / YEAR_H);
  if (hours < 8 * YEAR_H) return join(years, 'y', days % 365, 'd');
  return `${years}y`;
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}

/** How long ago an RFC 3339 time was; {@link UNKNOWN_AGE} where it is absent or not a time. */
export function age(time: string | undefined, nowMs: number): string {
  const ms = parseTimestamp(time);
  return ms === undefined ? UNKNOWN_AGE : humanDuration(nowMs - ms);
}
