import type { FlowRule, FlowSchemaSpec, FlowSubject } from '#api/flowcontrol/flow-schema.ts';
import type { PriorityLevelConfigurationSpec } from '#api/flowcontrol/priority-level-configuration.ts';

/** A default object: its name and its spec. */
interface Named<T> {
  readonly name: string;
  readonly spec: T;
}

function queued(
  shares: number,
  lendablePercent: number,
  [queues, handSize, queueLengthLimit]: readonly [number, number, number],
): PriorityLevelConfigurationSpec {
  const queuing = { queues, handSize, queueLengthLimit };
  const limitResponse = { type: 'Queue', queuing };
  return { type: 'Limited', limited: { nominalConcurrencyShares: shares, lendablePercent, limitResponse } };
}

/** The two levels that always are, whatever was made of their objects. */
export const MANDATORY_LEVELS: readonly Named<PriorityLevelConfigurationSpec>[] = [
  { name: 'exempt', spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } } },
  {
    name: 'catch-all',
    spec: {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
    },
  },
];

/** Kubernetes' default priority levels ("API Priority and Fairness"). */
export const DEFAULT_LEVELS: readonly Named<PriorityLevelConfigurationSpec>[] = [
  ...MANDATORY_LEVELS,
  { name: 'system', spec: queued(30, 33, [64, 6, 50]) },
  { name: 'node-high', spec: queued(40, 25, [64, 6, 50]) },
  { name: 'leader-election', spec: queued(10, 0, [16, 4, 50]) },
  { name: 'workload-high', spec: queued(40, 50, [128, 6, 50]) },
  { name: 'workload-low', spec: queued(100, 90, [128, 6, 50]) },
  { name: 'global-default', spec: queued(20, 50, [128, 6, 50]) },
];

const ALL_RESOURCES = {
  verbs: ['*'],
  apiGroups: ['*'],
  resources: ['*'],
  namespaces: ['*'],
  clusterScope: true,
};
const ALL_PATHS = { verbs: ['*'], nonResourceURLs: ['*'] };

function groups(...names: readonly string[]): FlowSubject[] {
  return names.map((name) => ({ kind: 'Group', group: { name } }));
}

function accounts(name = '*'): FlowSubject[] {
  return [{ kind: 'ServiceAccount', serviceAccount: { name, namespace: 'kube-system' } }];
}

function users(...names: readonly string[]): FlowSubject[] {
  return names.map((name) => ({ kind: 'User', user: { name } }));
}

function everything(subjects: FlowSubject[]): FlowRule {
  return { subjects, resourceRules: [ALL_RESOURCES], nonResourceRules: [ALL_PATHS] };
}

function schema(
  name: string,
  level: string,
  options: { precedence: number; by?: 'ByUser' | 'ByNamespace'; rules: FlowRule[] },
): Named<FlowSchemaSpec> {
  return {
    name,
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence: options.precedence,
      ...(options.by === undefined ? {} : { distinguisherMethod: { type: options.by } }),
      rules: options.rules,
    },
  };
}

const EVERYBODY = groups('system:unauthenticated', 'system:authenticated');
const LEASES = {
  verbs: ['get', 'create', 'update'],
  apiGroups: ['coordination.k8s.io'],
  resources: ['leases'],
  namespaces: ['*'],
};

/** The two schemas that always are. */
export const MANDATORY_FLOW_SCHEMAS: readonly Named<FlowSchemaSpec>[] = [
  schema('exempt', 'exempt', { precedence: 1, rules: [everything(groups('system:masters'))] }),
  schema('catch-all', 'catch-all', { precedence: 10_000, by: 'ByUser', rules: [everything(EVERYBODY)] }),
];

/** Kubernetes' default FlowSchemas, and one for the sites of a hub. */
export const DEFAULT_FLOW_SCHEMAS: readonly Named<FlowSchemaSpec>[] = [
  ...MANDATORY_FLOW_SCHEMAS,
  schema('probes', 'exempt', {
    precedence: 2,
    rules: [
      {
        subjects: EVERYBODY,
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
      },
    ],
  }),
  schema('system-leader-election', 'leader-election', {
    precedence: 100,
    by: 'ByUser',
    rules: [
      {
        subjects: [...users('system:kube-controller-manager', 'system:kube-scheduler'), ...accounts()],
        resourceRules: [LEASES],
      },
    ],
  }),
  schema('endpoint-controller', 'workload-high', {
    precedence: 150,
    by: 'ByUser',
    rules: [
      {
        subjects: [
          ...users('system:kube-controller-manager'),
          ...accounts('endpoint-controller'),
          ...accounts('endpointslicemirroring-controller'),
        ],
        resourceRules: [
          {
            verbs: ['get', 'create', 'update'],
            apiGroups: [''],
            resources: ['endpoints'],
            namespaces: ['*'],
          },
        ],
      },
    ],
  }),
  schema('workload-leader-election', 'leader-election', {
    precedence: 200,
    by: 'ByUser',
    rules: [{ subjects: accounts(), resourceRules: [LEASES] }],
  }),
  schema('system-node-high', 'node-high', {
    precedence: 400,
    by: 'ByUser',
    rules: [
      {
        subjects: groups('system:nodes'),
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: [''],
            resources: ['nodes', 'nodes/status'],
            namespaces: ['*'],
            clusterScope: true,
          },
          { verbs: ['*'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] },
        ],
      },
    ],
  }),
  schema('system-nodes', 'system', {
    precedence: 500,
    by: 'ByUser',
    rules: [everything(groups('system:nodes'))],
  }),
  schema('skerry-sites', 'system', {
    precedence: 600,
    by: 'ByUser',
    rules: [everything(groups('skerry:sites'))],
  }),
  schema('kube-controller-manager', 'workload-high', {
    precedence: 800,
    by: 'ByNamespace',
    rules: [everything(users('system:kube-controller-manager'))],
  }),
  schema('kube-scheduler', 'workload-high', {
    precedence: 800,
    by: 'ByNamespace',
    rules: [everything(users('system:kube-scheduler'))],
  }),
  schema('kube-system-service-accounts', 'workload-high', {
    precedence: 900,
    by: 'ByNamespace',
    rules: [everything(accounts())],
  }),
  schema('service-accounts', 'workload-low', {
    precedence: 9000,
    by: 'ByUser',
    rules: [everything(groups('system:serviceaccounts'))],
  }),
  schema('global-default', 'global-default', {
    precedence: 9900,
    by: 'ByUser',
    rules: [everything(EVERYBODY)],
  }),
];
