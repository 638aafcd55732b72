import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planPod } from '#kubelet/plan/plan-pod.ts';
import type { PodAction } from '#kubelet/plan/pod-action.ts';
import {
  containerOf,
  exited,
  factsOf,
  failureOf,
  MONOTONIC_MS,
  podOf,
  sandboxOf,
  WELL,
} from '#kubelet/pod-facts.fixture.ts';
import type { PodFacts } from '#kubelet/pod-facts.ts';

/** A plan in short: each action with what sets it apart. */
function sketch(actions: readonly PodAction[]): string[] {
  return actions.map((action) => {
    switch (action.type) {
      case 'startContainer':
        return `start ${action.name} attempt ${action.attempt} streak ${action.streak} in ${action.sandboxId}${action.createdId === undefined ? '' : ` as ${action.createdId}`}`;
      case 'stopContainer':
        return `stop ${action.containerId} within ${action.deadlineMs - MONOTONIC_MS}${action.redefined ? ' to redefine it' : ''}`;
      case 'runSandbox':
        return `run sandbox ${action.attempt} for [${action.replaces.join(' ')}]`;
      case 'stopSandbox':
      case 'removeSandbox':
        return `${action.type} ${action.sandboxId}`;
      case 'removeContainer':
        return `remove ${action.containerId}`;
      case 'wait':
        return `wait ${action.untilMs - MONOTONIC_MS}`;
      case 'cancel':
        return `cancel ${action.key}`;
      case 'event':
        return `event ${action.reason}`;
      case 'removePod':
        return action.deleteObject ? 'remove pod and object' : 'remove pod';
      default:
        return action.type;
    }
  });
}

const init = { name: 'init', image: 'app:1' };
const sidecar = { name: 'side', image: 'app:1', restartPolicy: 'Always' };
const main = { name: 'main', image: 'app:1' };
const up = [sandboxOf(0)];
const down = [sandboxOf(0, 'notReady')];
const withInit = podOf({ initContainers: [init] });
const withSidecar = podOf({ initContainers: [sidecar] });
const never = podOf({ restartPolicy: 'Never' });
const running = containerOf();

