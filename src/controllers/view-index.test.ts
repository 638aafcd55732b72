import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMapResource } from '#api/core/config-map.ts';
import { startTestCluster } from '#controllers/test-cluster.ts';
import { labelIndex } from '#reconcile/label-index.ts';

const NAME = { namespace: 'default', name: 'a' };

test('an index follows its view through creation, change and deletion', async () => {
  await using cluster = await startTestCluster([
    { name: 'none', for: configMapResource, reads: [], writes: [], plan: () => [] },
  ]);
  const { client, clock, views } = cluster;
  const index = labelIndex(configMapResource);
  const labelled = (): string[] =>
    [...views.of(configMapResource).index(index).keys()].map((pair) => pair.split('\n').slice(1).join('='));
  await client.create(configMapResource, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...NAME, labels: { app: 'x' } },
  });
  await clock.advance(100);
  assert.deepEqual(labelled(), ['app=x']);
  await client.patch(configMapResource, NAME, {
    patchType: 'merge',
    patch: { metadata: { labels: { app: 'y' } } },
  });
  await clock.advance(100);
  assert.deepEqual(labelled(), ['app=y']);
  await client.delete(configMapResource, NAME);
  await clock.advance(100);
  assert.deepEqual(labelled(), []);
});

test('dependents are found by every owner, controlled ones by their controller only', async () => {
  await using cluster = await startTestCluster([
    { name: 'none', for: configMapResource, reads: [], writes: [], plan: () => [] },
  ]);
  const { client, clock, views } = cluster;
  const owner = (uid: string, controller: boolean) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: uid,
    uid,
    controller,
  });
  const ownerReferences = [owner('one', true), owner('two', false)];
  await client.create(configMapResource, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...NAME, ownerReferences },
  });
  await clock.advance(100);
  const view = views.of(configMapResource);
  const counts = (uid: string) => [
    view.list({ ownedBy: uid }).length,
    view.list({ dependentOn: uid }).length,
  ];
  assert.deepEqual(
    [counts('one'), counts('two'), counts('three')],
    [
      [1, 1],
      [0, 1],
      [0, 0],
    ],
  );
});
