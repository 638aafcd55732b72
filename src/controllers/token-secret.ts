import { type Secret, secretResource } from '#api/core/secret.ts';
import { type ServiceAccount, serviceAccountResource } from '#api/core/service-account.ts';
import { objectKey } from '#api/object.ts';
import { type Action, type Controller, type Lookup, read } from '#reconcile/controller.ts';

const TYPE = 'kubernetes.io/service-account-token';
const ACCOUNT_ANNOTATION = 'kubernetes.io/service-account.name';
const UID_ANNOTATION = 'kubernetes.io/service-account.uid';

/** What fills a Secret of an account. */
export interface TokenSecretOptions {
  /** PEM of the certificates by which the API server is verified. */
  readonly authority: string;
  /** A token for the account that ends with this Secret. */
  readonly sign: (account: ServiceAccount, secretName: string) => string;
  /** Whether the key that signed a token still verifies, and is the newest. */
  readonly isCurrent: (token: string) => boolean;
}

/**
 * Puts a token into each Secret of type `kubernetes.io/service-account-token`, a new one when the signing key has changed, and
 * deletes the Secret when its account has gone (Kubernetes docs, "Manually create a long-lived API token").
 */
export function tokenSecretController(options: TokenSecretOptions): Controller<Secret> {
  return {
    name: 'serviceaccount-token-controller',
    for: secretResource,
    reads: [read(serviceAccountResource, secretsOf)],
    writes: [{ type: secretResource, verbs: ['patch', 'delete'] }],
    plan({ object: secret, ...lookup }) {
      if (secret === undefined || secret.type !== TYPE || secret.metadata.deletionTimestamp !== undefined)
        return [];
      const { namespace, annotations = {} } = secret.metadata;
      const name = annotations[ACCOUNT_ANNOTATION] ?? '';
      const account = lookup.get(serviceAccountResource, { namespace, name });
      const uid = annotations[UID_ANNOTATION] ?? '';
      if (account === undefined || (uid !== '' && uid !== account.metadata.uid))
        return remove(secret, name, uid);
      return fill(options, secret, account);
    },
  };
}

function secretsOf(account: ServiceAccount, lookup: Lookup): readonly string[] {
  const { namespace, name } = account.metadata;
  return lookup
    .list(secretResource, { namespace })
    .filter(({ type, metadata }) => type === TYPE && metadata.annotations?.[ACCOUNT_ANNOTATION] === name)
    .map(objectKey);
}

function remove({ metadata }: Secret, account: string, accountUid: string): Action[] {
  const name = { namespace: metadata.namespace, name: account };
  return [
    {
      type: 'delete',
      resource: secretResource,
      name: metadata,
      uid: metadata.uid,
      unless: [{ resource: serviceAccountResource, name, ...(accountUid === '' ? {} : { uid: accountUid }) }],
      why: 'its service account is gone',
    },
  ];
}

function fill(options: TokenSecretOptions, secret: Secret, account: ServiceAccount): Action[] {
  const { metadata, data = {} } = secret;
  const authority = base64(options.authority);
  const namespace = base64(metadata.namespace ?? '');
  const token = Buffer.from(data.token ?? '', 'base64').toString('utf8');
  const isCurrent = token !== '' && options.isCurrent(token);
  const isWhole = data['ca.crt'] === authority && data.namespace === namespace;
  if (isCurrent && isWhole && metadata.annotations?.[UID_ANNOTATION] === account.metadata.uid) return [];
  const next = isCurrent ? token : options.sign(account, metadata.name);
  return [
    {
      type: 'patch',
      resource: secretResource,
      name: metadata,
      patch: {
        metadata: {
          resourceVersion: metadata.resourceVersion,
          annotations: { [UID_ANNOTATION]: account.metadata.uid },
        },
        data: { token: base64(next), 'ca.crt': authority, namespace },
      },
      why: isCurrent ? 'the token lacks what goes with it' : 'the account has no token in it that is current',
    },
  ];
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
