import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deployment } from '#api/apps/deployment.ts';
import type { Pod } from '#api/core/pod.ts';
import { podTrouble } from '#fleet/pod-trouble.ts';

const deployment = { spec: { selector: { matchLabels: { app: 'web' } } } } as unknown as Deployment;

function pod(name: string, status: object, labels: Record<string, string> = { app: 'web' }): Pod {
  return { metadata: { name, labels }, spec: { containers: [] }, status } as unknown as Pod;
}

function waiting(reason: string, message?: string): object {
  return {
    containerStatuses: [
      { name: 'nginx', state: { waiting: { reason, ...(message === undefined ? {} : { message }) } } },
    ],
  };
}

const situations: readonly { name: string; pods: Pod[]; trouble: string | undefined }[] = [
  { name: 'no pods', pods: [], trouble: undefined },
  {
    name: 'all run',
    pods: [pod('web-a', { containerStatuses: [{ name: 'nginx', state: { running: {} } }] })],
    trouble: undefined,
  },
  { name: 'on its way to the start', pods: [pod('web-a', waiting('ContainerCreating'))], trouble: undefined },
  {
    name: 'an image that exists nowhere',
    pods: [
      pod('web-b', waiting('ErrImagePull', 'no registry has it')),
      pod('web-a', waiting('PodInitializing')),
    ],
    trouble: 'pod web-b: container nginx: ErrImagePull: no registry has it',
  },
  {
    name: 'the first by name is told',
    pods: [pod('web-b', waiting('A')), pod('web-a', waiting('B'))],
    trouble: 'pod web-a: container nginx: B',
  },
  {
    name: 'fits nowhere',
    pods: [
      pod('web-a', {
        conditions: [
          { type: 'PodScheduled', status: 'False', message: '0/1 nodes are available: 1 Insufficient cpu.' },
        ],
      }),
    ],
    trouble: 'pod web-a: 0/1 nodes are available: 1 Insufficient cpu.',
  },
  {
    name: 'the pod of another workload',
    pods: [pod('redis-a', waiting('ErrImagePull'), { app: 'redis' })],
    trouble: undefined,
  },
];

for (const { name, pods, trouble } of situations) {
  test(`podTrouble: ${name}`, () => assert.equal(podTrouble(deployment, pods), trouble));
}