const RUN: readonly [situation: string, facts: PodFacts, plan: string[]][] = [
  [
    'a new pod gets its volumes first',
    factsOf({ recollection: { preparation: { type: 'unknown' } } }),
    ['prepare'],
  ],
  ['then a sandbox', factsOf(), ['run sandbox 0 for []']],
  ['then its containers', factsOf({ sandboxes: up }), ['start main attempt 0 streak 0 in s0']],
  ['and then nothing', factsOf({ sandboxes: up, containers: [running] }), []],
  [
    'what is under way is not started again',
    factsOf({
      sandboxes: up,
      recollection: { operations: new Map([['start/main', { key: 'start/main' }]]) },
    }),
    [],
  ],
  [
    'what has failed waits',
    factsOf({
      sandboxes: up,
      recollection: { failures: new Map([['start/main', failureOf('ErrImagePull')]]) },
    }),
    ['wait 10000'],
  ],
  [
    'a failed start that may be tried again is',
    factsOf({
      sandboxes: up,
      recollection: { failures: new Map([['start/main', failureOf('ErrImagePull', { retryInMs: 0 })]]) },
    }),
    ['start main attempt 0 streak 0 in s0'],
  ],
  [
    'a container that was only made is started, not made again',
    factsOf({ sandboxes: up, containers: [containerOf({ state: { type: 'created' } })] }),
    ['start main attempt 0 streak 0 in s0 as main-0'],
  ],
  [
    'the first exit is followed by a restart at once',
    factsOf({ sandboxes: up, containers: [containerOf({ state: exited(1) })] }),
    ['start main attempt 1 streak 1 in s0'],
  ],
  [
    'the second waits 10 s from the exit',
    factsOf({ sandboxes: up, containers: [containerOf({ attempt: 1, streak: 1, state: exited(1) })] }),
    ['event BackOff', 'wait 9000'],
  ],
  [
    'after ten good minutes the streak is over',
    factsOf({
      sandboxes: up,
      containers: [containerOf({ attempt: 8, streak: 8, state: exited(1, { ranMs: 600_000 }) })],
    }),
    ['start main attempt 9 streak 1 in s0'],
  ],
  [
    'what is never restarted stays as it is',
    factsOf({ pod: never, sandboxes: up, containers: [containerOf({ state: exited(1) })] }),
    [],
  ],
  [
    'what succeeded is not restarted on failure',
    factsOf({
      pod: podOf({ restartPolicy: 'OnFailure' }),
      sandboxes: up,
      containers: [containerOf({ state: exited(0) })],
    }),
    [],
  ],
  [
    'init containers come first',
    factsOf({ pod: withInit, sandboxes: up }),
    ['start init attempt 0 streak 0 in s0'],
  ],
  [
    'nothing starts while one runs',
    factsOf({ pod: withInit, sandboxes: up, containers: [containerOf({ name: 'init' })] }),
    [],
  ],
  [
    'main containers start when they have succeeded',
    factsOf({ pod: withInit, sandboxes: up, containers: [containerOf({ name: 'init', state: exited(0) })] }),
    ['start main attempt 0 streak 0 in s0'],
  ],
  [
    'an init container that was cleared away does not run again under a running pod',
    factsOf({ pod: withInit, sandboxes: up, containers: [running] }),
    [],
  ],
  [
    'a sidecar that has not started holds the others back',
    factsOf({ pod: withSidecar, sandboxes: up, containers: [containerOf({ name: 'side' })] }),
    [],
  ],
  [
    'one that has does not',
    factsOf({
      pod: withSidecar,
      sandboxes: up,
      containers: [containerOf({ name: 'side' })],
      recollection: { health: new Map([['side-0', WELL]]) },
    }),
    ['start main attempt 0 streak 0 in s0'],
  ],
  [
    'a sidecar is restarted beside the main containers, even if it succeeded',
    factsOf({
      pod: withSidecar,
      sandboxes: up,
      containers: [containerOf({ name: 'side', state: exited(0) }), running],
    }),
    ['start side attempt 1 streak 1 in s0'],
  ],
  [
    'a changed image stops the container',
    factsOf({
      pod: podOf({ containers: [{ ...main, image: 'app:2' }] }),
      sandboxes: up,
      containers: [running],
    }),
    ['stop main-0 within 30000 to redefine it'],
  ],
  [
    'a failed probe stops it, with the grace of the probe',
    factsOf({
      sandboxes: up,
      containers: [running],
      recollection: {
        health: new Map([
          ['main-0', { started: true, ready: false, ailment: { type: 'liveness', graceSeconds: 5 } }],
        ]),
      },
    }),
    ['stop main-0 within 5000'],
  ],
  [
    'a container of unknown state is stopped',
    factsOf({ sandboxes: up, containers: [containerOf({ state: { type: 'unknown' } })] }),
    ['stop main-0 within 30000'],
  ],
  [
    'a sandbox that is down is replaced, once nothing is being started in it',
    factsOf({
      sandboxes: down,
      containers: [running],
      recollection: { operations: new Map([['start/side', { key: 'start/side' }]]) },
    }),
    ['cancel start/side'],
  ],
  [
    'after a reboot everything starts anew',
    factsOf({ sandboxes: down, containers: [containerOf({ state: exited(255) })] }),
    ['event SandboxChanged', 'run sandbox 1 for [s0]'],
  ],
  [
    'and counts on',
    factsOf({
      sandboxes: [sandboxOf(1), ...down],
      containers: [containerOf({ attempt: 3, state: exited(255) })],
    }),
    ['start main attempt 4 streak 0 in s1'],
  ],
  [
    'but not where nothing is to run again',
    factsOf({ pod: never, sandboxes: down, containers: [containerOf({ state: exited(255) })] }),
    [],
  ],
  [
    'containers beyond the last two, and sandboxes without any, are cleared away',
    factsOf({
      sandboxes: [sandboxOf(2), sandboxOf(1, 'notReady'), sandboxOf(0, 'notReady')],
      containers: [
        containerOf({ attempt: 3, sandboxId: 's2' }),
        containerOf({ attempt: 2, sandboxId: 's2', state: exited(1) }),
        containerOf({ attempt: 1, sandboxId: 's1', state: exited(1) }),
      ],
    }),
    ['remove main-1', 'removeSandbox s1'],
  ],
  [
    'an older sandbox that is up is stopped',
    factsOf({ sandboxes: [sandboxOf(1), sandboxOf(0)], containers: [containerOf({ sandboxId: 's1' })] }),
    ['stopSandbox s0'],
  ],
  [
    'volumes follow the objects that they are made from',
    factsOf({ sandboxes: up, containers: [running], inputs: 'new' }),
    ['prepare'],
  ],
  [
    'tokens are renewed',
    factsOf({
      sandboxes: up,
      containers: [running],
      recollection: { preparation: { type: 'ready', inputs: '', renewAtMs: MONOTONIC_MS } },
    }),
    ['prepare'],
  ],
];

