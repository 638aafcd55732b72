import { configMapResource } from '#api/core/config-map.ts';
import { type Namespace, namespaceResource } from '#api/core/namespace.ts';
import { serviceAccountResource } from '#api/core/service-account.ts';
import type { KubeObject } from '#api/object.ts';
import { type Action, type Controller, read, type Snapshot } from '#reconcile/controller.ts';

const DEFAULT_ACCOUNT = 'default';
/** The authority by which pods know the API server: mounted beside their token. */
const ROOT_CA = 'kube-root-ca.crt';
const ROOT_CA_KEY = 'ca.crt';
const ROOT_CA_DESCRIPTION =
  'Contains the certificate authority by which clients in the cluster verify the API server at its in-cluster address.';

/**
 * Gives every namespace its ServiceAccount `default` and its ConfigMap `kube-root-ca.crt` with `authority`, the PEM text of
 * the certificates that the API server is verified by (Kubernetes docs, "Service Accounts", "RootCAConfigMap").
 */
export function serviceAccountController(authority: string): Controller<Namespace> {
  return {
    name: 'service-account-controller',
    for: namespaceResource,
    reads: [
      read(serviceAccountResource, (account) =>
        account.metadata.name === DEFAULT_ACCOUNT ? namespaceOf(account) : [],
      ),
      read(configMapResource, (map) => (map.metadata.name === ROOT_CA ? namespaceOf(map) : [])),
    ],
    writes: [
      { type: serviceAccountResource, verbs: ['create'] },
      { type: configMapResource, verbs: ['create', 'patch'] },
    ],
    plan(snapshot) {
      const { object: namespace } = snapshot;
      if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return [];
      return [
        ...ensureAccount(snapshot, namespace.metadata.name),
        ...ensureAuthority(snapshot, { namespace, authority }),
      ];
    },
  };
}

function namespaceOf({ metadata }: KubeObject): readonly string[] {
  return metadata.namespace === undefined ? [] : [metadata.namespace];
}

function ensureAccount(snapshot: Snapshot<Namespace>, namespace: string): Action[] {
  const metadata = { namespace, name: DEFAULT_ACCOUNT };
  if (snapshot.get(serviceAccountResource, metadata) !== undefined) return [];
  const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata };
  return [
    {
      type: 'create',
      resource: serviceAccountResource,
      object,
      why: 'pods of the namespace run as it by default',
    },
  ];
}

function ensureAuthority(
  snapshot: Snapshot<Namespace>,
  { namespace, authority }: { namespace: Namespace; authority: string },
): Action[] {
  const name = { namespace: namespace.metadata.name, name: ROOT_CA };
  const data = { [ROOT_CA_KEY]: authority };
  const existing = snapshot.get(configMapResource, name);
  if (existing === undefined) {
    const metadata = { ...name, annotations: { 'kubernetes.io/description': ROOT_CA_DESCRIPTION } };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
    return [
      {
        type: 'create',
        resource: configMapResource,
        object,
        why: 'pods of the namespace verify the API server by it',
      },
    ];
  }
  if (existing.data?.[ROOT_CA_KEY] === authority) return [];
  const patch = { metadata: { resourceVersion: existing.metadata.resourceVersion }, data };
  return [
    {
      type: 'patch',
      resource: configMapResource,
      name,
      patch,
      why: 'the authority of the API server is another',
    },
  ];
}
