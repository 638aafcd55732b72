const DESCRIPTORS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
const EVERY = /^@every (?:\d+(?:\.\d+)?(?:h|m|s|ms))+$/;

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const WEEKDAYS = 'sun mon tue wed thu fri sat'.split(' ');

interface FieldRule {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values from `min` on. */
  readonly names: readonly string[];
}

const FIELDS: readonly FieldRule[] = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of week', min: 0, max: 7, names: WEEKDAYS },
];

/** What is wrong with a cron schedule of five fields, or `@daily` and its like; empty where it is valid. */
export function scheduleErrors(schedule: string): string[] {
  if (/^\s*(?:TZ|CRON_TZ)=/.test(schedule)) {
    return ['cannot use TZ or CRON_TZ in schedule, use timeZone field instead'];
  }
  if (DESCRIPTORS.includes(schedule) || EVERY.test(schedule)) return [];
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    return [
      `expected exactly ${FIELDS.length} fields, found ${schedule.trim() === '' ? 0 : fields.length}: ${schedule}`,
    ];
  }
  return FIELDS.flatMap((rule, index) => {
    const field = fields[index] ?? '';
    return field.split(',').every((part) => isPart(part, rule))
      ? []
      : [`"${field}" is no valid ${rule.name}`];
  });
}

/** `*`, `5`, `1-5`, each with `/step`. */
function isPart(part: string, rule: FieldRule): boolean {
  const [, range = '', step = '1'] = /^([^/]+)(?:\/(\d{1,4}))?$/.exec(part) ?? [];
  if (Number(step) === 0) return false;
  if (range === '*' || range === '?') return true;
  const [first = '', last = first, ...more] = range.split('-');
  const from = valueOf(first, rule);
  const to = valueOf(last, rule);
  return more.length === 0 && from !== undefined && to !== undefined && from <= to;
}

function valueOf(text: string, { min, max, names }: FieldRule): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + min;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
