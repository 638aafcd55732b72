import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILTIN_RESOURCES, resourceOfKind } from '#api/catalogue.ts';
import type { KubeObject } from '#api/object.ts';
import { resourceName } from '#api/resource.ts';
import { must } from '#system/assert.ts';

const NOW_MS = Date.parse('2026-11-21T10:00:00Z');

/** What `kubectl get` heads its columns with; after the bar, what `-o wide` adds. */
const HEADINGS = `
configmaps: Name Data Age
endpoints: Name Endpoints Age
events: Last Seen, Type, Reason, Object, Message | Subobject, Source, First Seen, Count, Name
limitranges: Name, Created At
namespaces: Name Status Age
nodes: Name Status Roles Age Version | Internal-IP External-IP OS-Image Kernel-Version Container-Runtime
persistentvolumeclaims: Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age | VolumeMode
persistentvolumes: Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age | VolumeMode
pods: Name, Ready, Status, Restarts, Age | IP, Node, Nominated Node, Readiness Gates
podtemplates: Name, Containers, Images, Pod Labels, Age
replicationcontrollers: Name Desired Current Ready Age | Containers Images Selector
resourcequotas: Name Request Limit Age
secrets: Name Type Data Age
serviceaccounts: Name Secrets Age
services: Name Type Cluster-IP External-IP Port(s) Age | Selector
controllerrevisions.apps: Name Controller Revision Age
daemonsets.apps: Name, Desired, Current, Ready, Up-to-date, Available, Node Selector, Age | Containers, Images, Selector
deployments.apps: Name Ready Up-to-date Available Age | Containers Images Selector
replicasets.apps: Name Desired Current Ready Age | Containers Images Selector
statefulsets.apps: Name Ready Age | Containers Images
cronjobs.batch: Name, Schedule, Timezone, Suspend, Active, Last Schedule, Age | Containers, Images, Selector
jobs.batch: Name Status Completions Duration Age | Containers Images Selector
horizontalpodautoscalers.autoscaling: Name Reference Targets MinPods MaxPods Replicas Age
ingressclasses.networking.k8s.io: Name Controller Parameters Age
ingresses.networking.k8s.io: Name Class Hosts Address Ports Age
networkpolicies.networking.k8s.io: Name Pod-Selector Age
ipaddresses.networking.k8s.io: Name ParentRef Age
servicecidrs.networking.k8s.io: Name CIDRs Age
csistoragecapacities.storage.k8s.io: Name StorageClassName Capacity
volumeattributesclasses.storage.k8s.io: Name DriverName Age
poddisruptionbudgets.policy: Name, Min Available, Max Unavailable, Allowed Disruptions, Age
clusterrolebindings.rbac.authorization.k8s.io: Name Role Age | Users Groups ServiceAccounts
clusterroles.rbac.authorization.k8s.io: Name, Created At
rolebindings.rbac.authorization.k8s.io: Name Role Age | Users Groups ServiceAccounts
roles.rbac.authorization.k8s.io: Name, Created At
csidrivers.storage.k8s.io: Name AttachRequired PodInfoOnMount StorageCapacity TokenRequests RequiresRepublish Modes Age
csinodes.storage.k8s.io: Name Drivers Age
storageclasses.storage.k8s.io: Name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age
volumeattachments.storage.k8s.io: Name Attacher PV Node Attached Age
leases.coordination.k8s.io: Name Holder Age
flowschemas.flowcontrol.apiserver.k8s.io: Name PriorityLevel MatchingPrecedence DistinguisherMethod Age MissingPL
prioritylevelconfigurations.flowcontrol.apiserver.k8s.io: Name Type NominalConcurrencyShares Queues HandSize QueueLengthLimit Age
endpointslices.discovery.k8s.io: Name AddressType Ports Endpoints Age
events.events.k8s.io: Last Seen, Type, Reason, Object, Message | Subobject, Source, First Seen, Count, Name
certificatesigningrequests.certificates.k8s.io: Name Age SignerName Requestor RequestedDuration Condition
priorityclasses.scheduling.k8s.io: Name Value Global-Default Age PreemptionPolicy
runtimeclasses.node.k8s.io: Name Handler Age
mutatingadmissionpolicies.admissionregistration.k8s.io: Name Mutations ParamKind Age
mutatingadmissionpolicybindings.admissionregistration.k8s.io: Name PolicyName ParamRef Age
mutatingwebhookconfigurations.admissionregistration.k8s.io: Name Webhooks Age
validatingadmissionpolicies.admissionregistration.k8s.io: Name Validations ParamKind Age
validatingadmissionpolicybindings.admissionregistration.k8s.io: Name PolicyName ParamRef Age
validatingwebhookconfigurations.admissionregistration.k8s.io: Name Webhooks Age
customresourcedefinitions.apiextensions.k8s.io: Name, Created At
`;

