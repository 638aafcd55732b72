import { durationOf, textOf, timestampOf } from '#api/cel/argument.ts';
import { type Overload, overload } from '#api/cel/function.ts';
import { type CivilTime, civilTime, zoneOffset } from '#api/cel/time.ts';
import { CelError } from '#api/cel/value.ts';

/** Parts of a timestamp, as CEL counts them: months, days of the year and `getDayOfMonth` from 0, `getDate` from 1. */
const PARTS: Readonly<Record<string, (time: CivilTime) => number>> = {
  getFullYear: ({ year }) => year,
  getMonth: ({ month }) => month - 1,
  getDayOfYear: ({ dayOfYear }) => dayOfYear,
  getDayOfMonth: ({ day }) => day - 1,
  getDate: ({ day }) => day,
  getDayOfWeek: ({ weekday }) => weekday,
  getHours: ({ hour }) => hour,
  getMinutes: ({ minute }) => minute,
  getSeconds: ({ second }) => second,
  getMilliseconds: ({ nano }) => Math.floor(nano / 1_000_000),
};

const UNITS: Readonly<Record<string, bigint>> = {
  getHours: 3_600_000_000_000n,
  getMinutes: 60_000_000_000n,
  getSeconds: 1_000_000_000n,
  getMilliseconds: 1_000_000n,
};

/** Parts of timestamps, in UTC or in a named zone, and of durations. Source: the CEL language definition. */
export const TIME: readonly Overload[] = [
  ...Object.entries(PARTS).flatMap(([name, part]) => [
    overload(`timestamp.${name}(): int`, ([a]) => BigInt(part(civilTime(timestampOf(a))))),
    overload(`timestamp.${name}(string): int`, ([a, b]) => {
      const nanos = timestampOf(a);
      const offset = zoneOffset(textOf(b), nanos);
      return offset === undefined
        ? new CelError(`unknown time zone ${textOf(b)}`)
        : BigInt(part(civilTime(nanos + offset)));
    }),
  ]),
  ...Object.entries(UNITS).map(([name, unit]) =>
    overload(`duration.${name}(): int`, ([a]) => durationOf(a) / unit),
  ),
];
