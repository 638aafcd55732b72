import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import type { Condition, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `apiregistration.k8s.io/v1.APIService`, of what this server serves itself: there is no `spec.service`. */
export interface APIService extends KubeObject {
  apiVersion: 'apiregistration.k8s.io/v1';
  kind: 'APIService';
  spec: { group?: string; version: string; groupPriorityMinimum: number; versionPriority: number };
  status: { conditions: Omit<Condition, 'lastTransitionTime'>[] };
}

/** `apiservices`: which groups and versions there are. Made whenever they are read, and never stored. */
export const apiServiceResource: ResourceType<APIService> = defineResource<APIService>({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'apiregistration/v1.APIService',
  columns: [
    NAME_COLUMN,
    textColumn('Service', 'The service that serves it; Local for this server.', () => 'Local'),
    textColumn(
      'Available',
      'Whether it is served.',
      ({ status }) => status.conditions.find(({ type }) => type === 'Available')?.status ?? 'Unknown',
    ),
    AGE_COLUMN,
  ],
});
