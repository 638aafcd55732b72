import type { LabelSelector } from '#api/object.ts';
import type { PolicyRule } from '#api/rbac/role.ts';

/** A role that every API server has; without a namespace a ClusterRole. */
export interface DefaultRole {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly rules?: readonly PolicyRule[];
  /** The role consists of the roles that these labels select. */
  readonly aggregates?: LabelSelector;
}

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const READ_WRITE = [...READ, ...WRITE];
const FLEET = 'fleet.skerry.io';

function rule(group: string | readonly string[], resources: string, verbs: readonly string[]): PolicyRule {
  const apiGroups = typeof group === 'string' ? [group] : [...group];
  return { apiGroups, resources: resources.split(' '), verbs: [...verbs] };
}

function paths(urls: string): PolicyRule {
  return { nonResourceURLs: urls.split(' '), verbs: ['get'] };
}

const AGGREGATE = 'rbac.authorization.k8s.io/aggregate-to-';

function aggregatesTo(role: string): Record<string, string> {
  return { [`${AGGREGATE}${role}`]: 'true' };
}

const WORKLOADS =
  'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale';
const POD_STREAMS = 'pods/attach pods/exec pods/portforward pods/proxy';

/** What `admin` has beyond `edit`: who may do what in a namespace. */
const ADMIN_RULES: readonly PolicyRule[] = [
  rule('authorization.k8s.io', 'localsubjectaccessreviews', ['create']),
  rule('rbac.authorization.k8s.io', 'rolebindings roles', READ_WRITE),
];

/** What `edit` has beyond `view`. */
const EDIT_RULES: readonly PolicyRule[] = [
  rule('', `${POD_STREAMS} secrets services/proxy`, READ),
  rule('', 'serviceaccounts', ['impersonate']),
  rule('', `pods ${POD_STREAMS}`, WRITE),
  rule('', 'pods/eviction', ['create']),
  rule(
    '',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
    WRITE,
  ),
  rule('', 'serviceaccounts/token', ['create']),
  rule('apps', WORKLOADS, WRITE),
  rule('autoscaling', 'horizontalpodautoscalers', WRITE),
  rule('batch', 'cronjobs jobs', WRITE),
  rule('networking.k8s.io', 'ingresses networkpolicies', WRITE),
  rule('policy', 'poddisruptionbudgets', WRITE),
  rule('coordination.k8s.io', 'leases', READ_WRITE),
  rule(FLEET, 'applications', WRITE),
];

/** Reading a namespace, but for what lets one act as somebody else: secrets, roles. */
const VIEW_RULES: readonly PolicyRule[] = [
  rule(
    '',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
    READ,
  ),
  rule(
    '',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
    READ,
  ),
  rule('', 'namespaces', READ),
  rule('discovery.k8s.io', 'endpointslices', READ),
  rule(
    'apps',
    'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
    READ,
  ),
  rule('autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status', READ),
  rule('batch', 'cronjobs cronjobs/status jobs jobs/status', READ),
  rule('networking.k8s.io', 'ingresses ingresses/status networkpolicies', READ),
  rule('policy', 'poddisruptionbudgets poddisruptionbudgets/status', READ),
  rule(
    FLEET,
    'applications applications/status applicationrevisions applicationinstances applicationinstances/status',
    READ,
  ),
];

/** What a node's kubelet does; that it touches only its own is the node authoriser's part. Bound to nobody, as upstream. */
const NODE_RULES: readonly PolicyRule[] = [
  rule('authentication.k8s.io', 'tokenreviews', ['create']),
  rule('authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews', ['create']),
  rule('', 'services', READ),
  rule('', 'nodes', ['create', ...READ]),
  rule('', 'nodes/status', ['patch', 'update']),
  rule('', 'nodes', ['patch', 'update']),
  rule(['', 'events.k8s.io'], 'events', ['create', 'patch', 'update']),
  rule('', 'pods', READ),
  rule('', 'pods', ['create', 'delete']),
  rule('', 'pods/status', ['patch', 'update']),
  rule('', 'pods/eviction', ['create']),
  rule('', 'configmaps secrets', READ),
  rule('', 'persistentvolumeclaims persistentvolumes', ['get']),
  rule('', 'endpoints', ['get']),
  rule('certificates.k8s.io', 'certificatesigningrequests', ['create', ...READ]),
  rule('coordination.k8s.io', 'leases', ['create', 'delete', 'get', 'patch', 'update']),
  rule('storage.k8s.io', 'volumeattachments', ['get']),
  rule('', 'serviceaccounts/token', ['create']),
  rule('', 'persistentvolumeclaims/status', ['get', 'patch', 'update']),
  rule('storage.k8s.io', 'csidrivers', READ),
  rule('storage.k8s.io', 'csinodes', ['create', 'delete', 'get', 'patch', 'update']),
  rule('node.k8s.io', 'runtimeclasses', READ),
];

const DISCOVERY_PATHS =
  '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/';

