import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daemonSetResource } from '#api/apps/daemon-set.ts';
import { type Deployment, deploymentResource } from '#api/apps/deployment.ts';
import { replicaSetResource } from '#api/apps/replica-set.ts';
import { statefulSetResource } from '#api/apps/stateful-set.ts';
import { cronJobResource } from '#api/batch/cron-job.ts';
import { jobResource } from '#api/batch/job.ts';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { configMapResource } from '#api/core/config-map.ts';
import { eventResource } from '#api/core/event.ts';
import { namespaceResource } from '#api/core/namespace.ts';
import { nodeResource } from '#api/core/node.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { serviceResource } from '#api/core/service.ts';
import { endpointSliceResource } from '#api/discovery/endpoint-slice.ts';
import type { Draft } from '#api/object.ts';
import { KindRoster } from '#controllers/kind-roster.ts';
import { webService } from '#controllers/service-fixtures.ts';
import { siteControllers } from '#controllers/standard.ts';
import { startTestCluster, type TestCluster } from '#controllers/test-cluster.ts';
import { timestamp } from '#system/clock.ts';

const NAME = { namespace: 'shop', name: 'web' };

function web(image: string): Draft<Deployment> {
  const labels = { app: 'web' };
  const container = { name: 'main', image, ports: [{ name: 'http', containerPort: 8080 }] };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: NAME,
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  };
}

async function startSite(): Promise<TestCluster> {
  const cluster = await startTestCluster(
    siteControllers({
      roster: new KindRoster(BUILTIN_RESOURCES),
      authority: 'PEM',
      tokens: { sign: () => 'token', isCurrent: (token) => token === 'token' },
    }),
  );
  await cluster.client.create(namespaceResource, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop' },
    spec: {},
  });
  await cluster.client.create(nodeResource, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'host-a' },
    spec: {},
  });
  await cluster.client.patch(
    nodeResource,
    { name: 'host-a' },
    {
      patchType: 'merge',
      patch: { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
      subresource: 'status',
    },
  );
  await cluster.clock.advance(1000);
  return cluster;
}

/** What scheduler and host do: pods run at once, and stop at once when they are deleted. */
async function runPods({ client, clock, views }: TestCluster): Promise<void> {
  for (let round = 0; round < 40; round += 1) {
    await clock.advance(500);
    for (const pod of views.of(podResource).list()) await runPod({ client, clock }, pod);
  }
}

async function runPod({ client, clock }: Pick<TestCluster, 'client' | 'clock'>, pod: Pod): Promise<void> {
  const name = { namespace: pod.metadata.namespace, name: pod.metadata.name };
  if (pod.metadata.deletionTimestamp !== undefined) {
    await client.delete(podResource, name, { gracePeriodSeconds: 0 });
  } else if (pod.spec.nodeName === undefined) {
    const body = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: name,
      target: { kind: 'Node', name: 'host-a' },
    };
    await client.createSubresource(podResource, name, { subresource: 'binding', body });
  } else if (pod.status?.phase === 'Pending') {
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: timestamp(clock.now()) }];
    const phase = pod.metadata.labels?.['job-name'] === undefined ? 'Running' : 'Succeeded';
    const patch = {
      status: { phase, podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }], conditions },
    };
    await client.patch(podResource, name, { patchType: 'merge', subresource: 'status', patch });
  }
}

test('a Deployment is rolled out, updated and deleted against the real API server', async () => {
  await using site = await startSite();
  const { client } = site;
  await client.create(deploymentResource, web('web:1'));
  await client.create(serviceResource, webService());
  await runPods(site);
  const first = await client.get(deploymentResource, NAME);
  assert.equal(first.status?.availableReplicas, 3);
  assert.equal(
    first.status.conditions?.find(({ type }) => type === 'Progressing')?.reason,
    'NewReplicaSetAvailable',
  );
  const slices = await client.list(endpointSliceResource, { namespace: 'shop' });
  assert.equal(slices.items[0]?.endpoints?.length, 3);

  const template = web('web:2').spec.template;
  await client.patch(deploymentResource, NAME, { patchType: 'merge', patch: { spec: { template } } });
  await runPods(site);
  const pods = await client.list(podResource, { namespace: 'shop' });
  assert.deepEqual(
    pods.items.map(({ spec }) => spec.containers[0]?.image),
    ['web:2', 'web:2', 'web:2'],
  );
  const sets = await client.list(replicaSetResource, { namespace: 'shop' });
  assert.deepEqual(sets.items.map(({ spec }) => spec.replicas).toSorted(), [0, 3]);
  const events = await client.list(eventResource, { namespace: 'shop' });
  assert.ok(
    events.items.some(({ message }) => /^Scaled up replica set web-\w+ to 3 from 0$/.test(message ?? '')),
  );

  await client.delete(deploymentResource, NAME, { propagationPolicy: 'Foreground' });
  await runPods(site);
  for (const type of [deploymentResource, replicaSetResource, podResource]) {
    assert.deepEqual((await client.list(type as typeof podResource, { namespace: 'shop' })).items, []);
  }
});

test('every workload comes to rest, and a settled site writes nothing', async () => {
  await using site = await startSite();
  const { client } = site;
  const { template } = web('web:1').spec;
  const metadata = NAME;
  const once = { ...template, spec: { ...template.spec, restartPolicy: 'Never' as const } };
  await client.create(deploymentResource, web('web:1'));
  await client.create(serviceResource, webService());
  const database = {
    selector: { matchLabels: { app: 'db' } },
    template: { ...template, metadata: { labels: { app: 'db' } } },
  };
  await client.create(statefulSetResource, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata,
    spec: { replicas: 2, ...database },
  });
  const agent = {
    selector: { matchLabels: { app: 'agent' } },
    template: { ...template, metadata: { labels: { app: 'agent' } } },
  };
  await client.create(daemonSetResource, { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec: agent });
  await client.create(jobResource, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata,
    spec: { completions: 2, template: { spec: once.spec } },
  });
  const jobTemplate = { spec: { template: { spec: once.spec } } };
  const yearly = { schedule: '@yearly', jobTemplate };
  await client.create(cronJobResource, { apiVersion: 'batch/v1', kind: 'CronJob', metadata, spec: yearly });
  await runPods(site);
  assert.equal((await client.get(deploymentResource, NAME)).status?.availableReplicas, 3);
  assert.equal((await client.get(statefulSetResource, NAME)).status?.availableReplicas, 2);
  assert.equal((await client.get(daemonSetResource, NAME)).status?.numberAvailable, 1);
  const job = await client.get(jobResource, NAME);
  assert.deepEqual(
    job.status?.conditions?.map(({ type }) => type),
    ['SuccessCriteriaMet', 'Complete'],
  );
  assert.equal(job.status?.succeeded, 2);
  const before = (await client.list(podResource)).resourceVersion;
  await site.clock.advance(3600_000);
  assert.equal((await client.list(podResource)).resourceVersion, before);
});

test('a namespace gets its account and authority, and goes with all that is in it', async () => {
  await using site = await startSite();
  const { client } = site;
  const authority = await client.get(configMapResource, { namespace: 'shop', name: 'kube-root-ca.crt' });
  assert.deepEqual(authority.data, { 'ca.crt': 'PEM' });
  await client.create(deploymentResource, web('web:1'));
  await runPods(site);
  await client.delete(namespaceResource, { name: 'shop' });
  await runPods(site);
  assert.equal(await client.find(namespaceResource, { name: 'shop' }), undefined);
  assert.deepEqual((await client.list(podResource)).items, []);
});
