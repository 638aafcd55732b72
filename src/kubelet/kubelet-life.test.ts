import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSimulatedHost } from '#kubelet/simulated-host.fixture.ts';
import { condition, containerStatusOf, isGone, isReady, waitingReason } from '#kubelet/test-host.fixture.ts';

const MAIN = { name: 'main', image: 'nginx:1.28' };

test('a pod runs: its status tells of addresses, containers and conditions, and its events of each step', async () => {
  const { host, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  await host.createPod('web', { containers: [{ ...MAIN, readinessProbe: { httpGet: { port: 80 } } }] });
  await host.until('web', isReady);
  const pod = await host.pod('web');
  assert.equal(pod?.status?.phase, 'Running');
  assert.equal(pod.status.podIP, '10.88.0.1');
  assert.equal(pod.status.hostIP, '192.0.2.1');
  assert.equal(pod.status.qosClass, 'BestEffort');
  const types = ['PodReadyToStartContainers', 'Initialized', 'ContainersReady', 'Ready'];
  assert.deepEqual(
    types.map((type) => condition(pod, type)),
    ['True', 'True', 'True', 'True'],
  );
  const main = containerStatusOf(pod);
  assert.match(main?.containerID ?? '', /^containerd:\/\/\w+$/u);
  assert.match(main?.imageID ?? '', /^docker.io\/library\/nginx@sha256:/u);
  assert.equal(main?.ready && main.started, true);
  assert.equal(main?.restartCount, 0);
  assert.deepEqual(await host.events('web'), [
    'Pulled: Container image "nginx:1.28" already present on machine',
    'Created: Created container: main',
    'Started: Started container main',
  ]);
  await host.end();
});

test('a pod that nothing happens to is not written to', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  await host.createPod('web', { containers: [{ ...MAIN, livenessProbe: { httpGet: { port: 80 } } }] });
  await host.until('web', isReady);
  await clock.advance(1000);
  host.writes.length = 0;
  await clock.advance(3600_000);
  assert.deepEqual(
    host.writes,
    Array.from({ length: 12 }, () => 'patch nodes/status'),
  );
  await host.end();
});

test('a deleted pod gets its time of grace, tells how it ended, and is gone with all that belonged to it', async () => {
  const { host, clock, machine, disk } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  const volumes = [{ name: 'data', emptyDir: {} }];
  await host.createPod('web', {
    volumes,
    containers: [{ ...MAIN, volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
  });
  await host.until('web', isReady);
  await host.deletePod('web');
  await host.until('web', isGone, 5000);
  await clock.advance(1000);
  assert.equal(machine.sandboxes.size + machine.containers.size, 0);
  assert.deepEqual(await disk.list('/data/volumes'), []);
  assert.deepEqual(await disk.list('/data/memory'), []);
  assert.deepEqual(await disk.list('/data/pods'), []);
  assert.equal((await host.events('web')).at(-1), 'Killing: Stopping container main');
  assert.equal(host.writes.filter((write) => write === 'delete pods').length, 1);
  await host.end();
});

test('a container that does not heed SIGTERM is killed when its grace is over, and at once when the pod is force-deleted', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  const containers = [
    { name: 'main', image: 'busybox', imagePullPolicy: 'IfNotPresent' as const, command: ['sleep', '1d'] },
  ];
  machine.addImage('busybox');
  for (const name of ['slow', 'forced'])
    await host.createPod(name, { containers, terminationGracePeriodSeconds: 20 });
  await host.until('slow', isReady);
  await host.until('forced', isReady);
  const startMs = clock.monotonic();
  await host.deletePod('slow');
  await host.deletePod('forced');
  await clock.advance(3000);
  await host.deletePod('forced', 0);
  await clock.advance(4000);
  assert.deepEqual(
    [...machine.sandboxes.values()].map(({ config }) => config.pod.name),
    ['slow'],
  );
  await host.until('slow', isGone);
  const tookMs = clock.monotonic() - startMs;
  assert.ok(tookMs >= 20_000 && tookMs < 22_000, `it took ${tookMs} ms`);
  await host.end();
});

test('a container that ends again and again waits longer each time', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('busybox:1.36');
  await host.createPod('job', {
    containers: [
      { name: 'main', image: 'busybox:1.36', command: ['sh', '-c', 'echo attempt; sleep 1; exit 3'] },
    ],
  });
  await host.until('job', (pod) => containerStatusOf(pod)?.restartCount === 1);
  await host.until('job', (pod) => waitingReason(pod) === 'CrashLoopBackOff');
  const pod = await host.pod('job');
  assert.match(
    containerStatusOf(pod)?.state?.waiting?.message ?? '',
    /^back-off 10s restarting failed container=main pod=job_default\(.+\)$/u,
  );
  assert.equal(containerStatusOf(pod)?.lastState?.terminated?.exitCode, 3);
  assert.equal(pod?.status?.phase, 'Running');
  assert.equal(await host.log('job'), 'attempt\n');
  await clock.advance(600_000);
  const starts = [...machine.containers.values()].map(({ config }) => config.attempt);
  assert.equal(starts.length, 2, 'the present and the last container are kept');
  // Waits of 0, 10, 20, 40, 80 and 160 s, with a second of life after each; the next is 300 s.
  assert.equal(containerStatusOf(await host.pod('job'))?.restartCount, 6);
  assert.ok(
    (await host.events('job')).some((event) =>
      event.startsWith('BackOff: Back-off restarting failed container main in pod job_default('),
    ),
  );
  await host.end();
});

