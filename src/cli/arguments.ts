import { CommandError } from '#cli/screen.ts';

/** Readings of command-line arguments. Each throws a CommandError with exit code 2 that says what was expected. */

/** A TCP port. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new CommandError(`--port "${text}" is no port: expected a number from 1 to 65535`, { code: 2 });
  return port;
}

/** A whole number of at least 1. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new CommandError(`"${text}" is no count: expected a whole number of at least 1`, { code: 2 });
  return count;
}

/** `90s`, `30m`, `24h`, `7d`, in milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(?<count>\d{1,6})(?<unit>[smhd])$/u.exec(text)?.groups;
  const unitMs = { s: 1000, m: 60_000, h: 3600_000, d: 24 * 3600_000 }[match?.unit ?? ''];
  if (match === undefined || unitMs === undefined)
    throw new CommandError(`"${text}" is no duration: expected a number with s, m, h or d, such as 24h`, {
      code: 2,
    });
  return Number(match.count) * unitMs;
}

/** Names of sites, comma-separated, each once. */
export function parseSites(text: string): string[] {
  const sites = text.split(',').map((name) => name.trim());
  const wrong = sites.find((name) => !/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/u.test(name));
  if (wrong !== undefined)
    throw new CommandError(
      `--sites: "${wrong}" is no name for a site: lower case letters, digits and "-", at most 32`,
      { code: 2 },
    );
  if (new Set(sites).size !== sites.length)
    throw new CommandError(`--sites: a name stands twice in "${text}"`, { code: 2 });
  if (sites.includes('hub'))
    throw new CommandError(
      '--sites: no site can be called "hub": that is the hub\'s context in the kubeconfig',
      { code: 2 },
    );
  return sites;
}

/** Gathers the values of an option that may be repeated. */
export function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}

/** Gathers `key=value` pairs of an option that may be repeated. */
export function collectLabel(text: string, previous: Record<string, string>): Record<string, string> {
  const mark = text.indexOf('=');
  if (mark < 1) throw new CommandError(`--label "${text}": expected key=value`, { code: 2 });
  return { ...previous, [text.slice(0, mark)]: text.slice(mark + 1) };
}
