import { type EndpointAddress, type Endpoints, endpointsResource } from '#api/core/endpoints.ts';
import { serviceResource } from '#api/core/service.ts';
import { type Endpoint, endpointSliceResource } from '#api/discovery/endpoint-slice.ts';
import { ipFamily } from '#api/ip-syntax.ts';
import { objectKey } from '#api/object.ts';
import {
  deleteSlice,
  MANAGED_BY,
  planSlices,
  readSlicesOfService,
  SERVICE_NAME,
  slicesOf,
  type WantedSlices,
} from '#controllers/endpoint-slice/slice-plan.ts';
import { controllerReference } from '#controllers/ownership.ts';
import { type Action, type Controller, type Lookup, read } from '#reconcile/controller.ts';

const MANAGER = 'endpointslicemirroring-controller.k8s.io';
const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';

/** Addresses of one subset that are mirrored; further ones are left out. Source: KEP-0752. */
const ADDRESSES_PER_SUBSET_MAX = 1000;

/**
 * Lists in EndpointSlices what somebody wrote into the Endpoints of a Service without a selector, for whoever reads slices
 * alone: the service proxy, for one (Kubernetes docs, "EndpointSlice mirroring").
 */
export const endpointSliceMirroringController: Controller<Endpoints> = {
  name: 'endpointslicemirroring-controller',
  for: endpointsResource,
  reads: [read(serviceResource, (service) => [objectKey(service)]), readSlicesOfService],
  writes: [{ type: endpointSliceResource, verbs: ['create', 'patch', 'delete'] }],
  plan({ name: { namespace = '', name }, object: endpoints, ...lookup }, nowMs) {
    const existing = slicesOf(lookup, { namespace, name, manager: MANAGER });
    if (endpoints === undefined || !isMirrored(lookup, endpoints))
      return existing.map((slice) => deleteSlice(slice, 'there are no Endpoints to mirror any more'));
    const { uid, labels } = endpoints.metadata;
    const set = {
      namespace,
      name,
      uid,
      labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER },
      owner: controllerReference(endpointsResource, endpoints),
    };
    return (['IPv4', 'IPv6'] as const).flatMap((family): Action[] =>
      planSlices(lookup, set, {
        existing,
        family,
        endpoints: mirrorsOf(endpoints, family),
        keepsEmpty: false,
        nowMs,
      }),
    );
  },
};

function isMirrored(lookup: Lookup, { metadata }: Endpoints): boolean {
  const { labels, annotations, namespace, name, deletionTimestamp } = metadata;
  if (deletionTimestamp !== undefined || labels?.[SKIP_MIRROR] === 'true') return false;
  if (annotations?.[LEADER] !== undefined) return false;
  const service = lookup.get(serviceResource, { namespace, name });
  return service !== undefined && Object.keys(service.spec.selector ?? {}).length === 0;
}

function mirrorsOf({ subsets = [] }: Endpoints, family: WantedSlices['family']): WantedSlices['endpoints'] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) =>
    [
      ...addresses.map((address) => mirrorOf(address, true)),
      ...notReadyAddresses.map((address) => mirrorOf(address, false)),
    ]
      .slice(0, ADDRESSES_PER_SUBSET_MAX)
      .filter(({ addresses: [ip = ''] }) => ipFamily(ip) === family)
      .map((endpoint) => ({ endpoint, ports: ports.map((port) => ({ ...port, name: port.name ?? '' })) })),
  );
}

function mirrorOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, isReady: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready: isReady },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}