test('a pod that is not restarted ends as Succeeded or Failed, gives its network back, and keeps its logs', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('busybox:1.36');
  const container = (script: string) => [
    { name: 'main', image: 'busybox:1.36', command: ['sh', '-c', script] },
  ];
  await host.createPod('good', { restartPolicy: 'Never', containers: container('echo done') });
  await host.createPod('bad', { restartPolicy: 'Never', containers: container('echo oops; exit 7') });
  await host.createPod('retried', { restartPolicy: 'OnFailure', containers: container('exit 0') });
  await host.until('good', (pod) => pod?.status?.phase === 'Succeeded');
  await host.until('bad', (pod) => pod?.status?.phase === 'Failed');
  await host.until('retried', (pod) => pod?.status?.phase === 'Succeeded');
  await clock.advance(5000);
  assert.deepEqual(
    [...machine.sandboxes.values()].map(({ state }) => state),
    ['notReady', 'notReady', 'notReady'],
  );
  assert.equal(await host.log('good'), 'done\n');
  const bad = await host.pod('bad');
  assert.equal(containerStatusOf(bad)?.state?.terminated?.exitCode, 7);
  assert.equal(condition(bad, 'Ready'), 'False');
  assert.equal(condition(bad, 'Initialized'), 'True');
  host.kill();
  host.start();
  await clock.advance(10_000);
  assert.equal(machine.containers.size, 3, 'a new agent starts nothing of them again');
  assert.equal((await host.pod('good'))?.status?.phase, 'Succeeded');
  await host.end();
});

test('init containers run one after the other, sidecars go on beside the main containers and end last', async () => {
  const { host, machine } = await startSimulatedHost();
  machine.addImage('busybox:1.36');
  machine.addImage('nginx:1.28');
  const step = (name: string, script: string) => ({
    name,
    image: 'busybox:1.36',
    command: ['sh', '-c', script],
  });
  await host.createPod('web', {
    initContainers: [
      step('first', 'sleep 2'),
      { ...MAIN, name: 'sidecar', restartPolicy: 'Always' },
      step('second', 'sleep 2'),
    ],
    terminationGracePeriodSeconds: 1,
  });
  await host.until('web', (pod) => containerStatusOf(pod, 'first')?.state?.running !== undefined);
  const early = await host.pod('web');
  assert.equal(early?.status?.phase, 'Pending');
  assert.equal(condition(early, 'Initialized'), 'False');
  assert.equal(waitingReason(early), 'PodInitializing');
  await host.until('web', isReady);
  const started = [...machine.containers.values()].map(({ config, state }) => [config.name, state.type]);
  assert.deepEqual(started, [
    ['first', 'exited'],
    ['sidecar', 'running'],
    ['second', 'exited'],
    ['main', 'running'],
  ]);
  await host.deletePod('web');
  await host.until('web', isGone);
  assert.deepEqual((await host.events('web')).slice(-2), [
    'Killing: Stopping container main',
    'Killing: Stopping container sidecar',
  ]);
  await host.end();
});

test('an init container that fails ends a pod that is never restarted, and is tried again otherwise', async () => {
  const { host, machine } = await startSimulatedHost();
  machine.addImage('busybox:1.36');
  const initContainers = [{ name: 'setup', image: 'busybox:1.36', command: ['sh', '-c', 'exit 1'] }];
  await host.createPod('never', { initContainers, restartPolicy: 'Never' });
  await host.createPod('always', { initContainers });
  await host.until('never', (pod) => pod?.status?.phase === 'Failed');
  await host.until('always', (pod) => waitingReason(pod, 'setup') === 'CrashLoopBackOff');
  assert.equal((await host.pod('always'))?.status?.phase, 'Pending');
  await host.end();
});

test('a pod that is active for longer than it may be fails', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  await host.createPod('web', { activeDeadlineSeconds: 30 });
  await host.until('web', isReady);
  await clock.advance(29_000);
  assert.equal((await host.pod('web'))?.status?.phase, 'Running');
  await host.until('web', (pod) => pod?.status?.phase === 'Failed', 3000);
  const pod = await host.pod('web');
  assert.equal(pod?.status?.reason, 'DeadlineExceeded');
  await clock.advance(3000);
  assert.deepEqual(
    [...machine.containers.values()].map(({ state }) => state.type),
    ['exited'],
  );
  await host.end();
});
