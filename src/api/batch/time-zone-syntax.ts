/** One part of a time zone's name. Source: https://data.iana.org/time-zones/theory.html#naming */
const PART = /^[A-Za-z0-9._+-]{1,14}$/;

/** What is wrong with the name of a time zone, in Kubernetes' words; empty where the time zone is known. */
export function timeZoneErrors(name: string): string[] {
  if (name === '') return ['timeZone must be nil or non-empty string'];
  const isName = name
    .split('/')
    .every((part) => PART.test(part) && !part.startsWith('-') && part !== '.' && part !== '..');
  if (!isName) return [`unknown time zone ${name}`];
  if (name.toLowerCase() === 'local') {
    const explicit = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    return name === 'Local' ? [explicit] : [explicit, `unknown time zone ${name}`];
  }
  return isKnown(name) ? [] : [`unknown time zone ${name}`];
}

/** Names are told apart by case, as where they are the names of files. */
function isKnown(name: string): boolean {
  // An offset is a time zone to JavaScript alone.
  if (/^[+-]/.test(name)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    return timeZone.toLowerCase() !== name.toLowerCase() || timeZone === name;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
