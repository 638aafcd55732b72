import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NodeCondition, nodeResource } from '#api/core/node.ts';
import { taintNodesByCondition } from '#apiserver/admission/node-taint.ts';
import { nodeTaintController } from '#controllers/node-taints.ts';
import { startTestCluster } from '#controllers/test-cluster.ts';

test('a new node is tainted until it is ready, and then by its conditions', async () => {
  await using cluster = await startTestCluster([nodeTaintController as never], {
    admission: [taintNodesByCondition],
  });
  const { client, clock } = cluster;
  const name = { name: 'host' };
  const made = await client.create(nodeResource, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: name,
    spec: { taints: [{ key: 'example.com/own', effect: 'NoSchedule' }] },
  });
  const taintsOf = ({ spec }: typeof made) => spec.taints?.map(({ key, effect }) => `${key}:${effect}`);
  const own = 'example.com/own:NoSchedule';
  assert.deepEqual(taintsOf(made), [own, 'node.kubernetes.io/not-ready:NoSchedule']);
  const after = async (...conditions: [type: string, status: NodeCondition['status']][]) => {
    const status = { conditions: conditions.map(([type, value]) => ({ type, status: value })) };
    const patch = { patchType: 'merge', patch: { status }, subresource: 'status' } as const;
    await client.patch(nodeResource, name, patch);
    await clock.advance(1000);
    return taintsOf(await client.get(nodeResource, name));
  };
  await clock.advance(1000);
  assert.deepEqual(taintsOf(await client.get(nodeResource, name)), taintsOf(made), 'it has told nothing');
  assert.deepEqual(await after(['Ready', 'True']), [own]);
  assert.deepEqual(await after(['Ready', 'Unknown'], ['DiskPressure', 'True']), [
    own,
    'node.kubernetes.io/unreachable:NoSchedule',
    'node.kubernetes.io/disk-pressure:NoSchedule',
  ]);
  await client.patch(nodeResource, name, { patchType: 'merge', patch: { spec: { unschedulable: true } } });
  assert.deepEqual(await after(['Ready', 'True']), [own, 'node.kubernetes.io/unschedulable:NoSchedule']);
});
