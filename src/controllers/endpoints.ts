import { canonicalJson } from '#api/canonical-json.ts';
import {
  type EndpointAddress,
  type EndpointSubset,
  type Endpoints,
  endpointsResource,
} from '#api/core/endpoints.ts';
import { nodeResource } from '#api/core/node.ts';
import { type Service, serviceResource } from '#api/core/service.ts';
import { type Draft, objectKey } from '#api/object.ts';
import {
  type Backend,
  type BackendPort,
  backendsOf,
  endpointLabels,
  hasEndpoints,
  podReference,
  readServicePods,
} from '#controllers/service-backends.ts';
import { changedFields } from '#controllers/status-change.ts';
import { type Action, type Controller, read } from '#reconcile/controller.ts';

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const MANAGER = 'endpoint-controller';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';

/** Most addresses in an Endpoints object; further ones are left out, and an annotation says so. */
const ADDRESSES_MAX = 1000;

/** Lists the pods of each Service in an Endpoints object of its name: the older form of EndpointSlices, which some clients read. */
export const endpointsController: Controller<Service> = {
  name: 'endpoint-controller',
  for: serviceResource,
  reads: [
    readServicePods(),
    read(endpointsResource, (endpoints) => [objectKey(endpoints)]),
    read(nodeResource, () => []),
  ],
  writes: [{ type: endpointsResource, verbs: ['create', 'patch', 'delete'] }],
  plan({ name, object: service, ...lookup }) {
    const existing = lookup.get(endpointsResource, name);
    if (service === undefined) return existing === undefined ? [] : deleteOwn(existing);
    if (!hasEndpoints(service) || service.metadata.deletionTimestamp !== undefined) return [];
    const [family = 'IPv4'] = service.spec.ipFamilies ?? [];
    const wanted = wantedEndpoints(service, backendsOf(lookup, service, family));
    if (existing === undefined) {
      return [
        {
          type: 'create',
          resource: endpointsResource,
          object: wanted,
          why: 'the Service has no Endpoints yet',
        },
      ];
    }
    return patchOwn(existing, wanted);
  },
};

function deleteOwn({ metadata: { namespace, name, uid, labels } }: Endpoints): Action[] {
  if (labels?.[MANAGED_BY] !== MANAGER) return [];
  return [
    {
      type: 'delete',
      resource: endpointsResource,
      name: { namespace, name },
      uid,
      why: 'its Service is gone',
    },
  ];
}

function patchOwn(existing: Endpoints, wanted: Draft<Endpoints>): Action[] {
  const subsets = changedFields({ subsets: existing.subsets ?? [] }, { subsets: wanted.subsets ?? [] });
  const labels = changedFields(existing.metadata.labels ?? {}, wanted.metadata.labels ?? {});
  const isOver = wanted.metadata.annotations !== undefined;
  const wasOver = existing.metadata.annotations?.[OVER_CAPACITY] !== undefined;
  if (subsets === undefined && labels === undefined && isOver === wasOver) return [];
  const { namespace, name, resourceVersion } = existing.metadata;
  const annotations =
    isOver === wasOver ? {} : { annotations: { [OVER_CAPACITY]: isOver ? 'truncated' : null } };
  const patch = {
    ...subsets,
    metadata: { resourceVersion, ...annotations, ...(labels === undefined ? {} : { labels }) },
  };
  const why = 'the pods of the Service, or its labels, have changed';
  return [{ type: 'patch', resource: endpointsResource, name: { namespace, name }, patch, why }];
}

function wantedEndpoints(service: Service, backends: readonly Backend[]): Draft<Endpoints> {
  const { namespace = '', name } = service.metadata;
  const listed = backends.filter(
    ({ isTerminating }) => !isTerminating || service.spec.publishNotReadyAddresses === true,
  );
  const metadata = {
    namespace,
    name,
    labels: endpointLabels(service, { [MANAGED_BY]: MANAGER }),
    ...(listed.length > ADDRESSES_MAX ? { annotations: { [OVER_CAPACITY]: 'truncated' } } : {}),
  };
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata,
    subsets: subsetsOf(service, listed.slice(0, ADDRESSES_MAX)),
  };
}

/** One subset for each set of ports. */
function subsetsOf(service: Service, backends: readonly Backend[]): EndpointSubset[] {
  const isPortless = (service.spec.ports ?? []).length === 0;
  const groups = new Map<string, { ports: readonly BackendPort[]; backends: Backend[] }>();
  for (const backend of backends) {
    if (backend.ports.length === 0 && !isPortless) continue;
    const key = canonicalJson(backend.ports);
    const group = groups.get(key) ?? { ports: backend.ports, backends: [] };
    groups.set(key, group);
    group.backends.push(backend);
  }
  return [...groups.values()].map(({ ports, backends: members }) => {
    const isReady = ({ isServing }: Backend): boolean =>
      isServing || service.spec.publishNotReadyAddresses === true;
    const ready = members.filter(isReady).map(addressOf);
    const notReady = members.filter((backend) => !isReady(backend)).map(addressOf);
    return {
      ...(ready.length === 0 ? {} : { addresses: ready }),
      ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady }),
      ...(ports.length === 0 ? {} : { ports: ports.map(endpointPort) }),
    };
  });
}

function addressOf({ pod, address, hostname }: Backend): EndpointAddress {
  return {
    ip: address,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: podReference(pod),
  };
}

/** The name of an only port may be absent; an empty one is. */
function endpointPort({ name, ...port }: BackendPort) {
  return name === '' ? port : { name, ...port };
}
