import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { HorizontalPodAutoscaler } from '#api/autoscaling/horizontal-pod-autoscaler.ts';
import type { HorizontalPodAutoscalerV1 } from '#api/autoscaling/horizontal-pod-autoscaler-v1.ts';
import type { Event as CoreEvent } from '#api/core/event.ts';
import type { Event } from '#api/events/event.ts';
import { startTestServer, type TestServer } from '#apiserver/test-server.ts';

const V1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers';
const V2 = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
const CORE_EVENTS = '/api/v1/namespaces/default/events';
const EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(async () => {
  assert.deepEqual(server.complaints, []);
  await server.stop();
});

async function made<T>(path: string, body: object): Promise<T> {
  const answer = await server.call<T>({ method: 'POST', path, body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

async function read<T>(path: string): Promise<T> {
  const answer = await server.call<T>({ path });
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };

test('an autoscaler of version 1 is one of version 2, and back', async () => {
  const watch = await server.watch(`${V1}?watch=true&resourceVersion=0`);
  const spec = { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 };
  const old = await made<HorizontalPodAutoscalerV1>(V1, { metadata: { name: 'old' }, spec });
  assert.deepEqual(old.spec, { ...spec, minReplicas: 1 });
  assert.equal(old.apiVersion, 'autoscaling/v1');
  const same = await read<HorizontalPodAutoscaler>(`${V2}/old`);
  assert.equal(same.apiVersion, 'autoscaling/v2');
  assert.deepEqual(same.spec.metrics, [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
  ]);
  assert.deepEqual(
    [same.metadata.uid, same.metadata.resourceVersion],
    [old.metadata.uid, old.metadata.resourceVersion],
  );
  const patched = await server.call<HorizontalPodAutoscalerV1>({
    method: 'PATCH',
    path: `${V1}/old`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { spec: { targetCPUUtilizationPercentage: 70 } },
  });
  assert.equal(patched.body.spec.targetCPUUtilizationPercentage, 70, patched.text);
  const list = await read<{ kind: string; apiVersion: string; items: HorizontalPodAutoscalerV1[] }>(V1);
  assert.deepEqual(
    [list.kind, list.apiVersion, list.items.map(({ apiVersion }) => apiVersion)],
    ['HorizontalPodAutoscalerList', 'autoscaling/v1', ['autoscaling/v1']],
  );
  await server.settle();
  const events = watch.read();
  assert.deepEqual(
    events.map(({ type, object }) => `${type} ${object.apiVersion}`),
    ['ADDED autoscaling/v1', 'MODIFIED autoscaling/v1'],
  );
  watch.leave();
});

test('what version 1 has no field for is not lost when it is changed through version 1', async () => {
  const memory = {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } },
  };
  const behavior = { scaleDown: { stabilizationWindowSeconds: 60 } };
  const spec = { scaleTargetRef, maxReplicas: 3, metrics: [memory], behavior };
  await made(V2, { metadata: { name: 'rich', annotations: { own: 'kept' } }, spec });
  const before_ = await read<HorizontalPodAutoscaler>(`${V2}/rich`);
  const old = await read<HorizontalPodAutoscalerV1>(`${V1}/rich`);
  assert.deepEqual(Object.keys(old.metadata.annotations ?? {}).toSorted(), [
    'autoscaling.alpha.kubernetes.io/behavior',
    'autoscaling.alpha.kubernetes.io/metrics',
    'own',
  ]);
  old.spec.maxReplicas = 9;
  assert.equal((await server.call({ method: 'PUT', path: `${V1}/rich`, body: old })).status, 200);
  const after_ = await read<HorizontalPodAutoscaler>(`${V2}/rich`);
  assert.deepEqual(after_.spec, { ...before_.spec, maxReplicas: 9 });
  assert.deepEqual(after_.metadata.annotations, { own: 'kept' });
  const wrong = await server.call({
    method: 'PATCH',
    path: `${V1}/rich`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { spec: { maxReplicas: 0 } },
  });
  assert.equal(wrong.status, 422);
  assert.equal((await server.call({ method: 'DELETE', path: `${V1}/rich` })).status, 200);
  assert.equal((await server.call({ path: `${V2}/rich` })).status, 404);
});

test('an event is the same in both groups', async () => {
  await made(CORE_EVENTS, {
    metadata: { name: 'told' },
    involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
    reason: 'Made',
    message: 'It was made.',
    source: { component: 'kubelet', host: 'n1' },
    count: 2,
    type: 'Normal',
  });
  const event = await read<Event>(`${EVENTS}/told`);
  assert.deepEqual(
    [event.apiVersion, event.note, event.regarding?.name, event.deprecatedCount, event.deprecatedSource],
    ['events.k8s.io/v1', 'It was made.', 'p', 2, { component: 'kubelet', host: 'n1' }],
  );
  await made(EVENTS, {
    metadata: { name: 'later' },
    eventTime: '2026-11-21T10:00:00.000000Z',
    reportingController: 'example.com/robot',
    reportingInstance: 'robot-1',
    action: 'Make',
    reason: 'Made',
    regarding: { kind: 'Pod', namespace: 'default', name: 'p' },
    note: 'Again.',
    type: 'Normal',
  });
  const core = await read<CoreEvent>(`${CORE_EVENTS}/later`);
  assert.deepEqual(
    [core.apiVersion, core.message, core.involvedObject.name, core.reportingComponent],
    ['v1', 'Again.', 'p', 'example.com/robot'],
  );
  const selected = await read<{ items: Event[] }>(`${EVENTS}?fieldSelector=regarding.name=p`);
  assert.deepEqual(selected.items.map(({ metadata }) => metadata.name).toSorted(), ['later', 'told']);
});
