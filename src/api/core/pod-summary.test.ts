import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pod, podResource } from '#api/core/pod.ts';
import type { ContainerState, ContainerStatus, PodStatus } from '#api/core/pod-status.ts';
import { formatRestarts, summarizePod } from '#api/core/pod-summary.ts';

const NOW_MS = Date.parse('2026-11-21T10:00:00Z');
const RUNNING: ContainerState = { running: {} };
const READY: PodStatus['conditions'] = [{ type: 'Ready', status: 'True' }];
const INITIALIZED: PodStatus['conditions'] = [{ type: 'Initialized', status: 'True' }];

function ended(
  exitCode: number,
  extra: Partial<NonNullable<ContainerState['terminated']>> = {},
): ContainerState {
  return { terminated: { exitCode, ...extra } };
}

function waiting(reason: string): ContainerState {
  return { waiting: { reason } };
}

function container(state: ContainerState, extra: Partial<ContainerStatus> = {}): ContainerStatus {
  return {
    name: 'c',
    image: 'c',
    imageID: '',
    ready: state.running !== undefined,
    restartCount: 0,
    state,
    ...extra,
  };
}

function podWith(status: PodStatus, { inits = 0, sidecars = 0, deleting = false } = {}): Pod {
  const initContainers = Array.from({ length: inits }, (_, index) => ({
    name: `i${index}`,
    ...(index < sidecars ? { restartPolicy: 'Always' } : {}),
  }));
  const count = Math.max(1, status.containerStatuses?.length ?? 0);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-11-21T09:00:00Z',
      ...(deleting ? { deletionTimestamp: '2026-11-21T10:00:00Z' } : {}),
    },
    spec: {
      containers: Array.from({ length: count }, (_, index) => ({ name: `c${index}` })),
      initContainers,
    },
    status,
  };
}

function init(index: number, state: ContainerState, extra: Partial<ContainerStatus> = {}): ContainerStatus {
  return container(state, { name: `i${index}`, ...extra });
}

test('the word and the count that kubectl shows for a pod', () => {
  const cases: [string, string, Pod][] = [
    ['Pending', '0/1', podWith({ phase: 'Pending' })],
    [
      'SchedulingGated',
      '0/1',
      podWith({
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
      }),
    ],
    [
      'ContainerCreating',
      '0/1',
      podWith({ phase: 'Pending', containerStatuses: [container(waiting('ContainerCreating'))] }),
    ],
    ['Running', '1/1', podWith({ phase: 'Running', containerStatuses: [container(RUNNING)] })],
    [
      'Running',
      '1/2',
      podWith({
        phase: 'Running',
        containerStatuses: [container(RUNNING), container(RUNNING, { ready: false })],
      }),
    ],
    [
      'CrashLoopBackOff',
      '0/1',
      podWith({ phase: 'Running', containerStatuses: [container(waiting('CrashLoopBackOff'))] }),
    ],
    [
      'ImagePullBackOff',
      '1/2',
      podWith({
        phase: 'Pending',
        containerStatuses: [container(RUNNING), container(waiting('ImagePullBackOff'))],
      }),
    ],
    [
      'OOMKilled',
      '0/1',
      podWith({ phase: 'Running', containerStatuses: [container(ended(137, { reason: 'OOMKilled' }))] }),
    ],
    ['ExitCode:3', '0/1', podWith({ phase: 'Failed', containerStatuses: [container(ended(3))] })],
    [
      'Signal:9',
      '0/1',
      podWith({ phase: 'Failed', containerStatuses: [container(ended(0, { signal: 9 }))] }),
    ],
    [
      'Completed',
      '0/1',
      podWith({ phase: 'Succeeded', containerStatuses: [container(ended(0, { reason: 'Completed' }))] }),
    ],
    [
      'NotReady',
      '1/2',
      podWith({
        phase: 'Running',
        containerStatuses: [container(ended(0, { reason: 'Completed' })), container(RUNNING)],
      }),
    ],
    [
      'Running',
      '1/2',
      podWith({
        phase: 'Running',
        conditions: READY,
        containerStatuses: [container(ended(0, { reason: 'Completed' })), container(RUNNING)],
      }),
    ],
    ['Evicted', '0/1', podWith({ phase: 'Failed', reason: 'Evicted' })],
    [
      'Terminating',
      '1/1',
      podWith({ phase: 'Running', containerStatuses: [container(RUNNING)] }, { deleting: true }),
    ],
    [
      'Unknown',
      '1/1',
      podWith(
        { phase: 'Running', reason: 'NodeLost', containerStatuses: [container(RUNNING)] },
        { deleting: true },
      ),
    ],
    [
      'Completed',
      '0/1',
      podWith(
        { phase: 'Succeeded', containerStatuses: [container(ended(0, { reason: 'Completed' }))] },
        { deleting: true },
      ),
    ],
    [
      'Init:0/2',
      '0/1',
      podWith(
        { phase: 'Pending', initContainerStatuses: [init(0, RUNNING), init(1, waiting('PodInitializing'))] },
        { inits: 2 },
      ),
    ],
    [
      'Init:1/2',
      '0/1',
      podWith(
        { phase: 'Pending', initContainerStatuses: [init(0, ended(0)), init(1, RUNNING)] },
        { inits: 2 },
      ),
    ],
    [
      'Init:Error',
      '0/1',
      podWith(
        { phase: 'Pending', initContainerStatuses: [init(0, ended(1, { reason: 'Error' }))] },
        { inits: 1 },
      ),
    ],
    [
      'Init:ExitCode:2',
      '0/1',
      podWith({ phase: 'Pending', initContainerStatuses: [init(0, ended(2))] }, { inits: 1 }),
    ],
    [
      'Init:CrashLoopBackOff',
      '0/1',
      podWith(
        { phase: 'Pending', initContainerStatuses: [init(0, waiting('CrashLoopBackOff'))] },
        { inits: 1 },
      ),
    ],
    [
      'PodInitializing',
      '0/1',
      podWith(
        {
          phase: 'Pending',
          initContainerStatuses: [init(0, ended(0))],
          containerStatuses: [container(waiting('PodInitializing'))],
        },
        { inits: 1 },
      ),
    ],
    [
      'Running',
      '2/2',
      podWith(
        {
          phase: 'Running',
          initContainerStatuses: [init(0, RUNNING, { started: true })],
          containerStatuses: [container(RUNNING)],
        },
        { inits: 1, sidecars: 1 },
      ),
    ],
    [
      'Init:1/2',
      '1/2',
      podWith(
        { phase: 'Pending', initContainerStatuses: [init(0, RUNNING, { started: true }), init(1, RUNNING)] },
        { inits: 2, sidecars: 1 },
      ),
    ],
    [
      'Running',
      '1/1',
      podWith(
        {
          phase: 'Running',
          conditions: INITIALIZED,
          initContainerStatuses: [init(0, ended(0))],
          containerStatuses: [container(RUNNING)],
        },
        { inits: 1 },
      ),
    ],
  ];
  for (const [status, ready, pod] of cases) {
    const summary = summarizePod(pod);
    assert.equal(
      `${summary.status} ${summary.readyContainers}/${summary.totalContainers}`,
      `${status} ${ready}`,
    );
  }
});

