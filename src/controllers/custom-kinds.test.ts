import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '#api/apiextensions/custom-resource-definition.ts';
import { customResourceDefinitionResource } from '#api/apiextensions/custom-resource-definition.ts';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { configMapResource } from '#api/core/config-map.ts';
import { namespaceResource } from '#api/core/namespace.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import { KindRoster } from '#controllers/kind-roster.ts';
import { hubControllers } from '#controllers/standard.ts';
import { startTestCluster, type TestCluster } from '#controllers/test-cluster.ts';

function startHub(): Promise<TestCluster> {
  const roster = new KindRoster(BUILTIN_RESOURCES);
  return startTestCluster(
    hubControllers({ roster, authority: 'PEM', tokens: { sign: () => 'token', isCurrent: () => true } }),
    { roster },
  );
}

const VERSION: CustomResourceDefinitionVersion = {
  name: 'v1',
  served: true,
  storage: true,
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
    },
  },
};

function definition(
  plural: string,
  kind: string,
  spec: Partial<CustomResourceDefinition['spec']> = {},
): Draft<CustomResourceDefinition> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.shop.example.com` },
    spec: {
      group: 'shop.example.com',
      names: { kind, plural },
      scope: 'Namespaced',
      versions: [VERSION],
      ...spec,
    },
  };
}

const WIDGETS = '/apis/shop.example.com/v1/namespaces/default/widgets';

async function post(cluster: TestCluster, path: string, object: object): Promise<KubeObject> {
  const body = new TextEncoder().encode(JSON.stringify(object));
  const headers = { 'content-type': 'application/json' };
  return (await cluster.client.raw({ method: 'POST', path, body, headers })) as KubeObject;
}

async function names(cluster: TestCluster, path: string): Promise<string[]> {
  const list = (await cluster.client.raw({ method: 'GET', path })) as { items: KubeObject[] };
  return list.items.map(({ metadata }) => metadata.name);
}

function widget(name: string, metadata: object = {}): object {
  return {
    apiVersion: 'shop.example.com/v1',
    kind: 'Widget',
    metadata: { name, ...metadata },
    spec: { size: 1 },
  };
}

async function conditionsOf({ client }: TestCluster, name: string): Promise<string[]> {
  const { status } = await client.get(customResourceDefinitionResource, { name });
  return (status?.conditions ?? []).map((each) => `${each.type}=${each.status} ${each.reason ?? ''}`);
}

test('a kind is served as soon as its definition says that it is established', async () => {
  await using hub = await startHub();
  const made = await hub.client.create(customResourceDefinitionResource, definition('widgets', 'Widget'));
  assert.deepEqual(made.status?.storedVersions, ['v1']);
  await hub.clock.advance(100);
  assert.deepEqual(await conditionsOf(hub, 'widgets.shop.example.com'), [
    'NamesAccepted=True NoConflicts',
    'Established=True InitialNamesAccepted',
  ]);
  const object = await post(hub, WIDGETS, { ...widget('a'), spec: { size: 2, colour: 'red' } });
  assert.equal(object.metadata.generation, 1);
  assert.deepEqual((object as KubeObject & { spec: unknown }).spec, { size: 2 });
  assert.deepEqual(await names(hub, WIDGETS), ['a']);
});

test('a name that another definition of the group has taken is not accepted until it is free', async () => {
  await using hub = await startHub();
  const { client, clock } = hub;
  const names_ = { plural: 'gadgets', kind: 'Gadget', shortNames: ['wi'] };
  await client.create(
    customResourceDefinitionResource,
    definition('widgets', 'Widget', { names: { plural: 'widgets', kind: 'Widget', shortNames: ['wi'] } }),
  );
  await clock.advance(100);
  await client.create(customResourceDefinitionResource, definition('gadgets', 'Gadget', { names: names_ }));
  await clock.advance(100);
  assert.deepEqual(await conditionsOf(hub, 'gadgets.shop.example.com'), [
    'NamesAccepted=False ShortNamesConflict',
    'Established=False NotAccepted',
  ]);
  await client.delete(customResourceDefinitionResource, { name: 'widgets.shop.example.com' });
  await clock.advance(1000);
  assert.deepEqual(await conditionsOf(hub, 'gadgets.shop.example.com'), [
    'NamesAccepted=True NoConflicts',
    'Established=True InitialNamesAccepted',
  ]);
});

test('a definition goes after all objects of its kind, and its kind with it', async () => {
  await using hub = await startHub();
  const { client, clock } = hub;
  const name = 'widgets.shop.example.com';
  await client.create(customResourceDefinitionResource, definition('widgets', 'Widget'));
  await clock.advance(1000);
  await post(hub, WIDGETS, widget('a'));
  await post(hub, WIDGETS, widget('held', { finalizers: ['example.com/wait'] }));
  await client.delete(customResourceDefinitionResource, { name });
  await clock.advance(1000);
  assert.deepEqual(await names(hub, WIDGETS), ['held']);
  assert.ok((await conditionsOf(hub, name)).includes('Terminating=True InstanceDeletionInProgress'));
  await assert.rejects(
    post(hub, WIDGETS, widget('late')),
    /create not allowed while custom resource definition is terminating/,
  );
  const patch = new TextEncoder().encode('{"metadata":{"finalizers":null}}');
  await client.raw({
    method: 'PATCH',
    path: `${WIDGETS}/held`,
    body: patch,
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  await clock.advance(1000);
  assert.equal(await client.find(customResourceDefinitionResource, { name }), undefined);
  await assert.rejects(names(hub, WIDGETS), /could not find the requested resource/);
});

test('a custom object goes with its namespace, and with its owner; what it owns goes with it', async () => {
  await using hub = await startHub();
  const { client, clock } = hub;
  await client.create(customResourceDefinitionResource, definition('widgets', 'Widget'));
  await client.create(namespaceResource, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop' },
    spec: {},
  });
  await clock.advance(1000);
  await post(hub, WIDGETS.replace('default', 'shop'), widget('inside'));
  const owner = await post(hub, WIDGETS, widget('owner'));
  const { uid } = owner.metadata;
  const reference = { apiVersion: 'shop.example.com/v1', kind: 'Widget', name: 'owner', uid };
  await client.create(configMapResource, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'default', name: 'owned', ownerReferences: [reference] },
  });
  await post(hub, WIDGETS, widget('part', { ownerReferences: [reference] }));
  await clock.advance(1000);
  assert.deepEqual(await names(hub, WIDGETS), ['owner', 'part']);
  await client.raw({ method: 'DELETE', path: `${WIDGETS}/owner` });
  await client.delete(namespaceResource, { name: 'shop' });
  await clock.advance(5000);
  assert.deepEqual(await names(hub, '/apis/shop.example.com/v1/widgets'), []);
  assert.equal(await client.find(configMapResource, { namespace: 'default', name: 'owned' }), undefined);
  assert.equal(await client.find(namespaceResource, { name: 'shop' }), undefined);
});

test('what a custom object owns is collected also where its definition goes with it', async () => {
  await using hub = await startHub();
  const { client, clock } = hub;
  const name = 'widgets.shop.example.com';
  await client.create(customResourceDefinitionResource, definition('widgets', 'Widget'));
  await clock.advance(1000);
  const owner = await post(hub, WIDGETS, widget('owner'));
  const { uid } = owner.metadata;
  await client.create(configMapResource, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      namespace: 'default',
      name: 'owned',
      ownerReferences: [{ apiVersion: 'shop.example.com/v1', kind: 'Widget', name: 'owner', uid }],
    },
  });
  await client.delete(customResourceDefinitionResource, { name });
  await clock.advance(5000);
  assert.equal(await client.find(customResourceDefinitionResource, { name }), undefined);
  assert.equal(await client.find(configMapResource, { namespace: 'default', name: 'owned' }), undefined);
});
