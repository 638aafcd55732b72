import { type Secret, secretResource } from '#api/core/secret.ts';
import type { Controller } from '#reconcile/controller.ts';
import { parseTimestamp } from '#system/clock.ts';

const TYPE = 'bootstrap.kubernetes.io/token';
const NAMESPACE = 'kube-system';

/** Deletes bootstrap tokens whose time is over (Kubernetes' "tokencleaner"). One whose time cannot be read is left for a person. */
export const bootstrapTokenCleaner: Controller<Secret> = {
  name: 'token-cleaner',
  for: secretResource,
  reads: [],
  writes: [{ type: secretResource, verbs: ['delete'] }],
  plan({ object: secret }, nowMs) {
    if (secret === undefined || secret.type !== TYPE || secret.metadata.namespace !== NAMESPACE) return [];
    const endMs = parseTimestamp(Buffer.from(secret.data?.expiration ?? '', 'base64').toString('utf8'));
    if (endMs === undefined || secret.metadata.deletionTimestamp !== undefined) return [];
    const why = 'the bootstrap token expires';
    if (endMs > nowMs) return [{ type: 'requeue', afterMs: endMs - nowMs, why }];
    const { name, namespace, uid } = secret.metadata;
    return [
      { type: 'delete', resource: secretResource, name: { namespace, name }, uid, why: 'it has expired' },
    ];
  },
};
