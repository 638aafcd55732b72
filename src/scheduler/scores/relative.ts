import type { Host } from '#scheduler/host.ts';
import { SCORE_MAX } from '#scheduler/surroundings.ts';

/** Points as a part of the most that any host has; 0 for all where none has any. */
export function relativeToBest(
  hosts: readonly Host[],
  points: (host: Host) => number,
): (host: Host) => number {
  const byHost = new Map(hosts.map((host) => [host.name, points(host)]));
  const most = [...byHost.values()].reduce((a, b) => Math.max(a, b), 0);
  return ({ name }) => (most === 0 ? 0 : (SCORE_MAX * (byHost.get(name) ?? 0)) / most);
}

/** Points between the fewest and the most that any host has; the same for all where they are equal. */
export function relativeToRange(
  hosts: readonly Host[],
  points: (host: Host) => number,
): (host: Host) => number {
  const byHost = new Map(hosts.map((host) => [host.name, points(host)]));
  const values = [...byHost.values()];
  const fewest = values.reduce((a, b) => Math.min(a, b), Infinity);
  const range = values.reduce((a, b) => Math.max(a, b), -Infinity) - fewest;
  return ({ name }) => (range === 0 ? SCORE_MAX : (SCORE_MAX * ((byHost.get(name) ?? 0) - fewest)) / range);
}
