import assert from 'node:assert/strict';
import { test } from 'node:test';
import { persistentVolumeResource } from '#api/core/persistent-volume.ts';
import { persistentVolumeClaimResource } from '#api/core/persistent-volume-claim.ts';
import { podResource } from '#api/core/pod.ts';
import { storageProtection } from '#apiserver/admission/storage-protection.ts';
import { claimProtectionController, volumeProtectionController } from '#controllers/storage-protection.ts';
import { startTestCluster } from '#controllers/test-cluster.ts';

const namespace = 'default';
const resources = { requests: { storage: '1Gi' } };

test('a claim that a pod on a host uses stays until the pod is gone', async () => {
  await using cluster = await startTestCluster([claimProtectionController as never], {
    admission: [storageProtection],
  });
  const { client, clock } = cluster;
  for (const name of ['used', 'idle', 'planned'])
    await client.create(persistentVolumeClaimResource, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { namespace, name },
      spec: { accessModes: ['ReadWriteOnce'], resources },
    });
  for (const [name, claimName, nodeName] of [
    ['running', 'used', 'host'],
    ['waiting', 'planned', undefined],
  ] as const)
    await client.create(podResource, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name },
      spec: {
        ...(nodeName === undefined ? {} : { nodeName }),
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }],
      },
    });
  const before = await client.get(persistentVolumeClaimResource, { namespace, name: 'used' });
  assert.deepEqual(before.metadata.finalizers, ['kubernetes.io/pvc-protection']);
  await clock.advance(1000);
  for (const name of ['used', 'idle', 'planned'])
    await client.delete(persistentVolumeClaimResource, { namespace, name });
  await clock.advance(1000);
  const left = async () =>
    (await client.list(persistentVolumeClaimResource, {})).items.map(({ metadata }) => metadata.name);
  assert.deepEqual(await left(), ['used']);
  await client.delete(podResource, { namespace, name: 'running' }, { gracePeriodSeconds: 0 });
  await clock.advance(1000);
  assert.deepEqual(await left(), []);
});

test('a volume that a claim has stays until it is released', async () => {
  await using cluster = await startTestCluster([volumeProtectionController as never], {
    admission: [storageProtection],
  });
  const { client, clock } = cluster;
  const name = { name: 'v' };
  await client.create(persistentVolumeResource, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: name,
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/v' } },
  });
  const toPhase = (phase: string) =>
    client.patch(persistentVolumeResource, name, {
      patchType: 'merge',
      patch: { status: { phase } },
      subresource: 'status',
    });
  await toPhase('Bound');
  await client.delete(persistentVolumeResource, name);
  await clock.advance(1000);
  assert.notEqual(await client.find(persistentVolumeResource, name), undefined);
  await toPhase('Released');
  await clock.advance(1000);
  assert.equal(await client.find(persistentVolumeResource, name), undefined);
});
