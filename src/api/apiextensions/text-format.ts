import { cidrFamily, ipFamily } from '#api/ip-syntax.ts';

const UUID = '[0-9a-f]{8}-?[0-9a-f]{4}-?';
const HOSTNAME =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u;
const DATE = /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})$/u;
const DATE_TIME =
  /^(?<date>\d{4}-\d{2}-\d{2})[Tt](?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})(?:\.\d+)?(?:[Zz]|[+-]\d{2}:?\d{2})$/u;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/u;
const GO_DURATION =
  /^[+-]?(?:0|(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*)$/u;
const WORD_DURATION =
  /^\d+\s*(?:ns|nano|nanosecond|nanoseconds|nanos|us|µs|micro|micros|microsecond|microseconds|ms|milli|millis|millisecond|milliseconds|s|sec|secs|second|seconds|m|min|mins|minute|minutes|h|hr|hour|hours|d|day|days|w|week|weeks)$/u;
const EMAIL = /^[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+$/u;
const URI = /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:[^\s\p{Cc}]+|\/[^\s\p{Cc}]*)$/u;
const CREDIT_CARD =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/u;

type TextRule = (text: string) => boolean;

function matches(pattern: RegExp): TextRule {
  return (text) => pattern.test(text);
}

/** The longest text that a format is looked for in, in characters; a longer one has none. */
const FORMATTED_CHARS_MAX = 8192;

/** The formats that Kubernetes knows, without hyphens, each by what keeps it. */
const FORMATS: ReadonlyMap<string, TextRule> = new Map<string, TextRule>([
  ['bsonobjectid', matches(/^[0-9a-fA-F]{24}$/u)],
  ['uri', matches(URI)],
  ['email', matches(EMAIL)],
  ['hostname', (text) => text.length <= 255 && HOSTNAME.test(text)],
  ['ipv4', (text) => ipFamily(text) === 'IPv4'],
  ['ipv6', (text) => ipFamily(text) === 'IPv6'],
  ['cidr', (text) => cidrFamily(text) !== undefined],
  [
    'mac',
    matches(/^(?:[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5,7}|[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4}){2,3})$/u),
  ],
  ['uuid', matches(new RegExp(`^${UUID}[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, 'iu'))],
  ['uuid3', matches(new RegExp(`^${UUID}3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, 'iu'))],
  ['uuid4', matches(new RegExp(`^${UUID}4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$`, 'iu'))],
  ['uuid5', matches(new RegExp(`^${UUID}5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$`, 'iu'))],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', (text) => isCreditCard(text)],
  ['ssn', matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/u)],
  ['hexcolor', matches(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/u)],
  ['rgbcolor', isRgbColor],
  ['byte', (text) => text.length % 4 === 0 && BASE64.test(text)],
  ['password', () => true],
  ['date', isDate],
  ['duration', (text) => GO_DURATION.test(text) || WORD_DURATION.test(text)],
  ['datetime', isDateTime],
]);

/**
 * Whether a text has a format that a schema asks for. A format that Kubernetes does not know holds of every text. Source:
 * the formats of apiextensions, "supportedVersionedFormats".
 */
export function hasFormat(text: string, format: string): boolean {
  const rule = FORMATS.get(format.replaceAll('-', ''));
  return rule === undefined || (text.length <= FORMATTED_CHARS_MAX && rule(text));
}

/** Whether Kubernetes knows a format of texts. */
export function isKnownFormat(format: string): boolean {
  return FORMATS.has(format.replaceAll('-', ''));
}

function isDate(text: string): boolean {
  const { year, month, day } = DATE.exec(text)?.groups ?? {};
  const numbers = [Number(year), Number(month), Number(day)] as const;
  if (year === undefined) return false;
  const date = daysOfMonth(numbers[0], numbers[1]);
  return numbers[2] >= 1 && numbers[2] <= date;
}

/** 0 where there is no such month. */
function daysOfMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  if (month < 1 || month > 12) return 0;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function isDateTime(text: string): boolean {
  const { date, hour, minute, second } = DATE_TIME.exec(text)?.groups ?? {};
  if (date === undefined) return false;
  return isDate(date) && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
}

function isIsbn10(text: string): boolean {
  const digits = text.replaceAll(/[\s-]/gu, '');
  if (!/^\d{9}[\dX]$/u.test(digits)) return false;
  const sum = Array.from(digits).reduce(
    (total, digit, index) => total + (index + 1) * (digit === 'X' ? 10 : Number(digit)),
    0,
  );
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replaceAll(/[\s-]/gu, '');
  if (!/^\d{13}$/u.test(digits)) return false;
  const sum = Array.from(digits).reduce(
    (total, digit, index) => total + (index % 2 === 0 ? 1 : 3) * Number(digit),
    0,
  );
  return sum % 10 === 0;
}

function isCreditCard(text: string): boolean {
  const digits = text.replaceAll(/\D/gu, '');
  if (!CREDIT_CARD.test(digits)) return false;
  const sum = Array.from(digits)
    .toReversed()
    .reduce((total, digit, index) => {
      const value = index % 2 === 0 ? Number(digit) : 2 * Number(digit);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return sum % 10 === 0;
}

function isRgbColor(text: string): boolean {
  const found = /^rgb\(\s*(?<red>\d{1,3})\s*,\s*(?<green>\d{1,3})\s*,\s*(?<blue>\d{1,3})\s*\)$/u.exec(text);
  return found !== null && [found[1], found[2], found[3]].every((part) => Number(part) <= 255);
}
