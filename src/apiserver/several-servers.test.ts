import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CustomResourceDefinition } from '#api/apiextensions/custom-resource-definition.ts';
import type { Namespace } from '#api/core/namespace.ts';
import {
  DEFINITIONS,
  define,
  widgetDefinition,
  widgetVersion,
} from '#apiserver/custom/test-definitions.fixture.ts';
import { type SeveralServers, someTurns, startSeveralServers } from '#apiserver/several-servers.fixture.ts';
import type { TestServer } from '#apiserver/test-server.ts';
import { seededRandom } from '#system/simulated-time.ts';

/** Histories that each test plays, each another order of the same steps. */
const HISTORIES = 40;

let several: SeveralServers;
let one: TestServer;
let other: TestServer;
before(async () => {
  several = await startSeveralServers(2, { seed: 7 });
  [one, other] = several.servers as [TestServer, TestServer];
});
after(() => several.stop());

/** Deletes a namespace as its controller does: what is in it, and then itself; as often as it takes. */
async function removeNamespace(server: TestServer, path: string): Promise<void> {
  const { body } = await server.call<Namespace>({ method: 'DELETE', path });
  for (let status = 409; status === 409; ) {
    await server.call({ method: 'DELETE', path: `${path}/configmaps` });
    const finalized = { ...body, spec: { finalizers: [] } };
    ({ status } = await server.call({ method: 'PUT', path: `${path}/finalize`, body: finalized }));
  }
}

test('nothing is left of a namespace that one server removes while another creates in it', async () => {
  const outcomes = new Map<number, number>();
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const random = seededRandom(seed);
    const path = `/api/v1/namespaces/n${seed}`;
    await one.call({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: `n${seed}` } } });
    const creates = Array.from({ length: 4 }, async (_, index) => {
      await someTurns(random, 1500);
      const body = { metadata: { name: `c${index}` } };
      const { status } = await other.call({ method: 'POST', path: `${path}/configmaps`, body });
      outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
    });
    await someTurns(random, 1000);
    await Promise.all([...creates, removeNamespace(one, path)]);
    assert.equal((await one.call({ path })).status, 404, `seed ${seed}`);
    assert.equal(await several.store.count(`/registry/core/configmaps/n${seed}/`), 0, `seed ${seed}`);
  }
  // Some were made before it went, and some came while it was going.
  for (const status of [201, 403]) assert.ok((outcomes.get(status) ?? 0) > 10, JSON.stringify([...outcomes]));
});

/** Deletes a definition as its controller does. */
async function removeDefinition(server: TestServer, path: string): Promise<void> {
  await server.call({ method: 'DELETE', path });
  const objects = '/apis/shop.example.com/v1/namespaces/default/widgets';
  for (let status = 409; status === 409; ) {
    await server.call({ method: 'DELETE', path: objects });
    const { body } = await server.call<CustomResourceDefinition>({ path });
    const next = { ...body, metadata: { ...body.metadata, finalizers: [] } };
    ({ status } = await server.call({ method: 'PUT', path, body: next }));
  }
}

test('no object outlives its definition that one server removes while another creates', async () => {
  const outcomes = new Map<number, number>();
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const random = seededRandom(seed);
    await define(one, widgetDefinition([widgetVersion({ spec: { type: 'object' } })]));
    await other.settle();
    const creates = Array.from({ length: 4 }, async (_, index) => {
      await someTurns(random, 1500);
      const { status } = await other.call({
        method: 'POST',
        path: '/apis/shop.example.com/v1/namespaces/default/widgets',
        body: { apiVersion: 'shop.example.com/v1', kind: 'Widget', metadata: { name: `w${index}` } },
      });
      outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
    });
    const path = `${DEFINITIONS}/widgets.shop.example.com`;
    await someTurns(random, 1000);
    await Promise.all([...creates, removeDefinition(one, path)]);
    assert.equal((await one.call({ path })).status, 404, `seed ${seed}`);
    assert.equal(await several.store.count('/registry/shop.example.com/'), 0, `seed ${seed}`);
  }
  for (const status of [201, 405]) assert.ok((outcomes.get(status) ?? 0) > 0, JSON.stringify([...outcomes]));
});
