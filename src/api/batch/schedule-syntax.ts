const DESCRIPTORS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
const EVERY = '@every ';
/** A duration as Go writes it: `1h30m`, `1.5s`. */
const DURATION = /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const WEEKDAYS = 'sun mon tue wed thu fri sat'.split(' ');

interface FieldRule {
  readonly min: number;
  readonly max: number;
  /** Names of the values from `min` on. */
  readonly names: readonly string[];
}

/** Minute, hour, day of the month, month, day of the week. */
const FIELDS: readonly FieldRule[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: WEEKDAYS },
];

/**
 * What is wrong with a cron schedule of five fields, or `@daily` and its like, in the words of the parser that Kubernetes has;
 * empty where it is valid. A time zone before it (`TZ=UTC * * * * *`) is for the caller to judge.
 */
export function scheduleErrors(schedule: string): string[] {
  const bare = schedule.replace(/^(?:TZ|CRON_TZ)=\S* */, '').trim();
  if (schedule === '') return ['empty spec string'];
  if (bare.startsWith('@')) return descriptorErrors(bare);
  const fields = bare.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== FIELDS.length)
    return [`expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`];
  for (const [index, rule] of FIELDS.entries()) {
    for (const part of (fields[index] ?? '').split(',')) {
      const fault = part === '' ? undefined : partFault(part, rule);
      if (fault !== undefined) return [fault];
    }
  }
  return [];
}

function descriptorErrors(text: string): string[] {
  if (DESCRIPTORS.includes(text)) return [];
  if (!text.startsWith(EVERY)) return [`unrecognized descriptor: ${text}`];
  const duration = text.slice(EVERY.length);
  return DURATION.test(duration)
    ? []
    : [`failed to parse duration ${text}: time: invalid duration "${duration}"`];
}

/** `*`, `5`, `1-5`, each with `/step`; `5/10` is from 5 on. */
function partFault(part: string, rule: FieldRule): string | undefined {
  const [range = '', step, ...moreSteps] = part.split('/');
  const [low = '', high, ...moreLimits] = range.split('-');
  const isAll = low === '*' || low === '?';
  const first = isAll ? rule.min : readValue(low, rule);
  if (typeof first === 'string') return first;
  if (!isAll && moreLimits.length > 0) return `too many hyphens: ${part}`;
  const last = isAll ? rule.max : high === undefined ? first : readValue(high, rule);
  if (typeof last === 'string') return last;
  if (moreSteps.length > 0) return `too many slashes: ${part}`;
  const every = step === undefined ? 1 : readNumber(step);
  if (typeof every === 'string') return every;
  const end = step !== undefined && high === undefined ? rule.max : last;
  if (first < rule.min) return `beginning of range (${first}) below minimum (${rule.min}): ${part}`;
  if (end > rule.max) return `end of range (${end}) above maximum (${rule.max}): ${part}`;
  if (first > end) return `beginning of range (${first}) beyond end of range (${end}): ${part}`;
  return every === 0 ? `step of range should be a positive number: ${part}` : undefined;
}

/** The value of a number or a name; a text says what is wrong. */
function readValue(text: string, { min, names }: FieldRule): number | string {
  const named = names.indexOf(text.toLowerCase());
  return named >= 0 ? named + min : readNumber(text);
}

function readNumber(text: string): number | string {
  if (!/^[+-]?\d+$/.test(text))
    return `failed to parse int from ${text}: strconv.Atoi: parsing "${text}": invalid syntax`;
  const value = Number(text);
  return value < 0 ? `negative number (${value}) not allowed: ${text}` : value;
}
