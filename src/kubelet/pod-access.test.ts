import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStatus } from '#api/core/pod-status.ts';
import type { StreamRequest } from '#cri/runtime.ts';
import { attemptOf, createPodAccess } from '#kubelet/pod-access.ts';
import { containerOf, exited, podOf, sandboxOf } from '#kubelet/pod-facts.fixture.ts';
import { podPaths } from '#kubelet/pod-paths.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const ended = { terminated: { exitCode: 1 } };

function podWith(status: Partial<ContainerStatus> | undefined) {
  const main = { name: 'main', image: '', imageID: '', ready: false, restartCount: 3, ...status };
  return podOf({}, status === undefined ? {} : { status: { containerStatuses: [main] } });
}

const ATTEMPTS: readonly [string, Partial<ContainerStatus> | undefined, boolean, number | string][] = [
  ['a running container', { state: { running: {} } }, false, 3],
  ['the one before it', { state: { running: {} }, lastState: ended }, true, 2],
  ['an ended container', { state: ended }, false, 3],
  [
    'one in crash back-off: the last that ran',
    { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: ended },
    false,
    3,
  ],
  [
    'the same as the one before',
    { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: ended },
    true,
    3,
  ],
  [
    'no earlier one',
    { state: { running: {} } },
    true,
    'previous terminated container "main" in pod "web" not found',
  ],
  [
    'one that is being made',
    { state: { waiting: { reason: 'ContainerCreating' } } },
    false,
    'container "main" in pod "web" is waiting to start: ContainerCreating',
  ],
  [
    'one without an image',
    { state: { waiting: { reason: 'ErrImagePull' } } },
    false,
    'container "main" in pod "web" is waiting to start: image can\'t be pulled',
  ],
  ['a pod that is not known here yet', undefined, false, 'container "main" in pod "web" is not available'],
];

for (const [what, status, previous, want] of ATTEMPTS) {
  test(`which log: ${what}`, () => {
    const ask = (): number => attemptOf(podWith(status), { container: 'main', previous });
    if (typeof want === 'string') assert.throws(ask, { message: want, reason: 'BadRequest' });
    else assert.equal(ask(), want);
  });
}

test('a container that the pod does not have', () => {
  assert.throws(() => attemptOf(podOf(), { container: 'none', previous: false }), {
    message: 'container none is not valid for pod web',
  });
});

test('streams lead to the running container, and to the sandbox that is up', async () => {
  const asked: StreamRequest[] = [];
  const runtime = {
    streamUrl: async (request: StreamRequest) => {
      asked.push(request);
      return 'http://127.0.0.1/once';
    },
  } as never;
  const clock = new SimulatedClock();
  const host = { disk: new SimulatedDisk(clock), clock, paths: podPaths('/data'), runtime };
  const containers = [containerOf({ attempt: 1 }), containerOf({ state: exited(1) })];
  const access = createPodAccess({
    host,
    observer: { of: () => ({ sandboxes: [sandboxOf(1), sandboxOf(0, 'notReady')], containers }) },
  });
  const streams = { stdin: true, stdout: true, stderr: false, tty: false };
  await access.streamUrl(podOf(), { type: 'exec', container: 'main', command: ['sh'], ...streams });
  await access.streamUrl(podOf(), { type: 'attach', container: 'main', ...streams });
  await access.streamUrl(podOf(), { type: 'portForward', ports: [80] });
  assert.deepEqual(asked, [
    { type: 'exec', containerId: 'main-1', command: ['sh'], ...streams },
    { type: 'attach', containerId: 'main-1', ...streams },
    { type: 'portForward', sandboxId: 's1', ports: [80] },
  ]);
  await assert.rejects(
    access.streamUrl(podOf(), { type: 'exec', container: 'none', command: [], ...streams }),
    { message: 'container not found ("none")' },
  );
});
