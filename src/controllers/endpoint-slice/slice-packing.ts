import { canonicalJson } from '#api/canonical-json.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '#api/discovery/endpoint-slice.ts';

/** Most endpoints in one slice. */
export const SLICE_ENDPOINTS_MAX = 100;

/** Endpoints with the same ports: a slice has one set of them. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** What a slice is to hold. */
export interface SliceContent {
  /** The slice that holds it from now on; undefined for a new one. */
  readonly slice: EndpointSlice | undefined;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/**
 * Shares endpoints out over slices so that as few slices as may be change: each endpoint stays where it is, new ones fill
 * slices that change anyway, then others, then slices that would fall empty, then new ones. Existing slices that are in no
 * content of the result are not needed any more.
 */
export function packSlices(
  existing: readonly EndpointSlice[],
  groups: readonly EndpointGroup[],
): SliceContent[] {
  const spare = new Set(existing);
  const contents = groups.map((group) => {
    const slices = existing.filter(
      (slice) => spare.has(slice) && portsKey(slice.ports ?? []) === portsKey(group.ports),
    );
    for (const slice of slices) spare.delete(slice);
    return fillSlices(slices, group);
  });
  for (const slice of contents.flatMap(({ emptied }) => emptied)) spare.add(slice);
  const reusable = existing.filter((slice) => spare.has(slice));
  return contents.flatMap(({ filled, rest, ports }) => [
    ...filled,
    ...chunk(rest).map((endpoints) => ({ slice: reusable.shift(), ports, endpoints })),
  ]);
}

/** Endpoints by the ports that they have, in the order in which these come up. */
export function groupByPorts(
  endpoints: readonly { endpoint: Endpoint; ports: readonly EndpointPort[] }[],
): EndpointGroup[] {
  const groups = new Map<string, { ports: readonly EndpointPort[]; endpoints: Endpoint[] }>();
  for (const { endpoint, ports } of endpoints) {
    const group = groups.get(portsKey(ports)) ?? { ports, endpoints: [] };
    groups.set(portsKey(ports), group);
    group.endpoints.push(endpoint);
  }
  return [...groups.values()];
}

interface FilledGroup {
  readonly ports: readonly EndpointPort[];
  readonly filled: SliceContent[];
  readonly emptied: EndpointSlice[];
  /** What found no room in the slices that are there. */
  readonly rest: Endpoint[];
}

function fillSlices(slices: readonly EndpointSlice[], { ports, endpoints }: EndpointGroup): FilledGroup {
  const waiting = new Map(endpoints.map((endpoint) => [identityOf(endpoint), endpoint]));
  const kept = slices.map((slice) => ({ slice, endpoints: takeKept(slice, waiting) }));
  const changesAnyway = (each: (typeof kept)[number]): boolean =>
    canonicalJson(each.endpoints) !== canonicalJson(each.slice.endpoints ?? []);
  const changed = kept.filter((each) => each.endpoints.length > 0 && changesAnyway(each));
  const unchanged = kept.filter((each) => each.endpoints.length > 0 && !changesAnyway(each));
  const rest = [...waiting.values()];
  for (const each of [...changed, ...unchanged])
    each.endpoints.push(...rest.splice(0, SLICE_ENDPOINTS_MAX - each.endpoints.length));
  return {
    ports,
    filled: [...changed, ...unchanged].map((each) => ({ ...each, ports })),
    emptied: kept.filter((each) => each.endpoints.length === 0).map(({ slice }) => slice),
    rest,
  };
}

/** The endpoints of a slice that are still wanted, as they are wanted now; takes them out of `waiting`. */
function takeKept(slice: EndpointSlice, waiting: Map<string, Endpoint>): Endpoint[] {
  return (slice.endpoints ?? []).flatMap((endpoint) => {
    const identity = identityOf(endpoint);
    const wanted = waiting.get(identity);
    waiting.delete(identity);
    return wanted === undefined ? [] : [wanted];
  });
}

function chunk(endpoints: readonly Endpoint[]): Endpoint[][] {
  const count = Math.ceil(endpoints.length / SLICE_ENDPOINTS_MAX);
  return Array.from({ length: count }, (_, i) =>
    endpoints.slice(i * SLICE_ENDPOINTS_MAX, (i + 1) * SLICE_ENDPOINTS_MAX),
  );
}

function identityOf({ targetRef, addresses }: Endpoint): string {
  return `${targetRef?.uid ?? ''} ${addresses.join(' ')}`;
}

function portsKey(ports: readonly EndpointPort[]): string {
  return ports
    .map((port) => canonicalJson(port))
    .toSorted()
    .join('\n');
}
