import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMapResource } from '#api/core/config-map.ts';
import { startSimulatedHost } from '#kubelet/simulated-host.fixture.ts';
import { containerStatusOf, isReady, waitingReason } from '#kubelet/test-host.fixture.ts';

const MAIN = { name: 'main', image: 'nginx:1.28' };

test('a missing ConfigMap keeps a pod from starting until it is there; its updates reach the files of the running pod', async () => {
  const { host, clock, machine, disk } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  const pod = await host.createPod('web', { volumes: [{ name: 'page', configMap: { name: 'page' } }] });
  await clock.advance(5000);
  assert.equal(waitingReason(await host.pod('web')), 'ContainerCreating');
  assert.ok(
    (await host.events('web')).includes(
      'FailedMount: MountVolume.SetUp failed for volume "page" : configmap "page" not found',
    ),
  );
  await host.putConfigMap('page', { 'index.html': 'one' });
  await host.until('web', isReady, 3000);
  const path = `/data/memory/${pod.metadata.uid}/volumes/page/index.html`;
  const read = async (): Promise<string> => Buffer.from((await disk.read(path)) ?? []).toString();
  assert.equal(await read(), 'one');
  await host.putConfigMap('page', { 'index.html': 'two' });
  await clock.advance(1000);
  assert.equal(await read(), 'two');
  await host.end();
});

test('a variable whose source is missing is told of as CreateContainerConfigError', async () => {
  const { host, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  const env = [{ name: 'MODE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'mode' } } }];
  await host.createPod('web', { containers: [{ ...MAIN, env }] });
  await host.until('web', (pod) => waitingReason(pod) === 'CreateContainerConfigError');
  assert.equal(
    containerStatusOf(await host.pod('web'))?.state?.waiting?.message,
    'configmap "settings" not found',
  );
  await host.putConfigMap('settings', { mode: 'fast' });
  await host.until('web', isReady, 3000);
  const [container] = machine.containers.values();
  assert.ok(container?.config.env.some(({ name, value }) => name === 'MODE' && value === 'fast'));
  await host.end();
});

test('a pod that runs already runs on with what it was given, though the object is gone', async () => {
  const { host, clock, machine, disk } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  await host.putConfigMap('page', { 'index.html': 'one' });
  const pod = await host.createPod('web', { volumes: [{ name: 'page', configMap: { name: 'page' } }] });
  await host.until('web', isReady);
  await host.client.delete(configMapResource, { namespace: 'default', name: 'page' });
  host.kill();
  host.start();
  await clock.advance(5000);
  machine.crash([...machine.containers.keys()][0] ?? '');
  await host.until('web', (found) => containerStatusOf(found)?.restartCount === 1 && isReady(found), 5000);
  const path = `/data/memory/${pod.metadata.uid}/volumes/page/index.html`;
  assert.equal(Buffer.from((await disk.read(path)) ?? []).toString(), 'one');
  await host.end();
});