/** Kubernetes' default ClusterRoles ("Using RBAC Authorization"), as far as there is something here that they speak of, and our own kinds. */
export const DEFAULT_CLUSTER_ROLES: readonly DefaultRole[] = [
  { name: 'cluster-admin', rules: [rule('*', '*', ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }] },
  { name: 'system:discovery', rules: [paths(DISCOVERY_PATHS)] },
  {
    name: 'system:basic-user',
    rules: [
      rule('authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews', ['create']),
      rule('authentication.k8s.io', 'selfsubjectreviews', ['create']),
    ],
  },
  { name: 'system:public-info-viewer', rules: [paths('/healthz /livez /readyz /version /version/')] },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      paths(
        '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/',
      ),
    ],
  },
  {
    name: 'system:monitoring',
    rules: [paths('/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*')],
  },
  {
    name: 'admin',
    aggregates: { matchLabels: aggregatesTo('admin') },
  },
  { name: 'edit', labels: aggregatesTo('admin'), aggregates: { matchLabels: aggregatesTo('edit') } },
  { name: 'view', labels: aggregatesTo('edit'), aggregates: { matchLabels: aggregatesTo('view') } },
  { name: 'system:aggregate-to-admin', labels: aggregatesTo('admin'), rules: ADMIN_RULES },
  { name: 'system:aggregate-to-edit', labels: aggregatesTo('edit'), rules: EDIT_RULES },
  { name: 'system:aggregate-to-view', labels: aggregatesTo('view'), rules: VIEW_RULES },
  { name: 'system:node', rules: NODE_RULES },
  {
    name: 'system:node-bootstrapper',
    rules: [rule('certificates.k8s.io', 'certificatesigningrequests', ['create', ...READ])],
  },
  {
    name: 'system:node-problem-detector',
    rules: [
      rule('', 'nodes', ['get']),
      rule('', 'nodes/status', ['patch']),
      rule(['', 'events.k8s.io'], 'events', ['create', 'patch', 'update']),
    ],
  },
  {
    name: 'system:node-proxier',
    rules: [
      rule('', 'endpoints services', ['list', 'watch']),
      rule('', 'nodes', READ),
      rule(['', 'events.k8s.io'], 'events', ['create', 'patch', 'update']),
      rule('discovery.k8s.io', 'endpointslices', ['list', 'watch']),
    ],
  },
  {
    name: 'system:auth-delegator',
    rules: [
      rule('authentication.k8s.io', 'tokenreviews', ['create']),
      rule('authorization.k8s.io', 'subjectaccessreviews', ['create']),
    ],
  },
  {
    name: 'system:kube-dns',
    rules: [rule('', 'endpoints services', ['list', 'watch'])],
  },
  {
    name: 'system:heapster',
    rules: [rule('', 'events namespaces nodes pods', READ), rule('apps', 'deployments', READ)],
  },
  {
    name: 'system:persistent-volume-provisioner',
    rules: [
      rule('', 'persistentvolumes', ['create', 'delete', ...READ]),
      rule('', 'persistentvolumeclaims', [...READ, 'update']),
      rule('storage.k8s.io', 'storageclasses', READ),
      rule('', 'events', ['create', 'get', 'list', 'patch', 'update', 'watch']),
    ],
  },
  requesterRole('nodeclient'),
  requesterRole('selfnodeclient'),
  approverRole('kube-apiserver-client-approver', 'kubernetes.io/kube-apiserver-client'),
  approverRole('kube-apiserver-client-kubelet-approver', 'kubernetes.io/kube-apiserver-client-kubelet'),
  approverRole('kubelet-serving-approver', 'kubernetes.io/kubelet-serving'),
  approverRole('legacy-unknown-approver', 'kubernetes.io/legacy-unknown'),
];

/** Whose requests for a certificate of a node are approved without a person. */
function requesterRole(kind: string): DefaultRole {
  const resource = `certificatesigningrequests/${kind}`;
  return {
    name: `system:certificates.k8s.io:certificatesigningrequests:${kind}`,
    rules: [rule('certificates.k8s.io', resource, ['create'])],
  };
}

function approverRole(name: string, signer: string): DefaultRole {
  const approve = rule('certificates.k8s.io', 'signers', ['approve']);
  return { name: `system:certificates.k8s.io:${name}`, rules: [{ ...approve, resourceNames: [signer] }] };
}

/** What a default ClusterRoleBinding gives to whom. */
export interface DefaultBinding {
  readonly name: string;
  readonly role: string;
  readonly groups: readonly string[];
}

const BOOTSTRAPPERS = 'system:bootstrappers';
const EVERYBODY = 'system:authenticated';

/** Kubernetes' default ClusterRoleBindings. */
export const DEFAULT_CLUSTER_ROLE_BINDINGS: readonly DefaultBinding[] = [
  { name: 'cluster-admin', role: 'cluster-admin', groups: ['system:masters'] },
  { name: 'system:monitoring', role: 'system:monitoring', groups: ['system:monitoring'] },
  { name: 'system:discovery', role: 'system:discovery', groups: [EVERYBODY] },
  { name: 'system:basic-user', role: 'system:basic-user', groups: [EVERYBODY] },
  {
    name: 'system:public-info-viewer',
    role: 'system:public-info-viewer',
    groups: [EVERYBODY, 'system:unauthenticated'],
  },
  {
    name: 'system:service-account-issuer-discovery',
    role: 'system:service-account-issuer-discovery',
    groups: ['system:serviceaccounts'],
  },
  { name: 'system:node-bootstrapper', role: 'system:node-bootstrapper', groups: [BOOTSTRAPPERS] },
];
