import { nodeResource } from '#api/core/node.ts';
import { type Service, serviceResource } from '#api/core/service.ts';
import { type Endpoint, type EndpointSlice, endpointSliceResource } from '#api/discovery/endpoint-slice.ts';
import { compileLabelSet } from '#api/selector.ts';
import { groupByPorts, packSlices, type SliceContent } from '#controllers/endpoint-slice/slice-packing.ts';
import { generatedNames } from '#controllers/name-suffix.ts';
import { controllerReference } from '#controllers/ownership.ts';
import {
  type Backend,
  backendsOf,
  endpointLabels,
  hasEndpoints,
  podReference,
  readServicePods,
} from '#controllers/service-backends.ts';
import { changedFields } from '#controllers/status-change.ts';
import { type Action, type Controller, type Lookup, read } from '#reconcile/controller.ts';
import { labelIndex, selectObjects } from '#reconcile/label-index.ts';

const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const MANAGER = 'endpointslice-controller.k8s.io';

/**
 * Lists the pods of each Service in EndpointSlices, with whether they are ready, serving or terminating (Kubernetes docs,
 * "EndpointSlices"). A change of a node's zone is taken up with the next change of the Service or its pods.
 */
export const endpointSliceController: Controller<Service> = {
  name: 'endpointslice-controller',
  for: serviceResource,
  reads: [
    readServicePods(),
    read(endpointSliceResource, ({ metadata }) => {
      const service = metadata.labels?.[SERVICE_NAME];
      return service === undefined ? [] : [`${metadata.namespace ?? ''}/${service}`];
    }),
    read(nodeResource, () => []),
  ],
  writes: [{ type: endpointSliceResource, verbs: ['create', 'patch', 'delete'] }],
  plan(snapshot, nowMs) {
    const { object: service } = snapshot;
    if (service === undefined || service.metadata.deletionTimestamp !== undefined) return [];
    const slices = slicesOf(snapshot, service);
    if (service.spec.type === 'ExternalName')
      return slices.map((slice) => deleteSlice(slice, 'the Service is a name elsewhere'));
    if (!hasEndpoints(service)) return [];
    const families = service.spec.ipFamilies ?? ['IPv4'];
    const foreign = slices.filter(({ addressType }) => !families.some((family) => family === addressType));
    return [
      ...families.flatMap((family) => planFamily(snapshot, { service, slices, family, nowMs })),
      ...foreign.map((slice) => deleteSlice(slice, 'the Service has no addresses of that family')),
    ];
  },
};

interface Family {
  readonly service: Service;
  readonly slices: readonly EndpointSlice[];
  readonly family: 'IPv4' | 'IPv6';
  readonly nowMs: number;
}

function planFamily(lookup: Lookup, { service, slices, family, nowMs }: Family): Action[] {
  const existing = slices.filter(({ addressType }) => addressType === family);
  const backends = backendsOf(lookup, service, family);
  const isListable = ({ ports }: Backend): boolean =>
    ports.length > 0 || (service.spec.ports ?? []).length === 0;
  const endpoints = backends
    .filter(isListable)
    .map((backend) => ({ endpoint: endpointOf(service, backend), ports: [...backend.ports] }));
  const packed = packSlices(existing, groupByPorts(endpoints));
  // A Service without pods has one slice without endpoints, which says that it was looked at.
  const contents = packed.length > 0 ? packed : [{ slice: existing[0], ports: [], endpoints: [] }];
  const kept = new Set(contents.map(({ slice }) => slice));
  const created = contents.filter(({ slice }) => slice === undefined);
  const names = newNames(lookup, { service, family, count: created.length, nowMs });
  return [
    ...created.map((content, index) => createSlice(service, { content, family, name: names[index] ?? '' })),
    ...contents.flatMap(({ slice, ...content }) =>
      slice === undefined ? [] : patchSlice(service, { slice, ...content }),
    ),
    ...existing
      .filter((slice) => !kept.has(slice))
      .map((slice) => deleteSlice(slice, 'its endpoints are gone or in other slices')),
  ];
}

function endpointOf(
  service: Service,
  { pod, address, isServing, isTerminating, hostname, zone }: Backend,
): Endpoint {
  const isReady = service.spec.publishNotReadyAddresses === true || (isServing && !isTerminating);
  return {
    addresses: [address],
    conditions: { ready: isReady, serving: isServing, terminating: isTerminating },
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: podReference(pod),
    ...(zone === undefined ? {} : { zone }),
  };
}

function createSlice(
  service: Service,
  { content, family, name }: { content: SliceContent; family: 'IPv4' | 'IPv6'; name: string },
): Action {
  const object = {
    apiVersion: 'discovery.k8s.io/v1' as const,
    kind: 'EndpointSlice' as const,
    metadata: {
      namespace: service.metadata.namespace ?? '',
      name,
      generateName: `${service.metadata.name}-`,
      labels: labelsOf(service),
      ownerReferences: [controllerReference(serviceResource, service)],
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

function patchSlice(service: Service, content: SliceContent & { slice: EndpointSlice }): Action[] {
  const { slice } = content;
  const fields = changedFields(
    { endpoints: slice.endpoints ?? [], ports: slice.ports ?? [] },
    { endpoints: content.endpoints, ports: content.ports },
  );
  const labels = changedFields(slice.metadata.labels ?? {}, labelsOf(service));
  if (fields === undefined && labels === undefined) return [];
  const { namespace, name, resourceVersion } = slice.metadata;
  const patch = { ...fields, metadata: { resourceVersion, ...(labels === undefined ? {} : { labels }) } };
  const why = 'the pods of the Service, or its labels, have changed';
  return [{ type: 'patch', resource: endpointSliceResource, name: { namespace, name }, patch, why }];
}

function deleteSlice({ metadata: { namespace, name, uid } }: EndpointSlice, why: string): Action {
  return { type: 'delete', resource: endpointSliceResource, name: { namespace, name }, uid, why };
}

function slicesOf(lookup: Lookup, service: Service): EndpointSlice[] {
  const { namespace = '', name } = service.metadata;
  const matcher = compileLabelSet({ [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER });
  const slices = selectObjects(lookup, labelIndex(endpointSliceResource), { namespace, matcher });
  return slices
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

function labelsOf(service: Service): Record<string, string> {
  return endpointLabels(service, { [SERVICE_NAME]: service.metadata.name, [MANAGED_BY]: MANAGER });
}

function newNames(
  lookup: Lookup,
  { service, family, count, nowMs }: { service: Service; family: string; count: number; nowMs: number },
): string[] {
  const { namespace, name, uid } = service.metadata;
  return generatedNames(`${name}-`, {
    count,
    seed: `${uid}/${family}/${nowMs}`,
    isTaken: (each) => lookup.get(endpointSliceResource, { namespace, name: each }) !== undefined,
  });
}
