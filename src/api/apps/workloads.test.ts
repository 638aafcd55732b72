import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DaemonSet, daemonSetResource } from '#api/apps/daemon-set.ts';
import { type Deployment, deploymentResource } from '#api/apps/deployment.ts';
import { type ReplicaSet, replicaSetResource } from '#api/apps/replica-set.ts';
import { type StatefulSet, statefulSetResource } from '#api/apps/stateful-set.ts';
import type { KubeObject, ObjectMeta } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { fieldErrorMessage } from '#api/status.ts';

const METADATA: ObjectMeta = {
  name: 'web',
  namespace: 'default',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '',
};
const SELECTOR = { matchLabels: { app: 'web' } };

function template(): Deployment['spec']['template'] {
  return { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx:1' }] } };
}

function deployment(spec: Partial<Deployment['spec']> = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: METADATA,
    spec: { selector: SELECTOR, template: template(), ...spec },
  };
}

function statefulSet(spec: Partial<StatefulSet['spec']> = {}): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: METADATA,
    spec: { selector: SELECTOR, template: template(), ...spec },
  };
}

function daemonSet(spec: Partial<DaemonSet['spec']> = {}): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: METADATA,
    spec: { selector: SELECTOR, template: template(), ...spec },
  };
}

function messages<T extends KubeObject>(type: ResourceType<T>, object: T, old?: T): string[] {
  type.applyDefaults(object);
  if (old !== undefined) type.applyDefaults(old);
  return type.validate(object, old).map(fieldErrorMessage);
}

test('a deployment is filled in as Kubernetes fills it in', () => {
  const object = deployment();
  deploymentResource.applyDefaults(object);
  const { selector: _s, template: filled, ...spec } = object.spec;
  assert.deepEqual(spec, {
    replicas: 1,
    progressDeadlineSeconds: 600,
    revisionHistoryLimit: 10,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
  });
  assert.equal(filled.spec.restartPolicy, 'Always');
  assert.equal(filled.spec.enableServiceLinks, undefined);
  assert.deepEqual(deploymentResource.validate(object, undefined), []);
});

test('a wrong deployment is told in the words of Kubernetes', () => {
  const cases: [Partial<Deployment['spec']>, string][] = [
    [{ replicas: -1 }, 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    [
      { selector: { matchLabels: { app: 'other' } } },
      'spec.template.metadata.labels: Invalid value: map[string]string{"app":"web"}: `selector` does not match template `labels`',
    ],
    [
      { selector: {} },
      'spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: empty selector is invalid for deployment',
    ],
    [
      { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } },
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
    ],
    [
      { strategy: { rollingUpdate: { maxUnavailable: '101%' } } },
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:"101%"}: must not be greater than 100%',
    ],
    [
      { strategy: { rollingUpdate: { maxSurge: 'half' } } },
      'spec.strategy.rollingUpdate.maxSurge: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:"half"}: a valid percent string must be',
    ],
    [
      { strategy: { type: 'Recreate', rollingUpdate: {} } },
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ],
    [
      { minReadySeconds: 700 },
      'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds',
    ],
    [
      { template: { ...template(), spec: { ...template().spec, restartPolicy: 'Never' } } },
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ],
  ];
  for (const [spec, wanted] of cases) {
    const found = messages(deploymentResource, deployment(spec));
    assert.equal(found.length, 1, `${wanted}\n${found.join('\n')}`);
    assert.ok(found[0]?.startsWith(wanted), `${found[0]}\n${wanted}`);
  }
});

test('a selector that cannot be read is told as a whole, too', () => {
  const wrong = deployment({ selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } });
  assert.deepEqual(messages(deploymentResource, wrong), [
    "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    'spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), MatchExpressions:[]v1.LabelSelectorRequirement{v1.LabelSelectorRequirement{Key:"app", Operator:"In", Values:[]string(nil)}}}: invalid label selector',
  ]);
});

test('missing parts of a deployment are required', () => {
  const object = { ...deployment(), spec: { replicas: 1 } } as unknown as Deployment;
  assert.deepEqual(messages(deploymentResource, object), [
    'spec.selector: Required value',
    'spec.template.metadata.labels: Invalid value: map[string]string(nil): `selector` does not match template `labels`',
    'spec.template.spec.containers: Required value',
  ]);
  const hollow = deployment({ template: {} as never });
  assert.deepEqual(messages(deploymentResource, hollow), [
    'spec.template.metadata.labels: Invalid value: map[string]string(nil): `selector` does not match template `labels`',
    'spec.template.spec.containers: Required value',
  ]);
});

test('selectors of deployments, replica sets and daemon sets stay', () => {
  const labels = { app: 'web', v: '2' };
  const other = { selector: { matchLabels: labels }, template: { ...template(), metadata: { labels } } };
  const wanted = /^spec.selector: Invalid value: .*: field is immutable$/;
  assert.match(messages(deploymentResource, deployment(other), deployment()).join(), wanted);
  assert.match(messages(daemonSetResource, daemonSet(other), daemonSet()).join(), wanted);
  const replicaSet = (spec: object): ReplicaSet =>
    ({
      ...deployment(spec),
      kind: 'ReplicaSet',
    }) as unknown as ReplicaSet;
  assert.match(messages(replicaSetResource, replicaSet(other), replicaSet({})).join(), wanted);
});

test('a stateful set gets the volumes of its claims, and changes only what may change', () => {
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { ...METADATA, name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  } as const;
  const mounting = template();
  mounting.spec.containers = [
    { name: 'web', image: 'x', volumeMounts: [{ name: 'data', mountPath: '/data' }] },
  ];
  const withClaim = { template: mounting, volumeClaimTemplates: [structuredClone(claim) as never] };
  assert.deepEqual(messages(statefulSetResource, statefulSet(withClaim)), []);
  assert.deepEqual(messages(statefulSetResource, statefulSet({ replicas: 5 }), statefulSet()), []);
  assert.match(
    messages(statefulSetResource, statefulSet({ serviceName: 'other' }), statefulSet()).join(),
    /^spec: Forbidden: updates to statefulset spec for fields other than/,
  );
});

test('a daemon set surges or goes without, not both', () => {
  const rolling = (rollingUpdate: object): DaemonSet => daemonSet({ updateStrategy: { rollingUpdate } });
  assert.deepEqual(messages(daemonSetResource, rolling({})), []);
  assert.deepEqual(messages(daemonSetResource, rolling({ maxSurge: 1, maxUnavailable: 0 })), []);
  assert.match(
    messages(daemonSetResource, rolling({ maxSurge: 1 })).join(),
    /may not be set when maxUnavailable is non-zero/,
  );
  assert.match(
    messages(daemonSetResource, rolling({ maxUnavailable: 0 })).join(),
    /cannot be 0 when maxSurge is 0/,
  );
});