test('restarts are summed, with the time of the last end', () => {
  const last = (finishedAt: string): Partial<ContainerStatus> => ({
    restartCount: 2,
    lastState: ended(1, { finishedAt }),
  });
  const pod = podWith({
    phase: 'Running',
    containerStatuses: [
      container(RUNNING, last('2026-11-21T09:55:00Z')),
      container(RUNNING, last('2026-11-21T09:50:00Z')),
    ],
  });
  assert.equal(formatRestarts(summarizePod(pod), NOW_MS), '4 (5m ago)');
  const fresh = podWith({ phase: 'Running', containerStatuses: [container(RUNNING)] });
  assert.equal(formatRestarts(summarizePod(fresh), NOW_MS), '0');
});

test('restarts of init containers count while they run, those of sidecars always', () => {
  const restarted = { restartCount: 3 };
  const initializing = podWith(
    { initContainerStatuses: [init(0, waiting('CrashLoopBackOff'), restarted)] },
    { inits: 1 },
  );
  assert.equal(summarizePod(initializing).restarts, 3);
  const done = podWith(
    { initContainerStatuses: [init(0, ended(0), restarted)], containerStatuses: [container(RUNNING)] },
    { inits: 1 },
  );
  assert.equal(summarizePod(done).restarts, 0);
  const sidecar = podWith(
    {
      initContainerStatuses: [init(0, RUNNING, { ...restarted, started: true })],
      containerStatuses: [container(RUNNING)],
    },
    { inits: 1, sidecars: 1 },
  );
  assert.equal(summarizePod(sidecar).restarts, 3);
});

test('the columns of a pod', () => {
  const pod = podWith({
    phase: 'Running',
    podIPs: [{ ip: '10.42.0.7' }],
    conditions: [{ type: 'a.io/gate', status: 'True' }],
    containerStatuses: [container(RUNNING)],
  });
  pod.spec.nodeName = 'node-1';
  pod.spec.readinessGates = [{ conditionType: 'a.io/gate' }, { conditionType: 'b.io/gate' }];
  const cells = podResource.columns.map((column) => column.cell(pod, NOW_MS));
  assert.deepEqual(cells, ['web', '1/1', 'Running', '0', '60m', '10.42.0.7', 'node-1', '<none>', '1/2']);
  assert.deepEqual(
    podResource.columns.filter(({ priority }) => priority === 0).map(({ name }) => name),
    ['Name', 'Ready', 'Status', 'Restarts', 'Age'],
  );
});
