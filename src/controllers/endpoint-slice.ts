import { nodeResource } from '#api/core/node.ts';
import { type Service, serviceResource } from '#api/core/service.ts';
import { type Endpoint, type EndpointSlice, endpointSliceResource } from '#api/discovery/endpoint-slice.ts';
import {
  deleteSlice,
  MANAGED_BY,
  planSlices,
  readSlicesOfService,
  SERVICE_NAME,
  slicesOf,
} from '#controllers/endpoint-slice/slice-plan.ts';
import { controllerReference } from '#controllers/ownership.ts';
import {
  type Backend,
  backendsOf,
  endpointLabels,
  hasEndpoints,
  podReference,
  readServicePods,
} from '#controllers/service-backends.ts';
import { type Action, type Controller, type Lookup, read } from '#reconcile/controller.ts';

const MANAGER = 'endpointslice-controller.k8s.io';

/**
 * Lists the pods of each Service in EndpointSlices, with whether they are ready, serving or terminating (Kubernetes docs,
 * "EndpointSlices"). A change of a node's zone is taken up with the next change of the Service or its pods.
 */
export const endpointSliceController: Controller<Service> = {
  name: 'endpointslice-controller',
  for: serviceResource,
  reads: [readServicePods(), readSlicesOfService, read(nodeResource, () => [])],
  writes: [{ type: endpointSliceResource, verbs: ['create', 'patch', 'delete'] }],
  plan(snapshot, nowMs) {
    const { object: service } = snapshot;
    if (service === undefined || service.metadata.deletionTimestamp !== undefined) return [];
    const { namespace = '', name } = service.metadata;
    const slices = slicesOf(snapshot, { namespace, name, manager: MANAGER });
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
  const isListable = ({ ports }: Backend): boolean =>
    ports.length > 0 || (service.spec.ports ?? []).length === 0;
  const endpoints = backendsOf(lookup, service, family)
    .filter(isListable)
    .map((backend) => ({ endpoint: endpointOf(service, backend), ports: backend.ports }));
  const { namespace = '', name, uid } = service.metadata;
  const own = { [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER };
  const owner = controllerReference(serviceResource, service);
  const set = { namespace, name, uid, labels: endpointLabels(service, own), owner };
  return planSlices(lookup, set, { existing: slices, family, endpoints, keepsEmpty: true, nowMs });
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