const DEADLINE_MS = MONOTONIC_MS + 30_000;
const deleted = { type: 'terminate' as const, pod: podOf(), deadlineMs: DEADLINE_MS };
const stopping = (deadlineMs: number) => ({
  operations: new Map([['stop/main-0', { key: 'stop/main-0', deadlineMs }]]),
});

const END: readonly [situation: string, facts: PodFacts, plan: string[]][] = [
  [
    'a deleted pod is stopped within its grace',
    factsOf({ desired: deleted, sandboxes: up, containers: [running] }),
    ['stop main-0 within 30000'],
  ],
  [
    'once',
    factsOf({ desired: deleted, sandboxes: up, containers: [running], recollection: stopping(DEADLINE_MS) }),
    [],
  ],
  [
    'sooner where that is asked for',
    factsOf({
      desired: { ...deleted, deadlineMs: MONOTONIC_MS },
      sandboxes: up,
      containers: [running],
      recollection: stopping(DEADLINE_MS),
    }),
    ['stop main-0 within 0'],
  ],
  [
    'what is being started is given up',
    factsOf({
      desired: deleted,
      sandboxes: up,
      recollection: { operations: new Map([['start/main', { key: 'start/main' }]]) },
    }),
    ['cancel start/main'],
  ],
  [
    'sidecars end after the others',
    factsOf({
      desired: { ...deleted, pod: withSidecar },
      sandboxes: up,
      containers: [running, containerOf({ name: 'side' })],
    }),
    ['stop main-0 within 30000'],
  ],
  [
    'in reverse order, with two seconds at least',
    factsOf({
      desired: {
        type: 'terminate',
        pod: podOf({ initContainers: [sidecar, { ...sidecar, name: 'other' }] }),
        deadlineMs: MONOTONIC_MS - 1,
      },
      sandboxes: up,
      containers: [containerOf({ name: 'side' }), containerOf({ name: 'other' })],
    }),
    ['stop other-0 within 2000'],
  ],
  [
    'nothing is removed before the end is told',
    factsOf({
      desired: deleted,
      sandboxes: up,
      containers: [containerOf({ state: exited(0) })],
      recollection: { statusWritten: false },
    }),
    [],
  ],
  [
    'then everything is',
    factsOf({ desired: deleted, sandboxes: up, containers: [containerOf({ state: exited(0) })] }),
    ['remove pod and object'],
  ],
  [
    'a pod that finalizers keep is left alone from then on',
    factsOf({ desired: deleted, recollection: { preparation: { type: 'removed' } } }),
    [],
  ],
  [
    'a failed sandbox does not hold the removal up',
    factsOf({
      desired: deleted,
      recollection: { failures: new Map([['sandbox', failureOf('FailedCreatePodSandBox')]]) },
    }),
    ['remove pod and object'],
  ],
  [
    'a pod that is gone is stopped and removed',
    factsOf({ desired: { type: 'remove', deadlineMs: DEADLINE_MS }, sandboxes: up, containers: [running] }),
    ['stop main-0 within 30000'],
  ],
  [
    'with all that is left of it',
    factsOf({ desired: { type: 'remove', deadlineMs: DEADLINE_MS }, sandboxes: down }),
    ['remove pod'],
  ],
  [
    'and forgotten',
    factsOf({
      desired: { type: 'remove', deadlineMs: DEADLINE_MS },
      recollection: { preparation: { type: 'removed' } },
    }),
    ['forget'],
  ],
  [
    'a finished pod gives its sandbox and volumes back',
    factsOf({
      desired: { type: 'finish', pod: never, why: { type: 'completed' } },
      sandboxes: up,
      containers: [containerOf({ state: exited(0) })],
    }),
    ['release'],
  ],
  [
    'and is then left alone',
    factsOf({
      desired: { type: 'finish', pod: never, why: { type: 'completed' } },
      sandboxes: down,
      containers: [containerOf({ state: exited(0) })],
      recollection: { preparation: { type: 'released' } },
    }),
    [],
  ],
  [
    'a pod that is to fail is stopped first',
    factsOf({
      desired: {
        type: 'finish',
        pod: never,
        why: { type: 'failed', reason: 'DeadlineExceeded', message: 'late' },
      },
      sandboxes: up,
      containers: [running],
    }),
    ['stop main-0 within 30000'],
  ],
];

for (const [situation, facts, plan] of RUN)
  test(`running: ${situation}`, () => assert.deepEqual(sketch(planPod(facts)), plan));
for (const [situation, facts, plan] of END)
  test(`ending: ${situation}`, () => assert.deepEqual(sketch(planPod(facts)), plan));
