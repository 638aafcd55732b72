import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfigMap, configMapResource } from '#api/core/config-map.ts';
import { eventResource } from '#api/core/event.ts';
import { secretResource } from '#api/core/secret.ts';
import { startTestCluster } from '#controllers/test-cluster.ts';
import type { Action, Controller, Snapshot } from '#reconcile/controller.ts';

/** A controller of ConfigMaps in `default` that plans as `plan` says, for one named `go` only. */
function controllerThat(
  plan: (snapshot: Snapshot<ConfigMap>, object: ConfigMap) => Action[],
): Controller<ConfigMap> {
  return {
    name: 'test-controller',
    for: configMapResource,
    reads: [],
    writes: [
      { type: configMapResource, verbs: ['create', 'patch', 'delete'] },
      { type: secretResource, verbs: ['create'] },
    ],
    plan: (snapshot) => (snapshot.object?.metadata.name === 'go' ? plan(snapshot, snapshot.object) : []),
  };
}

const GO = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name: 'go' } } as const;

function createMap(name: string): Action {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name } };
  return { type: 'create', resource: configMapResource, object, why: 'a test wants it' };
}

test('a plan is not made again before it sees what it wrote', async () => {
  let plans = 0;
  const controller = controllerThat((snapshot) => {
    plans += 1;
    const wanted = ['a', 'b', 'c', 'd', 'e'];
    return wanted
      .filter((name) => snapshot.get(configMapResource, { namespace: 'default', name }) === undefined)
      .map(createMap);
  });
  await using cluster = await startTestCluster([controller]);
  await cluster.client.create(configMapResource, GO);
  await cluster.clock.advance(5000);
  assert.equal((await cluster.client.list(configMapResource)).items.length, 6);
  assert.equal(plans, 1);
});

test('what the server refuses is told as the action says, and tried again', async () => {
  let plans = 0;
  const refused = (message: string): Action[] => [{ ...patchGo({ refused: message.slice(0, 20) }) }];
  const controller = controllerThat(() => {
    plans += 1;
    const object = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'default', name: 'Not A Name' },
    };
    return plans > 3 ? [] : [{ type: 'create', resource: secretResource, object, why: 'a test', refused }];
  });
  await using cluster = await startTestCluster([controller]);
  await cluster.client.create(configMapResource, GO);
  await cluster.clock.advance(60_000);
  assert.ok(plans > 1);
  const go = await cluster.client.get(configMapResource, { namespace: 'default', name: 'go' });
  assert.deepEqual(go.data, { refused: 'Secret "Not A Name" ' });
});

test('events follow what they tell of, and a failed write has none', async () => {
  const told = (regarding: ConfigMap, reason: string): Action => ({
    type: 'event',
    regarding,
    eventType: 'Normal',
    reason,
    message: `${reason} happened`,
    why: 'a test',
  });
  const controller = controllerThat((snapshot, go) => {
    const wasMade = snapshot.get(configMapResource, { namespace: 'default', name: 'made' }) !== undefined;
    const remake = { ...createMap('made'), why: 'it is there, hence this fails' };
    return wasMade ? [remake, told(go, 'Remade')] : [createMap('made'), told(go, 'Made')];
  });
  await using cluster = await startTestCluster([controller]);
  await cluster.client.create(configMapResource, GO);
  await cluster.clock.advance(5000);
  await cluster.client.patch(
    configMapResource,
    { namespace: 'default', name: 'go' },
    { patchType: 'merge', patch: { data: { again: 'yes' } } },
  );
  await cluster.clock.advance(5000);
  const events = await cluster.client.list(eventResource, { namespace: 'default' });
  assert.deepEqual(
    events.items.map(({ reason }) => reason),
    ['Made'],
  );
});

test('an object is not deleted while the one that keeps it is there, of that uid', async () => {
  const uids = new Map<string, string>();
  const controller = controllerThat(() =>
    ['kept', 'let-go'].map((name) => ({
      type: 'delete',
      resource: configMapResource,
      name: { namespace: 'default', name },
      uid: uids.get(name) ?? '',
      unless: [
        {
          resource: configMapResource,
          name: { namespace: 'default', name: 'keeper' },
          uid: name === 'kept' ? (uids.get('keeper') ?? '') : 'another',
        },
      ],
      why: 'a test',
    })),
  );
  await using cluster = await startTestCluster([controller]);
  for (const name of ['keeper', 'kept', 'let-go']) {
    const made = await cluster.client.create(configMapResource, {
      ...GO,
      metadata: { namespace: 'default', name },
    });
    uids.set(name, made.metadata.uid);
  }
  await cluster.client.create(configMapResource, GO);
  await cluster.clock.advance(5000);
  const names = (await cluster.client.list(configMapResource)).items.map(({ metadata }) => metadata.name);
  assert.deepEqual(names.toSorted(), ['go', 'keeper', 'kept']);
});

test('an action that was not declared is refused before anything is done', async () => {
  const controller = {
    ...controllerThat(() => [createMap('a'), patchGo({ x: 'y' })]),
    writes: [{ type: configMapResource, verbs: ['create'] }],
  } as const;
  await using cluster = await startTestCluster([controller]);
  await cluster.client.create(configMapResource, GO);
  await cluster.clock.advance(5000);
  assert.equal((await cluster.client.list(configMapResource)).items.length, 1);
});

function patchGo(data: Record<string, string>): Extract<Action, { type: 'patch' | 'patchStatus' }> {
  return { type: 'patch', resource: configMapResource, name: GO.metadata, patch: { data }, why: 'a test' };
}
