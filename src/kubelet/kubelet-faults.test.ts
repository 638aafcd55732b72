import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Node, nodeResource } from '#api/core/node.ts';
import { startSimulatedHost } from '#kubelet/simulated-host.fixture.ts';
import { containerStatusOf, isReady, NODE, waitingReason } from '#kubelet/test-host.fixture.ts';

test('the node is registered with what the host is; a runtime that does not answer makes it not ready and stops nothing', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  await host.createPod('web', {});
  await host.until('web', isReady);
  const node = (): Promise<Node> => host.client.get(nodeResource, { name: NODE });
  const ready = (found: Node) => found.status?.conditions?.find(({ type }) => type === 'Ready');
  assert.equal(ready(await node())?.status, 'True');
  assert.equal((await node()).metadata.labels?.['kubernetes.io/hostname'], NODE);
  assert.equal((await node()).metadata.labels?.['topology.kubernetes.io/zone'], 'north');
  machine.isAnswering = false;
  await clock.advance(10_000);
  assert.equal(ready(await node())?.reason, 'ContainerRuntimeNotReady');
  assert.equal(isReady(await host.pod('web')), true);
  machine.isAnswering = true;
  await clock.advance(10_000);
  assert.equal(ready(await node())?.status, 'True');
  assert.equal(machine.containers.size, 1);
  await host.end();
});

test('a killed agent is replaced by one that takes its containers over and starts none twice', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  await host.createPod('web', {});
  await host.until('web', isReady);
  const before = [...machine.containers.keys()];
  host.kill();
  const [id] = before;
  assert.ok(id);
  machine.crash(id, { exitCode: 2 });
  await clock.advance(60_000);
  host.start();
  await host.until('web', (pod) => containerStatusOf(pod)?.restartCount === 1 && isReady(pod));
  assert.equal(containerStatusOf(await host.pod('web'))?.lastState?.terminated?.exitCode, 2);
  host.kill();
  host.start();
  await clock.advance(30_000);
  assert.equal([...machine.containers.values()].filter(({ state }) => state.type === 'running').length, 1);
  assert.equal(containerStatusOf(await host.pod('web'))?.restartCount, 1);
  await host.end();
});

test('while the API server does not answer, containers are restarted, none is stopped, and the status follows later', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  await host.createPod('web', {});
  await host.until('web', isReady);
  host.isServerDown = true;
  machine.crash([...machine.containers.keys()][0] ?? '', { exitCode: 1 });
  await clock.advance(600_000);
  assert.deepEqual(
    [...machine.containers.values()].map(({ state }) => state.type),
    ['exited', 'running'],
  );
  host.isServerDown = false;
  await host.until('web', (pod) => containerStatusOf(pod)?.restartCount === 1 && isReady(pod));
  await host.end();
});

test('an agent that starts without an API server stops nothing', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  await host.createPod('web', {});
  await host.until('web', isReady);
  host.kill();
  host.isServerDown = true;
  host.start();
  await clock.advance(3600_000);
  assert.deepEqual(
    [...machine.containers.values()].map(({ state }) => state.type),
    ['running'],
  );
  host.isServerDown = false;
  await clock.advance(60_000);
  assert.deepEqual(
    [...machine.containers.values()].map(({ state }) => state.type),
    ['running'],
  );
  await host.end();
});

test('after a power cut every pod starts again in a new sandbox, and counts it as a restart', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  machine.addImage('busybox:1.36');
  const once = {
    restartPolicy: 'Never' as const,
    containers: [{ name: 'main', image: 'busybox:1.36', command: ['sleep', '1h'] }],
  };
  await host.createPod('web', {});
  await host.createPod('once', once);
  await host.until('web', isReady);
  await host.until('once', isReady);
  host.kill();
  machine.powerOff();
  await clock.advance(5000);
  host.start();
  await host.until('web', (pod) => containerStatusOf(pod)?.restartCount === 1 && isReady(pod));
  await host.until('once', (pod) => pod?.status?.phase === 'Failed');
  assert.ok(
    (await host.events('web')).includes(
      'SandboxChanged: Pod sandbox changed, it will be killed and re-created.',
    ),
  );
  assert.equal(containerStatusOf(await host.pod('web'))?.lastState?.terminated?.exitCode, 255);
  await host.end();
});

test('a runtime that has lost all it knew is filled again, and restarts are counted on', async () => {
  const { host, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  await host.createPod('web', {});
  await host.until('web', isReady);
  host.kill();
  machine.powerOff();
  machine.containers.clear();
  machine.sandboxes.clear();
  host.start();
  await host.until('web', (pod) => containerStatusOf(pod)?.restartCount === 1 && isReady(pod));
  await host.end();
});

test('a pod that was deleted while the agent was away is stopped when it is back; one of an earlier life of the server later', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  await host.createPod('gone', {});
  await host.until('gone', isReady);
  host.kill();
  await host.deletePod('gone', 0);
  host.start();
  await clock.advance(10_000);
  assert.equal(machine.sandboxes.size, 0);
  await host.createPod('elder', {});
  await host.until('elder', isReady);
  host.kill();
  await host.deletePod('elder', 0);
  await clock.advance(2000);
  await host.client.delete(nodeResource, { name: NODE });
  host.start();
  await clock.advance(300_000);
  assert.equal(machine.sandboxes.size, 1, 'a server that does not know this host does not know what it runs');
  await clock.advance(400_000);
  assert.equal(machine.sandboxes.size, 0);
  await host.end();
});

test('a clock that is set back by days holds no restart up, and one that is set forward ends nothing', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('busybox:1.36');
  await host.createPod('job', {
    activeDeadlineSeconds: 100_000,
    containers: [{ name: 'main', image: 'busybox:1.36', command: ['sh', '-c', 'sleep 1; exit 1'] }],
  });
  await host.until('job', (pod) => containerStatusOf(pod)?.restartCount === 1);
  await host.until('job', (pod) => waitingReason(pod) === 'CrashLoopBackOff');
  clock.setWall(clock.now() - 2 * 86_400_000);
  await host.until('job', (pod) => containerStatusOf(pod)?.restartCount === 2, 15_000);
  clock.setWall(clock.now() + 5 * 365 * 86_400_000);
  await clock.advance(60_000);
  assert.equal((await host.pod('job'))?.status?.phase, 'Running');
  await host.end();
});

test('sandboxes of others on the same runtime are left alone', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  await host.createPod('web', {});
  await host.until('web', isReady);
  const [own] = machine.sandboxes.values();
  assert.ok(own);
  const config = {
    ...own.config,
    annotations: {},
    pod: { name: 'other', namespace: 'default', uid: 'other' },
  };
  machine.sandboxes.set('foreign', { ...own, id: 'foreign', config });
  await clock.advance(1000_000);
  assert.ok(machine.sandboxes.has('foreign'));
  await host.end();
});
