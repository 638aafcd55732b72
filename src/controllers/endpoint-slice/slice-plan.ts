import {
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  endpointSliceResource,
} from '#api/discovery/endpoint-slice.ts';
import type { OwnerReference } from '#api/object.ts';
import { compileLabelSet } from '#api/selector.ts';
import { groupByPorts, packSlices, type SliceContent } from '#controllers/endpoint-slice/slice-packing.ts';
import { generatedNames } from '#controllers/name-suffix.ts';
import { changedFields } from '#controllers/status-change.ts';
import { type Action, type Lookup, read } from '#reconcile/controller.ts';
import { labelIndex, selectObjects } from '#reconcile/label-index.ts';

export const SERVICE_NAME = 'kubernetes.io/service-name';
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';

/** The slices that one controller keeps for one Service. */
export interface SliceSet {
  readonly namespace: string;
  /** Of the Service. */
  readonly name: string;
  /** Draws the names of new slices, with the time. */
  readonly uid: string;
  /** Of each slice, with {@link SERVICE_NAME} and {@link MANAGED_BY}. */
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: OwnerReference;
}

/** What the slices of one family are to hold. */
export interface WantedSlices {
  readonly existing: readonly EndpointSlice[];
  readonly family: 'IPv4' | 'IPv6';
  readonly endpoints: readonly { readonly endpoint: Endpoint; readonly ports: readonly EndpointPort[] }[];
  /** Keeps one slice without endpoints where there are none: it says that the Service was looked at. */
  readonly keepsEmpty: boolean;
  readonly nowMs: number;
}

/** The declaration of a controller that reads slices, by their Service. */
export const readSlicesOfService = read(endpointSliceResource, ({ metadata }) => {
  const service = metadata.labels?.[SERVICE_NAME];
  return service === undefined ? [] : [`${metadata.namespace ?? ''}/${service}`];
});

/** The slices of a Service that `manager` keeps, by name. */
export function slicesOf(
  lookup: Lookup,
  { namespace, name, manager }: { namespace: string; name: string; manager: string },
): EndpointSlice[] {
  const matcher = compileLabelSet({ [SERVICE_NAME]: name, [MANAGED_BY]: manager });
  const slices = selectObjects(lookup, labelIndex(endpointSliceResource), { namespace, matcher });
  return slices
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** Makes the slices of one family what they are to be, with as few changes as may be. */
export function planSlices(lookup: Lookup, set: SliceSet, wanted: WantedSlices): Action[] {
  const { family, nowMs, keepsEmpty } = wanted;
  const existing = wanted.existing.filter(({ addressType }) => addressType === family);
  const packed = packSlices(existing, groupByPorts(wanted.endpoints));
  const contents: SliceContent[] =
    packed.length > 0 || !keepsEmpty ? packed : [{ slice: existing[0], ports: [], endpoints: [] }];
  const kept = new Set(contents.map(({ slice }) => slice));
  const created = contents.filter(({ slice }) => slice === undefined);
  const names = newNames(lookup, set, { family, count: created.length, nowMs });
  return [
    ...created.map((content, index) => createSlice(set, { content, family, name: names[index] ?? '' })),
    ...contents.flatMap(({ slice, ...content }) =>
      slice === undefined ? [] : patchSlice(set, { slice, ...content }),
    ),
    ...existing
      .filter((slice) => !kept.has(slice))
      .map((slice) => deleteSlice(slice, 'its endpoints are gone or in other slices')),
  ];
}

function createSlice(
  { namespace, name: service, labels, owner }: SliceSet,
  { content, family, name }: { content: SliceContent; family: 'IPv4' | 'IPv6'; name: string },
): Action {
  const object = {
    apiVersion: 'discovery.k8s.io/v1' as const,
    kind: 'EndpointSlice' as const,
    metadata: {
      namespace,
      name,
      generateName: `${service}-`,
      labels: { ...labels },
      ownerReferences: [owner],
    },
    addressType: family,
    endpoints: [...content.endpoints],
    ports: [...content.ports],
  };
  return {
    type: 'create',
    resource: endpointSliceResource,
    object,
    why: 'endpoints of the Service stand in no slice yet',
  };
}

function patchSlice(set: SliceSet, content: SliceContent & { slice: EndpointSlice }): Action[] {
  const { slice } = content;
  const fields = changedFields(
    { endpoints: slice.endpoints ?? [], ports: slice.ports ?? [] },
    { endpoints: content.endpoints, ports: content.ports },
  );
  const labels = changedFields(slice.metadata.labels ?? {}, set.labels);
  if (fields === undefined && labels === undefined) return [];
  const { namespace, name, resourceVersion } = slice.metadata;
  const patch = { ...fields, metadata: { resourceVersion, ...(labels === undefined ? {} : { labels }) } };
  const why = 'the endpoints of the Service, or its labels, have changed';
  return [{ type: 'patch', resource: endpointSliceResource, name: { namespace, name }, patch, why }];
}

/** Deletes one slice, where it is still that one. */
export function deleteSlice({ metadata: { namespace, name, uid } }: EndpointSlice, why: string): Action {
  return { type: 'delete', resource: endpointSliceResource, name: { namespace, name }, uid, why };
}

function newNames(
  lookup: Lookup,
  { namespace, name, uid }: SliceSet,
  { family, count, nowMs }: { family: string; count: number; nowMs: number },
): string[] {
  return generatedNames(`${name}-`, {
    count,
    seed: `${uid}/${family}/${nowMs}`,
    isTaken: (each) => lookup.get(endpointSliceResource, { namespace, name: each }) !== undefined,
  });
}
