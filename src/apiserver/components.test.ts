import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMapResource } from '#api/core/config-map.ts';
import { nodeResource } from '#api/core/node.ts';
import { podResource } from '#api/core/pod.ts';
import { secretResource } from '#api/core/secret.ts';
import { controllerUser, isComponent, kubeletUser } from '#apiserver/components.ts';
import { startTestServer } from '#apiserver/test-server.ts';

const namespace = 'default';

test('a controller speaks as the account that upstream gives it', () => {
  const names = ['deployment-controller', 'garbage-collector-pods', 'daemonset-controller'].map(
    (name) => controllerUser(name).name,
  );
  assert.deepEqual(names, [
    'system:serviceaccount:kube-system:deployment-controller',
    'system:serviceaccount:kube-system:generic-garbage-collector',
    'system:serviceaccount:kube-system:daemon-set-controller',
  ]);
  const { name, groups } = controllerUser('deployment-controller');
  assert.equal(isComponent({ name, groups }), false, 'no one is by his name');
});

test('the kubelet of this process may do what any node may, and no more', async () => {
  const server = await startTestServer();
  const kubelet = server.clientOf(kubeletUser('host'));
  const node = (name: string) =>
    kubelet.create(nodeResource, { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {} });
  assert.equal((await node('host')).metadata.name, 'host');
  await kubelet.patch(
    nodeResource,
    { name: 'host' },
    { patchType: 'merge', patch: { metadata: { labels: { a: 'b' } } } },
  );
  const status = {
    patchType: 'merge',
    patch: { status: { phase: 'Running' } },
    subresource: 'status',
  } as const;
  for (const [name, nodeName] of [
    ['mine', 'host'],
    ['other', 'elsewhere'],
  ] as const)
    await server.client.create(podResource, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name },
      spec: { nodeName, containers: [{ name: 'c', image: 'i' }] },
    });
  await server.clock.advance(100);
  assert.equal(
    (await kubelet.patch(podResource, { namespace, name: 'mine' }, status)).status?.phase,
    'Running',
  );
  await assert.rejects(kubelet.patch(podResource, { namespace, name: 'other' }, status), /403|forbidden/i);
  await assert.rejects(node('elsewhere'), /is not allowed to modify node "elsewhere"/);
  await assert.rejects(
    kubelet.create(configMapResource, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace, name: 'x' },
    }),
    /forbidden/,
  );
  await assert.rejects(kubelet.get(secretResource, { namespace, name: 'x' }), /no relationship found/);
  const taint = { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } };
  await assert.rejects(
    kubelet.patch(nodeResource, { name: 'host' }, { patchType: 'merge', patch: taint }),
    /is not allowed to modify taints/,
  );
  await server.stop();
});
