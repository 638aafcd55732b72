import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSimulatedHost } from '#kubelet/simulated-host.fixture.ts';
import { condition, containerStatusOf, isReady } from '#kubelet/test-host.fixture.ts';
import { must } from '#system/assert.ts';

const SERVER = { name: 'main', image: 'nginx:1.28' };

test('a container is ready within moments of answering, however long its period is', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28', {
    ...must(machine.catalogue('nginx:1.28'), 'any image'),
    answersAfterMs: 1200,
  });
  await host.createPod('web', {
    containers: [{ ...SERVER, readinessProbe: { httpGet: { port: 80 }, periodSeconds: 60 } }],
  });
  await host.until('web', (pod) => containerStatusOf(pod)?.state?.running !== undefined);
  const startMs = clock.monotonic();
  await host.until('web', isReady);
  assert.ok(clock.monotonic() - startMs < 3000);
  assert.ok(
    !(await host.events('web')).some((event) => event.startsWith('Unhealthy')),
    'what was only early is not told of',
  );
  await host.end();
});

test('a container that stops answering is taken out, and killed once its liveness probe has failed often enough', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  const image = { ...must(machine.catalogue('nginx:1.28'), 'any image'), answersAfterMs: 50 };
  machine.addImage('nginx:1.28', image);
  const handler = { httpGet: { port: 80 }, periodSeconds: 5, failureThreshold: 2 };
  const containers = [
    { ...SERVER, readinessProbe: handler, livenessProbe: { ...handler, failureThreshold: 4 } },
  ];
  await host.createPod('web', { containers });
  await host.until('web', isReady);
  const [stored] = machine.images.values();
  const [container] = machine.containers.values();
  Object.assign(must(container, 'it runs').image, { answersAfterMs: undefined });
  assert.equal(stored?.image, image);
  await host.until('web', (pod) => condition(pod, 'Ready') === 'False', 11_000);
  assert.equal(containerStatusOf(await host.pod('web'))?.restartCount, 0);
  await host.until('web', (pod) => containerStatusOf(pod)?.restartCount === 1, 16_000);
  const events = await host.events('web');
  assert.ok(events.includes('Killing: Container main failed liveness probe, will be restarted'));
  assert.ok(
    events.some((event) => event.startsWith('Unhealthy: Liveness probe failed: dial tcp 10.88.0.1:80')),
  );
  Object.assign(image, { answersAfterMs: 50 });
  await host.until('web', isReady);
  assert.ok(clock.monotonic() < 60_000);
  await host.end();
});

test('a startup probe holds the others back, and gives a slow container up after its budget', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  const image = { ...must(machine.catalogue('nginx:1.28'), 'any image'), answersAfterMs: 25_000 };
  machine.addImage('nginx:1.28', image);
  const httpGet = { port: 80 };
  const livenessProbe = { httpGet, periodSeconds: 1, failureThreshold: 1 };
  await host.createPod('slow', {
    containers: [
      { ...SERVER, livenessProbe, startupProbe: { httpGet, periodSeconds: 10, failureThreshold: 3 } },
    ],
  });
  await host.createPod('hopeless', {
    containers: [{ ...SERVER, startupProbe: { httpGet, periodSeconds: 5, failureThreshold: 3 } }],
  });
  await host.until('slow', (pod) => containerStatusOf(pod)?.state?.running !== undefined);
  assert.equal(containerStatusOf(await host.pod('slow'))?.started, false);
  await clock.advance(14_000);
  assert.equal(containerStatusOf(await host.pod('hopeless'))?.restartCount, 0);
  await host.until('hopeless', (pod) => containerStatusOf(pod)?.restartCount === 1, 5000);
  assert.ok(
    (await host.events('hopeless')).includes(
      'Killing: Container main failed startup probe, will be restarted',
    ),
  );
  await host.until('slow', isReady, 20_000);
  assert.equal(containerStatusOf(await host.pod('slow'))?.restartCount, 0);
  await host.end();
});

test('readiness outlives a restart of the agent', async () => {
  const { host, clock, machine } = await startSimulatedHost();
  machine.addImage('nginx:1.28');
  await host.createPod('web', {
    containers: [{ ...SERVER, readinessProbe: { httpGet: { port: 80 }, initialDelaySeconds: 5 } }],
  });
  await host.until('web', isReady);
  host.kill();
  const since = (await host.pod('web'))?.status?.conditions?.find(
    ({ type }) => type === 'Ready',
  )?.lastTransitionTime;
  host.start();
  await clock.advance(30_000);
  const now = (await host.pod('web'))?.status?.conditions?.find(({ type }) => type === 'Ready');
  assert.deepEqual([now?.status, now?.lastTransitionTime], ['True', since]);
  await host.end();
});
