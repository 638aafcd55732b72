import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/pod.ts';
import type { ContainerState, PodStatus } from '#api/core/pod-status.ts';
import {
  containerOf,
  exited,
  factsOf,
  failureOf,
  podOf,
  sandboxOf,
  WELL,
} from '#kubelet/pod-facts.fixture.ts';
import type { PodFacts } from '#kubelet/pod-facts.ts';
import { composeStatus } from '#kubelet/status/compose-status.ts';

function compose(
  facts: PodFacts,
  pod: Pod = podOf(),
  standing: PodStatus | undefined = pod.status,
): PodStatus {
  return composeStatus(facts, { pod, standing, hostAddress: '192.0.2.1' });
}

/** `running`, `waiting Reason`, `terminated 1 Reason`. */
function sketch(state: ContainerState | undefined): string {
  if (state?.running !== undefined) return 'running';
  if (state?.waiting !== undefined) return `waiting ${state.waiting.reason}`;
  return state?.terminated === undefined
    ? 'none'
    : `terminated ${state.terminated.exitCode} ${state.terminated.reason}`;
}

const up = [sandboxOf(0)];
const running = containerOf();
const well = { health: new Map([['main-0', WELL]]) };
const never = podOf({ restartPolicy: 'Never' });
const withInit = podOf({ initContainers: [{ name: 'init', image: 'app:1' }] });
const ran: PodStatus = {
  phase: 'Running',
  containerStatuses: [
    {
      name: 'main',
      image: 'app:1',
      imageID: '',
      ready: true,
      restartCount: 2,
      containerID: 'containerd://old',
    },
  ],
};

const TABLE: readonly [
  situation: string,
  facts: PodFacts,
  pod: Pod,
  want: { phase: string; state: string; last?: string; ready?: boolean; restarts?: number },
][] = [
  ['a new pod', factsOf(), podOf(), { phase: 'Pending', state: 'waiting ContainerCreating' }],
  [
    'a pod with init containers',
    factsOf({ pod: withInit, sandboxes: up }),
    withInit,
    { phase: 'Pending', state: 'waiting PodInitializing' },
  ],
  [
    'a running container',
    factsOf({ sandboxes: up, containers: [running], recollection: well }),
    podOf(),
    { phase: 'Running', state: 'running', ready: true },
  ],
  [
    'a container not yet looked at',
    factsOf({ sandboxes: up, containers: [running] }),
    podOf(),
    { phase: 'Running', state: 'running' },
  ],
  [
    'a container whose postStart hook runs',
    factsOf({
      sandboxes: up,
      containers: [running],
      recollection: { ...well, operations: new Map([['start/main', { key: 'start/main' }]]) },
    }),
    podOf(),
    { phase: 'Running', state: 'running' },
  ],
  [
    'an image that could not be pulled',
    factsOf({
      sandboxes: up,
      recollection: { failures: new Map([['start/main', failureOf('ErrImagePull')]]) },
    }),
    podOf(),
    { phase: 'Pending', state: 'waiting ErrImagePull' },
  ],
  [
    'an image that could not be pulled again',
    factsOf({
      sandboxes: up,
      recollection: { failures: new Map([['start/main', failureOf('ErrImagePull', { count: 2 })]]) },
    }),
    podOf(),
    { phase: 'Pending', state: 'waiting ImagePullBackOff' },
  ],
  [
    'a container about to be restarted',
    factsOf({ sandboxes: up, containers: [containerOf({ state: exited(1) })] }),
    podOf(),
    { phase: 'Running', state: 'terminated 1 Error' },
  ],
  [
    'a container in crash back-off',
    factsOf({ sandboxes: up, containers: [containerOf({ attempt: 1, streak: 1, state: exited(1) })] }),
    podOf(),
    { phase: 'Running', state: 'waiting CrashLoopBackOff', last: 'terminated 1 Error', restarts: 1 },
  ],
  [
    'a restarted container',
    factsOf({ sandboxes: up, containers: [containerOf({ attempt: 1 }), containerOf({ state: exited(7) })] }),
    podOf(),
    { phase: 'Running', state: 'running', last: 'terminated 7 Error', restarts: 1 },
  ],
  [
    'a success',
    factsOf({ pod: never, sandboxes: up, containers: [containerOf({ state: exited(0) })] }),
    never,
    { phase: 'Succeeded', state: 'terminated 0 Completed' },
  ],
  [
    'a failure',
    factsOf({ pod: never, sandboxes: up, containers: [containerOf({ state: exited(1) })] }),
    never,
    { phase: 'Failed', state: 'terminated 1 Error' },
  ],
  [
    'a success after its sandbox was given back',
    factsOf({
      pod: never,
      desired: { type: 'finish', pod: never, why: { type: 'completed' } },
      sandboxes: [sandboxOf(0, 'notReady')],
      containers: [containerOf({ state: exited(0) })],
    }),
    never,
    { phase: 'Succeeded', state: 'terminated 0 Completed' },
  ],
  [
    'a pod whose host has restarted',
    factsOf({
      sandboxes: [sandboxOf(0, 'notReady')],
      containers: [containerOf({ attempt: 2, state: exited(255) })],
      recollection: { status: ran },
    }),
    podOf(),
    { phase: 'Running', state: 'waiting ContainerCreating', last: 'terminated 255 Error', restarts: 2 },
  ],
  [
    'a pod whose runtime has lost its state',
    factsOf({ recollection: { status: ran } }),
    podOf(),
    { phase: 'Running', state: 'waiting ContainerCreating', restarts: 2 },
  ],
  [
    'a pod of which nothing is left, and that is never restarted',
    factsOf({ pod: never, recollection: { status: ran } }),
    never,
    { phase: 'Failed', state: 'terminated 137 ContainerStatusUnknown', restarts: 2 },
  ],
  [
    'a terminating pod that was stopped',
    factsOf({
      desired: { type: 'terminate', pod: podOf(), deadlineMs: 0 },
      sandboxes: up,
      containers: [containerOf({ state: exited(0) })],
      recollection: { status: ran },
    }),
    podOf(),
    { phase: 'Succeeded', state: 'terminated 0 Completed' },
  ],
];

