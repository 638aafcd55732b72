import type { Frontend } from '#network/frontend.ts';

/** Filters of one update; beyond that, flows are left to time out. */
const FILTERS_MAX = 1_000;

/**
 * Which UDP flows in the kernel's connection table (conntrack) contradict the new rules, as arguments of `conntrack
 * --delete`. The table decides once for a flow, and each packet renews that: a device that sends every few seconds from
 * one port would talk to an endpoint that is gone, or to none, for ever. TCP needs nothing: its connections end.
 */
export function staleFlowFilters(before: readonly Frontend[], after: readonly Frontend[]): string[][] {
  const filters: string[][] = [];
  const previous = new Map(before.map((frontend) => [frontend.name, frontend]));
  const live = new Set(after.flatMap(udpTargets));
  for (const target of new Set(before.flatMap(udpTargets))) {
    const [address = '', port = ''] = target.split(':');
    if (!live.has(target)) filters.push(['--dst-nat', address, '--reply-port-src', port]);
  }
  for (const frontend of after) {
    if (frontend.protocol !== 'udp' || frontend.endpoints.length === 0) continue;
    // Flows that began before anyone answered were not translated, and would never be.
    if ((previous.get(frontend.name)?.endpoints.length ?? 0) > 0) continue;
    for (const { address, port } of frontend.addresses) {
      filters.push(['--orig-dst', address, '--orig-port-dst', String(port)]);
    }
    for (const port of frontend.hostPorts) filters.push(['--orig-port-dst', String(port)]);
  }
  return filters.slice(0, FILTERS_MAX);
}

function udpTargets({ protocol, endpoints }: Frontend): string[] {
  return protocol === 'udp' ? endpoints.map(({ address, port }) => `${address}:${port}`) : [];
}
