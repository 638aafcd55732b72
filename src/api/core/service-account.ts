import { AGE_COLUMN, NAME_COLUMN, numberColumn } from '#api/columns.ts';
import type { LocalObjectReference, ObjectReference } from '#api/core/reference.ts';
import { defineResource } from '#api/define-resource.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `core/v1.ServiceAccount`. */
export interface ServiceAccount extends KubeObject {
  apiVersion: 'v1';
  kind: 'ServiceAccount';
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: LocalObjectReference[];
  secrets?: ObjectReference[];
}

/** `serviceaccounts`. */
export const serviceAccountResource: ResourceType<ServiceAccount> = defineResource<ServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  schema: 'core/v1.ServiceAccount',
  hasGeneration: false,
  columns: [
    NAME_COLUMN,
    numberColumn('Secrets', 'How many secrets are listed.', ({ secrets = [] }) => secrets.length),
    AGE_COLUMN,
  ],
});