for (const [situation, facts, pod, want] of TABLE) {
  test(`the status of ${situation}`, () => {
    const status = compose(facts, pod);
    const [main] = status.containerStatuses ?? [];
    assert.deepEqual(
      {
        phase: status.phase,
        state: sketch(main?.state),
        last: sketch(main?.lastState),
        ready: main?.ready,
        restarts: main?.restartCount,
      },
      { last: 'none', ready: false, restarts: 0, ...want },
    );
  });
}

test('the same facts make the same status, and conditions keep their times while they stand', () => {
  const facts = factsOf({ sandboxes: up, containers: [running], recollection: well });
  const first = compose(facts);
  const later = {
    ...facts,
    nowMs: facts.nowMs + 60_000,
    recollection: { ...facts.recollection, status: first },
  };
  assert.deepEqual(compose(later, podOf(), first), first);
});

test('conditions and fields of other writers are kept', () => {
  const scheduled = { type: 'PodScheduled', status: 'True' as const };
  const gate = { type: 'example.com/gate', status: 'False' as const };
  const standing: PodStatus = {
    nominatedNodeName: 'host-2',
    conditions: [scheduled, gate],
    podIP: '10.0.0.9',
  };
  const pod = podOf({ readinessGates: [{ conditionType: 'example.com/gate' }] });
  const status = compose(
    factsOf({ sandboxes: up, containers: [running], recollection: { ...well, addresses: ['10.0.0.1'] } }),
    pod,
    standing,
  );
  assert.equal(status.nominatedNodeName, 'host-2');
  assert.equal(status.podIP, '10.0.0.1');
  assert.deepEqual(
    status.conditions?.filter(({ type }) => type === 'PodScheduled' || type === 'example.com/gate'),
    [scheduled, gate],
  );
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  assert.deepEqual([ready?.status, ready?.reason], ['False', 'ReadinessGatesNotReady']);
  assert.equal(status.conditions?.find(({ type }) => type === 'ContainersReady')?.status, 'True');
});
