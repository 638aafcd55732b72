import { type APIService, apiServiceResource } from '#api/apiregistration/api-service.ts';
import type { KindSet } from '#apiserver/kinds.ts';
import { madeObjectsResponse } from '#apiserver/made-objects.ts';
import type { ApiRequest, ApiResponse } from '#apiserver/request.ts';
import { UNSTORED_KINDS } from '#apiserver/unstored-kinds.ts';
import type { Clock } from '#system/clock.ts';

/** As upstream has them for custom kinds; the order of the others is that of discovery. */
const PRIORITIES = { groupPriorityMinimum: 1000, versionPriority: 100 };

/** `kubectl get apiservices`: every version of every group, all of which this server serves itself. */
export function serveApiServices(
  kinds: KindSet,
  request: ApiRequest,
  { name, clock }: { name: string | undefined; clock: Clock },
): ApiResponse {
  const services = new Map<string, APIService>();
  for (const type of [...kinds.types, ...UNSTORED_KINDS]) {
    const { group, version, custom } = type;
    if (group === apiServiceResource.group) continue;
    const made = apiService(group, version, custom !== undefined);
    if (!services.has(made.metadata.name)) services.set(made.metadata.name, made);
  }
  const sorted = [...services.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return madeObjectsResponse(apiServiceResource, sorted, { request, name, nowMs: clock.now() });
}

function apiService(group: string, version: string, isCustom: boolean): APIService {
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: {
      name: `${version}.${group}`,
      creationTimestamp: null,
      labels: { 'kube-aggregator.kubernetes.io/automanaged': isCustom ? 'true' : 'onstart' },
    } as unknown as APIService['metadata'],
    spec: { ...(group === '' ? {} : { group }), version, ...PRIORITIES },
    status: {
      conditions: [
        {
          type: 'Available',
          status: 'True',
          reason: 'Local',
          message: 'Local APIServices are always available',
        },
      ],
    },
  };
}
