import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowSchemaResource } from '#api/flowcontrol/flow-schema.ts';
import { priorityLevelConfigurationResource } from '#api/flowcontrol/priority-level-configuration.ts';
import { flowSchemaStatusController } from '#controllers/flow-schema-status.ts';
import { startTestCluster } from '#controllers/test-cluster.ts';

test('a flow schema says whether its priority level is there', async () => {
  await using cluster = await startTestCluster([flowSchemaStatusController as never]);
  const { client, clock } = cluster;
  await client.create(flowSchemaResource, {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name: 'mine' },
    spec: { priorityLevelConfiguration: { name: 'quick' } },
  });
  const dangling = async () => {
    await clock.advance(1000);
    const { status } = await client.get(flowSchemaResource, { name: 'mine' });
    return status?.conditions?.map((condition) => [condition.type, condition.status, condition.message]);
  };
  const about = 'This FlowSchema references the PriorityLevelConfiguration object named "quick"';
  assert.deepEqual(await dangling(), [['Dangling', 'True', `${about} but there is no such object`]]);
  await client.create(priorityLevelConfigurationResource, {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'PriorityLevelConfiguration',
    metadata: { name: 'quick' },
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  });
  assert.deepEqual(await dangling(), [['Dangling', 'False', `${about} and it exists`]]);
  await client.delete(priorityLevelConfigurationResource, { name: 'quick' });
  assert.deepEqual(await dangling(), [['Dangling', 'True', `${about} but there is no such object`]]);
});