test('the headings of Kubernetes’ kinds are those of kubectl', () => {
  const wanted = new Map(
    HEADINGS.trim()
      .split('\n')
      .map((line) => line.split(': ') as [string, string]),
  );
  for (const type of BUILTIN_RESOURCES) {
    if (type.group === 'fleet.skerry.io') continue;
    const named = (priority: number): string[] =>
      type.columns.filter((column) => column.priority === priority).map(({ name }) => name);
    const line = must(wanted.get(resourceName(type)), resourceName(type));
    const split = (text: string): string[] =>
      text
        .trim()
        .split(line.includes(',') ? /, */ : ' ')
        .filter((name) => name !== '');
    const [always = '', wide = ''] = line.split('|');
    assert.deepEqual([named(0), named(1)], [split(always), split(wide)], resourceName(type));
  }
});

/** The cells of an object, by default without those of `-o wide`. */
function row(object: object, options: { wide?: boolean } = {}): unknown[] {
  const metadata = {
    name: 'a',
    namespace: 'default',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-11-21T09:00:00Z',
  };
  const given = object as KubeObject;
  const made = { ...given, metadata: { ...metadata, ...given.metadata } };
  const type = must(resourceOfKind(made), made.kind);
  type.applyDefaults(made);
  return type.columns
    .filter(({ priority }) => priority === 0 || options.wide === true)
    .map((column) => column.cell(made, NOW_MS));
}

