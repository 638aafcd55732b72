import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replicaSetResource } from '#api/apps/replica-set.ts';
import { podResource } from '#api/core/pod.ts';
import { podDisruptionBudgetResource } from '#api/policy/pod-disruption-budget.ts';
import { StatusError } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { podDisruptionBudgetController } from '#controllers/pod-disruption-budget.ts';
import { startTestCluster, type TestCluster } from '#controllers/test-cluster.ts';

const namespace = 'default';
const BUDGET = { namespace, name: 'b' };

function startCluster(): Promise<TestCluster> {
  return startTestCluster([podDisruptionBudgetController as never]);
}

async function createPods(client: Client, names: readonly string[], owner?: object): Promise<void> {
  for (const name of names) {
    await client.create(podResource, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace,
        labels: { app: 'web' },
        ...(owner === undefined ? {} : { ownerReferences: [owner as never] }),
      },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
    });
    await setReady(client, name, 'True');
  }
}

async function setReady(client: Client, name: string, status: string): Promise<void> {
  const patch = { status: { phase: 'Running', conditions: [{ type: 'Ready', status }] } };
  await client.patch(podResource, { namespace, name }, { patchType: 'merge', patch, subresource: 'status' });
}

async function createBudget(client: Client, spec: object): Promise<void> {
  await client.create(podDisruptionBudgetResource, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: BUDGET,
    spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
  });
}

/** `allowed`, or what the refusal says. */
async function evict(client: Client, name: string): Promise<string> {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  try {
    await client.createSubresource(podResource, { namespace, name }, { subresource: 'eviction', body });
    return 'allowed';
  } catch (error) {
    assert.ok(error instanceof StatusError);
    return `${error.code} ${error.message} ${error.details.causes?.[0]?.message ?? ''}`.trim();
  }
}

test('as many pods as the budget allows are evicted at a time, and no more', async () => {
  await using cluster = await startCluster();
  const { client, clock } = cluster;
  await createPods(client, ['a', 'b', 'c']);
  await createBudget(client, { minAvailable: 2 });
  assert.equal(
    await evict(client, 'a'),
    "429 Cannot evict pod as it would violate the pod's disruption budget. The disruption budget b is still being processed by the server.",
  );
  await clock.advance(1000);
  const { status } = await client.get(podDisruptionBudgetResource, BUDGET);
  assert.deepEqual(
    [status?.expectedPods, status?.currentHealthy, status?.desiredHealthy, status?.disruptionsAllowed],
    [3, 3, 2, 1],
  );
  const answers = await Promise.all(['a', 'b', 'c'].map((name) => evict(client, name)));
  assert.equal(answers.filter((answer) => answer === 'allowed').length, 1);
  assert.match(
    answers.find((answer) => answer !== 'allowed') ?? '',
    /^429 .* The disruption budget b needs 2 healthy pods and has 3 currently$/,
  );
  await clock.advance(1000);
  const after = (await client.get(podDisruptionBudgetResource, BUDGET)).status;
  assert.deepEqual(
    [after?.currentHealthy, after?.disruptionsAllowed, after?.disruptedPods],
    [2, 0, undefined],
  );
});

test('a pod that is not ready may go where enough others are healthy, or where the budget says so', async () => {
  await using cluster = await startCluster();
  const { client, clock } = cluster;
  await createPods(client, ['a', 'b', 'c']);
  await setReady(client, 'c', 'False');
  await createBudget(client, { minAvailable: 2 });
  await clock.advance(1000);
  assert.equal(await evict(client, 'c'), 'allowed');
  await setReady(client, 'b', 'False');
  await clock.advance(1000);
  assert.match(await evict(client, 'b'), /^429 /);
  const patch = { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } };
  await client.patch(podDisruptionBudgetResource, BUDGET, { patchType: 'merge', patch });
  assert.equal(await evict(client, 'b'), 'allowed');
});

test('percentages and maxUnavailable are of what the owners are scaled to', async () => {
  await using cluster = await startCluster();
  const { client, clock } = cluster;
  const { metadata } = await client.create(replicaSetResource, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web', namespace },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  });
  const owner = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: 'web',
    uid: metadata.uid,
    controller: true,
  };
  await createPods(client, ['a', 'b', 'c'], owner);
  await createBudget(client, { maxUnavailable: '50%' });
  await clock.advance(1000);
  const { status } = await client.get(podDisruptionBudgetResource, BUDGET);
  assert.deepEqual([status?.expectedPods, status?.desiredHealthy, status?.disruptionsAllowed], [4, 2, 1]);
});

test('a pod under two budgets cannot be evicted', async () => {
  await using cluster = await startCluster();
  const { client, clock } = cluster;
  await createPods(client, ['a']);
  await createBudget(client, { minAvailable: 0 });
  await client.create(podDisruptionBudgetResource, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { namespace, name: 'second' },
    spec: { selector: { matchLabels: { app: 'web' } } },
  });
  await clock.advance(1000);
  assert.match(await evict(client, 'a'), /^500 This pod has more than one PodDisruptionBudget/);
});
