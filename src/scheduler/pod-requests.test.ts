import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '#api/core/container.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { podRequests, scoredRequests } from '#scheduler/pod-requests.ts';

const asking = (cpu: string, more: Partial<Container> = {}): Container => ({
  name: 'c',
  resources: { requests: { cpu } },
  ...more,
});

const situations: { name: string; spec: PodSpec; cpuMillis: number }[] = [
  { name: 'containers add up', spec: { containers: [asking('100m'), asking('1')] }, cpuMillis: 1100 },
  {
    name: 'a limit stands in for a request',
    spec: { containers: [{ name: 'c', resources: { limits: { cpu: '2' } } }] },
    cpuMillis: 2000,
  },
  {
    name: 'a larger init container decides',
    spec: { initContainers: [asking('3'), asking('2')], containers: [asking('1')] },
    cpuMillis: 3000,
  },
  {
    name: 'sidecars run beside the containers',
    spec: { initContainers: [asking('1', { restartPolicy: 'Always' })], containers: [asking('1')] },
    cpuMillis: 2000,
  },
  {
    name: 'an init container runs beside the sidecars before it',
    spec: {
      initContainers: [asking('1', { restartPolicy: 'Always' }), asking('4')],
      containers: [asking('1')],
    },
    cpuMillis: 5000,
  },
  {
    name: 'overhead is added',
    spec: { containers: [asking('1')], overhead: { cpu: '250m' } },
    cpuMillis: 1250,
  },
  {
    name: 'what the pod asks for as a whole decides',
    spec: { containers: [asking('1')], resources: { requests: { cpu: '500m' } } },
    cpuMillis: 500,
  },
];

for (const { name, spec, cpuMillis } of situations) {
  test(`requests: ${name}`, () => assert.equal(podRequests(spec)['cpu'], cpuMillis));
}

test('a pod takes one of the resource pods', () => assert.equal(podRequests({ containers: [] })['pods'], 1));

test('scores reckon with something for a container that asks for nothing', () => {
  assert.deepEqual(scoredRequests({ containers: [{ name: 'c' }] }), { cpu: 100, memory: 209_715_200 });
});
