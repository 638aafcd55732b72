import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { type ResourceHealth, resourceHealth, summarise } from '#fleet/health.ts';

function health(kind: string, live: object | undefined): string {
  const manifest = { apiVersion: 'x', kind, metadata: { name: 'n' } } as KubeObject;
  const whole =
    live === undefined
      ? undefined
      : ({
          ...manifest,
          ...live,
          metadata: { name: 'n', generation: 2, ...(live as { metadata?: object }).metadata },
        } as KubeObject);
  const { health: state, desired, ready, message } = resourceHealth(manifest, whole, []);
  return [state, ready === undefined ? '' : `${ready}/${desired}`, message ?? '']
    .join(' ')
    .replaceAll(/ +/gu, ' ')
    .trim();
}

const rollout = (ready: number, updated: number, more: object = {}) => ({
  spec: { replicas: 3 },
  status: {
    observedGeneration: 2,
    availableReplicas: ready,
    readyReplicas: ready,
    updatedReplicas: updated,
    ...more,
  },
});

const table: [string, string, object | undefined, string][] = [
  ['is not there', 'ConfigMap', undefined, 'Missing'],
  ['is there', 'ConfigMap', {}, 'Healthy'],
  ['is going', 'ConfigMap', { metadata: { deletionTimestamp: 'x' } }, 'Progressing is being deleted'],
  ['runs whole', 'Deployment', rollout(3, 3), 'Healthy 3/3'],
  [
    'has pods of the old template',
    'Deployment',
    rollout(3, 1),
    'Progressing 3/3 3 of 3 are ready, 1 are up to date',
  ],
  ['has too few pods', 'Deployment', rollout(1, 3), 'Progressing 1/3 1 of 3 are ready, 3 are up to date'],
  [
    'was not looked at since it changed',
    'Deployment',
    rollout(3, 3, { observedGeneration: 1 }),
    'Progressing 3/3 3 of 3 are ready, 3 are up to date',
  ],
  ['has no status yet', 'Deployment', { spec: {} }, 'Progressing 0/1 0 of 1 are ready, 0 are up to date'],
  [
    'does not advance',
    'Deployment',
    rollout(1, 1, {
      conditions: [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded', message: 'stuck' }],
    }),
    'Degraded 1/3 stuck',
  ],
  ['wants none', 'Deployment', { spec: { replicas: 0 }, status: { observedGeneration: 2 } }, 'Healthy 0/0'],
  ['runs whole', 'StatefulSet', rollout(3, 3), 'Healthy 3/3'],
  ['has too few pods', 'StatefulSet', rollout(2, 3), 'Progressing 2/3 2 of 3 are ready, 3 are up to date'],
  [
    'runs on every host',
    'DaemonSet',
    {
      status: { observedGeneration: 2, desiredNumberScheduled: 2, numberReady: 2, updatedNumberScheduled: 2 },
    },
    'Healthy 2/2',
  ],
  [
    'runs on some hosts',
    'DaemonSet',
    {
      status: { observedGeneration: 2, desiredNumberScheduled: 2, numberReady: 1, updatedNumberScheduled: 2 },
    },
    'Progressing 1/2 1 of 2 are ready, 2 are up to date',
  ],
  ['is at work', 'Job', { status: { active: 1 } }, 'Healthy'],
  [
    'failed',
    'Job',
    { status: { conditions: [{ type: 'Failed', status: 'True', message: 'too often' }] } },
    'Degraded too often',
  ],
  [
    'is ready',
    'Pod',
    { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
    'Healthy',
  ],
  ['is not ready', 'Pod', { status: { phase: 'Running' } }, 'Progressing the pod is not ready'],
  ['has done its work', 'Pod', { status: { phase: 'Succeeded' } }, 'Healthy'],
  ['failed', 'Pod', { status: { phase: 'Failed' } }, 'Degraded the pod failed'],
];
for (const [situation, kind, live, expected] of table) {
  test(`a ${kind} that ${situation}: ${expected.split(' ')[0] ?? ''}`, () =>
    assert.equal(health(kind, live), expected));
}

test('an application is what the worst of its objects is', () => {
  const resource = (state: ResourceHealth['health']): ResourceHealth => ({
    apiVersion: 'v1',
    kind: 'Pod',
    name: state.toLowerCase(),
    health: state,
    message: 'm',
  });
  const phase = (...states: ResourceHealth['health'][]) => {
    const { phase: of, reason, message } = summarise(states.map(resource));
    return [of, reason, message];
  };
  assert.deepEqual(phase('Healthy', 'Healthy'), ['Running', 'AllHealthy', undefined]);
  assert.deepEqual(phase(), ['Running', 'AllHealthy', undefined]);
  assert.deepEqual(phase('Healthy', 'Progressing'), [
    'Progressing',
    'ResourceNotReady',
    'Pod progressing: m',
  ]);
  assert.deepEqual(phase('Progressing', 'Missing'), ['Progressing', 'ResourceMissing', 'Pod missing: m']);
  assert.deepEqual(phase('Missing', 'Degraded', 'Progressing'), [
    'Failed',
    'ResourceFailed',
    'Pod degraded: m',
  ]);
});
