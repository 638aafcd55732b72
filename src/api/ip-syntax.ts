/** The family of a valid IP address in its usual text form; undefined where it is not one. Zones (`%eth0`) are refused. */
export function ipFamily(text: string): 'IPv4' | 'IPv6' | undefined {
  if (isIPv4(text)) return 'IPv4';
  return isIPv6(text) ? 'IPv6' : undefined;
}

function isIPv4(text: string): boolean {
  const parts = text.split('.');
  return (
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  );
}

function isIPv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const [head = '', tail] = halves;
  const groups = groupsOf(head, tail === undefined) + (tail === undefined ? 0 : groupsOf(tail, true));
  return tail === undefined ? groups === 8 : groups <= 7;
}

/** How many 16-bit groups a run of them fills; NaN where it is not one. An IPv4 address may end the last run. */
function groupsOf(run: string, isLast: boolean): number {
  if (run === '') return 0;
  const parts = run.split(':');
  const last = parts.at(-1) ?? '';
  const embedded = isLast && isIPv4(last);
  const hex = embedded ? parts.slice(0, -1) : parts;
  if (!hex.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part))) return Number.NaN;
  return hex.length + (embedded ? 2 : 0);
}

/**
 * The text without the zeros that may stand before the parts of an IPv4 address, and before a prefix length, in fields that are
 * older than the rule that none do.
 */
export function withoutLeadingZeros(text: string): string {
  return text.includes('.') ? text.replaceAll(/(^|[:./])0+(?=\d+(?:[./]|$))/g, '$1') : text;
}

/** The family of `address/prefix-length`; undefined where the text is not that. */
export function cidrFamily(text: string): 'IPv4' | 'IPv6' | undefined {
  const [, address = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = ipFamily(address);
  if (family === undefined || (length.length > 1 && length.startsWith('0'))) return undefined;
  return Number(length) <= (family === 'IPv4' ? 32 : 128) ? family : undefined;
}

/** What is wrong with an IP address, in Kubernetes' words. */
export function ipErrors(text: string): string[] {
  return ipFamily(text) === undefined
    ? ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
    : [];
}

/** What is wrong with a CIDR, in Kubernetes' words. */
export function cidrErrors(text: string): string[] {
  return cidrFamily(text) === undefined
    ? ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']
    : [];
}
