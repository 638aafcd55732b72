import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podResource } from '#api/core/pod.ts';
import { startSimulatedHost } from '#kubelet/simulated-host.fixture.ts';
import { containerStatusOf, isReady, waitingReason } from '#kubelet/test-host.fixture.ts';

const MAIN = { name: 'main', image: 'nginx:1.28' };

test('an image that cannot be had is told of in one sentence, hardly written about, and pulled once it can be', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.registry = 'down';
  await host.createPod('web', {});
  await host.until('web', (pod) => waitingReason(pod) === 'ErrImagePull');
  const sentence =
    'Failed to pull image "nginx:1.28": it is not on this host and no registry could be reached';
  assert.ok(containerStatusOf(await host.pod('web'))?.state?.waiting?.message?.startsWith(sentence));
  await host.until('web', (pod) => waitingReason(pod) === 'ImagePullBackOff');
  assert.ok(
    containerStatusOf(await host.pod('web'))?.state?.waiting?.message?.startsWith(
      `Back-off pulling image "nginx:1.28": ${sentence}`,
    ),
  );
  assert.ok((await host.events('web')).some((event) => event.startsWith(`Failed: ${sentence}`)));
  await assert.rejects(host.log('web'), {
    message: 'container "main" in pod "web" is waiting to start: trying and failing to pull image',
  });
  await clock.advance(600_000);
  host.writes.length = 0;
  await clock.advance(1800_000);
  assert.deepEqual(
    host.writes.filter((write) => write.startsWith('patch pods')),
    [],
  );
  machine.registry = 'up';
  await host.until('web', isReady, 400_000);
  await host.end();
});

test('with policy Always, the image on the host serves while no registry can be reached; with Never, nothing is pulled', async () => {
  const { host, machine } = await startSimulatedHost();
  machine.registry = 'down';
  machine.addImage('nginx:latest');
  await host.createPod('latest', { containers: [{ name: 'main', image: 'nginx' }] });
  await host.until('latest', isReady);
  assert.ok(
    (await host.events('latest')).some((event) => event.startsWith('Failed: No registry could be reached')),
  );
  await host.createPod('never', {
    containers: [{ name: 'main', image: 'redis:7', imagePullPolicy: 'Never' }],
  });
  await host.until('never', (pod) => waitingReason(pod) === 'ErrImageNeverPull');
  assert.equal(
    containerStatusOf(await host.pod('never'))?.state?.waiting?.message,
    'Container image "redis:7" is not present with pull policy of Never',
  );
  await host.end();
});

test('a changed image restarts just that container', async () => {
  const { host, machine } = await startSimulatedHost();
  for (const image of ['nginx:1.28', 'nginx:1.29', 'redis:7']) machine.addImage(image);
  await host.createPod('web', { containers: [MAIN, { name: 'cache', image: 'redis:7' }] });
  await host.until('web', isReady);
  const pod = await host.pod('web');
  const cacheId = containerStatusOf(pod, 'cache')?.containerID;
  assert.ok(pod);
  const spec = { containers: [{ name: 'main', image: 'nginx:1.29' }] };
  await host.client.patch(podResource, pod.metadata, { patchType: 'strategic', patch: { spec } });
  await host.until('web', (changed) => containerStatusOf(changed)?.restartCount === 1 && isReady(changed));
  const after = await host.pod('web');
  assert.equal(containerStatusOf(after)?.image, 'nginx:1.29');
  assert.equal(containerStatusOf(after, 'cache')?.containerID, cacheId);
  assert.ok(
    (await host.events('web')).includes('Killing: Container main definition changed, will be restarted'),
  );
  await host.end();
});
