import { endpointsResource } from '#api/core/endpoints.ts';
import { serviceResource } from '#api/core/service.ts';
import { endpointSliceResource } from '#api/discovery/endpoint-slice.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { Client } from '#client/client.ts';

/** Where pods reach the API server. */
export interface ApiEndpoint {
  /** The cluster address of the Service: the first of the service network. */
  readonly clusterAddress: string;
  /** Where the server listens. */
  readonly address: string;
  readonly port: number;
}

const NAME = { namespace: 'default', name: 'kubernetes' };
const LABELS = { component: 'apiserver', provider: 'kubernetes' };
/** The port of the Service, as everywhere in Kubernetes. */
const SERVICE_PORT = 443;

/**
 * Makes the Service `default/kubernetes` and its endpoints say where this API server is: what `KUBERNETES_SERVICE_HOST` in
 * every container comes from. To be called at every start.
 */
export async function publishApiService(client: Client, endpoint: ApiEndpoint): Promise<void> {
  const { clusterAddress, address, port } = endpoint;
  const ports = [{ name: 'https', port: SERVICE_PORT, protocol: 'TCP', targetPort: port }];
  const spec = { type: 'ClusterIP', clusterIP: clusterAddress, ports, sessionAffinity: 'None' };
  await ensure(client, serviceResource, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...NAME, labels: LABELS },
    spec,
  });
  const served = [{ name: 'https', port, protocol: 'TCP' }];
  await ensure(client, endpointsResource, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...NAME, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: address }], ports: served }],
  });
  await ensure(client, endpointSliceResource, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...NAME, labels: { 'kubernetes.io/service-name': NAME.name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: served,
  });
}

/** Looks before it creates: the address of a service that is there is taken, which would be said before that it is there. */
async function ensure<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  object: Draft & Record<string, unknown>,
): Promise<void> {
  if ((await client.find(type, NAME)) === undefined) {
    await client.create(type, object as unknown as Draft<T>);
    return;
  }
  const { apiVersion: _a, kind: _k, ...patch } = object;
  await client.patch(type, NAME, { patchType: 'merge', patch });
}
