/** Points in time and lengths of time, to and from text: RFC 3339 and Go's durations. In nanoseconds, as bigints. */

const NANOS_PER_SECOND = 1_000_000_000n;
const SECONDS_PER_DAY = 86_400n;
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds: what a timestamp may be. */
const SECONDS_MIN = -62_135_596_800n;
const SECONDS_MAX = 253_402_300_799n;
/** The longest duration: what an int64 of nanoseconds holds. */
const DURATION_NANOS_MAX = 2n ** 63n - 1n;

/** The longest text of a time or duration in characters; a longer one is none. */
const TIME_CHARS_MAX = 64;

const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Nanoseconds since 1970 of an RFC 3339 text; undefined where it is none. */
export function parseTimestamp(text: string): bigint | undefined {
  const match = text.length > TIME_CHARS_MAX ? null : TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction = '',
    sign,
    offsetHours = '0',
    offsetMinutes = '0',
  ] = match;
  const days = parseDate(`${year}-${month}-${day}`);
  if (days === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return undefined;
  const offset = (BigInt(offsetHours) * 60n + BigInt(offsetMinutes)) * (sign === '-' ? -60n : 60n);
  const time = BigInt(Number(hour) * 3600 + Number(minute) * 60 + Number(second));
  const seconds = BigInt(days) * SECONDS_PER_DAY + time - offset;
  return seconds * NANOS_PER_SECOND + BigInt(fraction.padEnd(9, '0'));
}

/** Days since 1970 of `2006-01-02`; undefined where there is no such day. */
export function parseDate(text: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = match.slice(1).map(Number);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const days = daysFromCivil(year, month, day);
  const back = civilFromDays(days);
  return month >= 1 && month <= 12 && back.month === month && back.day === day ? days : undefined;
}

/** Whether a timestamp is one that can be written. */
export function isTimestampInRange(nanos: bigint): boolean {
  const seconds = floorDivide(nanos, NANOS_PER_SECOND);
  return seconds >= SECONDS_MIN && seconds <= SECONDS_MAX;
}

/** Whether a duration is one that can be kept. */
export function isDurationInRange(nanos: bigint): boolean {
  return nanos <= DURATION_NANOS_MAX && nanos >= -DURATION_NANOS_MAX - 1n;
}

/** `2006-01-02T15:04:05.5Z`. */
export function formatTimestamp(nanos: bigint): string {
  const { year, month, day, hour, minute, second, nano } = civilTime(nanos);
  const fraction = nano === 0 ? '' : `.${String(nano).padStart(9, '0').replace(/0+$/, '')}`;
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${fraction}Z`;
}

/** The parts of a point in time. */
export interface CivilTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Nanoseconds of the second. */
  readonly nano: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** 0 is the first of January. */
  readonly dayOfYear: number;
}

/** A point in time in UTC, taken apart. */
export function civilTime(nanos: bigint): CivilTime {
  const seconds = floorDivide(nanos, NANOS_PER_SECOND);
  const days = Number(floorDivide(seconds, SECONDS_PER_DAY));
  const ofDay = Number(seconds - BigInt(days) * SECONDS_PER_DAY);
  const { year, month, day } = civilFromDays(days);
  return {
    year,
    month,
    day,
    hour: Math.floor(ofDay / 3600),
    minute: Math.floor(ofDay / 60) % 60,
    second: ofDay % 60,
    nano: Number(nanos - seconds * NANOS_PER_SECOND),
    weekday: (((days + 4) % 7) + 7) % 7,
    dayOfYear: days - daysFromCivil(year, 1, 1),
  };
}

/** How far a time zone is from UTC at a point in time, in nanoseconds; undefined where there is no such zone. */
export function zoneOffset(zone: string, nanos: bigint): bigint | undefined {
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (fixed !== null) {
    const [, sign, hours = '0', minutes = '0'] = fixed;
    const offset = (BigInt(hours) * 60n + BigInt(minutes)) * 60n * NANOS_PER_SECOND;
    return sign === '-' ? -offset : offset;
  }
  if (zone === '' || zone === 'UTC') return 0n;
  const milliseconds = Number(floorDivide(nanos, 1_000_000n));
  const name = zoneName(zone, milliseconds);
  if (name === undefined) return undefined;
  const [, sign, hours = '0', minutes = '0', seconds = '0'] =
    /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(name) ?? [];
  const offset = (BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds)) * NANOS_PER_SECOND;
  return sign === '-' ? -offset : offset;
}

function zoneName(zone: string, milliseconds: number): string | undefined {
  try {
    const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
    return format.formatToParts(milliseconds).find(({ type }) => type === 'timeZoneName')?.value;
  } catch {
    return undefined;
  }
}

const UNIT_NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: NANOS_PER_SECOND,
  m: 60n * NANOS_PER_SECOND,
  h: 3600n * NANOS_PER_SECOND,
};

/** Nanoseconds of `1h15m30.5s`; undefined where the text is no duration of Go's, or too long a one. */
export function parseDuration(text: string): bigint | undefined {
  if (text.length > TIME_CHARS_MAX) return undefined;
  const match = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
  if (match === null) return undefined;
  const [, sign, body = ''] = match;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of body.matchAll(
    /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g,
  )) {
    const nanos = UNIT_NANOS[unit] ?? 0n;
    total += BigInt(whole === '' ? '0' : whole) * nanos;
    if (fraction !== '') total += (BigInt(fraction) * nanos) / 10n ** BigInt(fraction.length);
  }
  const signed = sign === '-' ? -total : total;
  return isDurationInRange(signed) ? signed : undefined;
}

/** Seconds with their fraction, as cel-go writes a duration: `3600s`, `1.5s`. */
export function formatDuration(nanos: bigint): string {
  const magnitude = nanos < 0n ? -nanos : nanos;
  const fraction = magnitude % NANOS_PER_SECOND;
  const digits = fraction === 0n ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`;
  return `${nanos < 0n ? '-' : ''}${magnitude / NANOS_PER_SECOND}${digits}s`;
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value < 0n && quotient * divisor !== value ? quotient - 1n : quotient;
}

/** Days since 1970 in the proleptic Gregorian calendar; years are counted from March, so that leap days come last. */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}
