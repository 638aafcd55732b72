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
  prepare: keepSecretNames,
  warnings: serviceAccountWarnings,
  columns: [
    NAME_COLUMN,
    numberColumn('Secrets', 'How many secrets are listed.', ({ secrets = [] }) => secrets.length),
    AGE_COLUMN,
  ],
});

/** Of its secrets, an account knows the names. */
function keepSecretNames(account: ServiceAccount): void {
  if (account.secrets?.some((secret) => Object.keys(secret).some((key) => key !== 'name')) !== true) return;
  account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

const MOUNTABLE_ANNOTATION = 'kubernetes.io/enforce-mountable-secrets';

function serviceAccountWarnings(
  { metadata }: ServiceAccount,
  old: ServiceAccount | undefined,
): readonly string[] {
  const has = (annotations: Readonly<Record<string, string>> = {}): boolean =>
    Object.hasOwn(annotations, MOUNTABLE_ANNOTATION);
  return has(metadata.annotations) && !has(old?.metadata.annotations)
    ? [
        `metadata.annotations[${MOUNTABLE_ANNOTATION}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
      ]
    : [];
}