test('rows of kinds that kubectl users know', () => {
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: {
      containers: [
        { name: 'a', image: 'x:1' },
        { name: 'b', image: 'y:1' },
      ],
    },
  };
  const selector = {
    matchLabels: { app: 'web' },
    matchExpressions: [{ key: 'tier', operator: 'In', values: ['b', 'a'] }],
  };
  const cases: [object, unknown[]][] = [
    [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        spec: { replicas: 3, selector, template },
        status: { readyReplicas: 2, updatedReplicas: 1, availableReplicas: 2 },
      },
      ['a', '2/3', 1, 2, '60m', 'a,b', 'x:1,y:1', 'app=web,tier in (a,b)'],
    ],
    [
      { apiVersion: 'apps/v1', kind: 'StatefulSet', spec: { selector, template } },
      ['a', '0/1', '60m', 'a,b', 'x:1,y:1'],
    ],
    [
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        spec: { schedule: '@daily', jobTemplate: { spec: { template } } },
        status: { active: [{}], lastScheduleTime: '2026-11-21T09:59:00Z' },
      },
      ['a', '@daily', '<none>', 'False', 1, '60s', '60m', 'a,b', 'x:1,y:1', '<none>'],
    ],
    [
      {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { labels: { 'node-role.kubernetes.io/control-plane': '', 'kubernetes.io/role': 'edge' } },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: 'Ready', status: 'True' }],
          addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
          nodeInfo: {
            kubeletVersion: 'v1.34.0',
            osImage: '',
            kernelVersion: '6.18',
            containerRuntimeVersion: 'containerd://1.7',
          },
        },
      },
      [
        'a',
        'Ready,SchedulingDisabled',
        'control-plane,edge',
        '60m',
        'v1.34.0',
        '10.0.0.1',
        '<none>',
        '<unknown>',
        '6.18',
        'containerd://1.7',
      ],
    ],
    [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        spec: { volumeName: 'pv-1', storageClassName: 'local', accessModes: ['ReadWriteOnce'] },
        status: {
          phase: 'Bound',
          capacity: { storage: '1Gi' },
          accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
        },
      },
      ['a', 'Bound', 'pv-1', '1Gi', 'RWO,ROX', 'local', '<unset>', '60m', 'Filesystem'],
    ],
    [
      {
        apiVersion: 'v1',
        kind: 'Endpoints',
        subsets: [
          { addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], ports: [{ port: 80 }, { port: 81 }] },
        ],
      },
      ['a', '10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more...', '60m'],
    ],
    [
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        roleRef: { kind: 'Role', name: 'r' },
        subjects: [
          { kind: 'User', name: 'ann' },
          { kind: 'ServiceAccount', namespace: 'n', name: 's' },
        ],
      },
      ['a', 'Role/r', '60m', 'ann', '', 'n/s'],
    ],
    [
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 5 },
        status: {
          currentReplicas: 2,
          currentMetrics: [
            { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 3 } } },
          ],
        },
      },
      ['a', 'Deployment/web', 'cpu: 3%/80%', '1', 5, 2, '60m'],
    ],
    [
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
        provisioner: 'x.io/local',
      },
      ['a (default)', 'x.io/local', 'Delete', 'Immediate', false, '60m'],
    ],
    [
      {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        spec: {},
        status: { hard: { pods: '10', 'limits.cpu': '4' }, used: { pods: '2' } },
      },
      ['a', 'pods: 2/10', 'limits.cpu: 0/4', '60m'],
    ],
  ];
  for (const [object, cells] of cases)
    assert.deepEqual(row(object, { wide: true }), cells, (object as KubeObject).kind);
});

test('a job says how it goes, and how long it took', () => {
  const job = (spec: object, status: object): unknown[] =>
    row({ apiVersion: 'batch/v1', kind: 'Job', spec, status }).slice(1, 4);
  const started = { startTime: '2026-11-21T09:58:00Z' };
  assert.deepEqual(job({}, {}), ['Running', '0/1', '']);
  assert.deepEqual(job({ completions: 3 }, { ...started, succeeded: 1 }), ['Running', '1/3', '2m']);
  const complete = {
    conditions: [{ type: 'Complete', status: 'True' }],
    completionTime: '2026-11-21T09:58:07Z',
    succeeded: 1,
  };
  assert.deepEqual(job({}, { ...started, ...complete }), ['Complete', '1/1', '7s']);
  assert.deepEqual(job({ parallelism: 3 }, { conditions: [{ type: 'Failed', status: 'True' }] }), [
    'Failed',
    '0/1 of 3',
    '',
  ]);
});

test('an event says what, to whom, how often and when', () => {
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    type: 'Warning',
    reason: 'BackOff',
    message: 'again \n',
    involvedObject: { kind: 'Pod', name: 'web', fieldPath: 'spec.containers{a}' },
  };
  const old = {
    ...event,
    source: { component: 'kubelet', host: 'node-1' },
    count: 4,
    firstTimestamp: '2026-11-21T09:50:00Z',
    lastTimestamp: '2026-11-21T09:59:00Z',
  };
  assert.deepEqual(row(old, { wide: true }), [
    '60s',
    'Warning',
    'BackOff',
    'pod/web',
    'spec.containers{a}',
    'kubelet, node-1',
    'again',
    '10m',
    4,
    'a',
  ]);
  const series = {
    ...event,
    eventTime: '2026-11-21T09:40:00.000000Z',
    series: { count: 9, lastObservedTime: '2026-11-21T09:55:00.000000Z' },
  };
  assert.deepEqual(row(series, { wide: true }).slice(-3), ['20m', 9, 'a']);
  assert.equal(row(series)[0], '5m');
  assert.equal(row({ ...event, eventTime: '2026-11-21T09:40:00.000000Z' })[0], '20m');
});
