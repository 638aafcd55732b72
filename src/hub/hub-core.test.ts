import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMapResource } from '#api/core/config-map.ts';
import { namespaceResource } from '#api/core/namespace.ts';
import { applicationResource } from '#api/fleet/application.ts';
import { applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { applicationRevisionResource } from '#api/fleet/application-revision.ts';
import { siteResource } from '#api/fleet/site.ts';
import type { Condition } from '#api/object.ts';
import { createHubCore, type HubCore } from '#hub/hub-core.ts';
import { bundleKeyFromSeed, createBundleSigner, verifyBundle } from '#pki/bundle-signature.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import { silentLog } from '#system/log.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

const signer = createBundleSigner(bundleKeyFromSeed(new Uint8Array(32).fill(1)));
const SHOP = { namespace: 'shop', name: 'shop' };

/** Runs a hub with one application of one ConfigMap, placed on sites with `tier=edge`. */
async function withHub(use: (hub: HubCore, clock: SimulatedClock) => Promise<void>): Promise<void> {
  const clock = new SimulatedClock();
  await using store = await openMemoryStore({ log: createMemoryLog() });
  const hub = createHubCore({
    store,
    signer,
    authority: 'PEM',
    clock,
    random: seededRandom(1),
    log: silentLog,
  });
  const stop = new AbortController();
  const running = hub.run(stop.signal);
  await clock.advanceUntil(() => hub.views.synced, 10_000);
  const { client } = hub;
  await client.create(namespaceResource, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop' },
    spec: {},
  });
  await client.create(configMapResource, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'shop', name: 'page', labels: { app: 'shop' } },
    data: { page: 'one' },
  });
  await client.create(applicationResource, {
    apiVersion: 'fleet.skerry.io/v1alpha1',
    kind: 'Application',
    metadata: SHOP,
    spec: {
      source: { selector: { matchLabels: { app: 'shop' } } },
      placement: { siteSelector: { matchLabels: { tier: 'edge' } } },
    },
  });
  await clock.advance(1000);
  await use(hub, clock);
  stop.abort();
  await clock.advance(120_000);
  await running;
}

async function addSite({ client }: HubCore, name: string, labels: Record<string, string>): Promise<void> {
  await client.create(siteResource, {
    apiVersion: 'fleet.skerry.io/v1alpha1',
    kind: 'Site',
    metadata: { name, labels },
    spec: {},
  });
}

async function instancesOf({ client }: HubCore) {
  const { items } = await client.list(applicationInstanceResource, { namespace: 'shop' });
  return items.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

async function conditionOf({ client }: HubCore, type: string): Promise<Condition | undefined> {
  const { status } = await client.get(applicationResource, SHOP);
  return status?.conditions?.find((condition) => condition.type === type);
}

test('a source becomes one signed revision, and the same content is the same revision again', () =>
  withHub(async (hub, clock) => {
    const { client } = hub;
    const first = (await client.get(applicationResource, SHOP)).status?.revision;
    assert.ok(first !== undefined);
    const revision = await client.get(applicationRevisionResource, { namespace: 'shop', name: first.name });
    assert.ok(revision.spec.signature !== undefined);
    assert.ok(verifyBundle(revision.spec.digest, revision.spec.signature, [signer.publicKey]));
    const page = { namespace: 'shop', name: 'page' };
    const write = (text: string) =>
      client.patch(configMapResource, page, { patchType: 'merge', patch: { data: { page: text } } });
    await write('two');
    await clock.advance(1000);
    assert.notDeepEqual((await client.get(applicationResource, SHOP)).status?.revision, first);
    await write('one');
    await clock.advance(1000);
    assert.deepEqual((await client.get(applicationResource, SHOP)).status?.revision, first);
  }));

test('a placement that no site matches says so and what to do', () =>
  withHub(async (hub) => {
    const placed = await conditionOf(hub, 'Placed');
    assert.equal(placed?.status, 'False');
    assert.equal(placed.reason, 'NoSiteMatches');
    assert.match(placed.message, /kubectl label site NAME KEY=VALUE/u);
  }));

test('every site that the placement selects gets an instance, and no other', () =>
  withHub(async (hub, clock) => {
    await addSite(hub, 'north', { tier: 'edge' });
    await addSite(hub, 'south', { tier: 'edge' });
    await addSite(hub, 'office', { tier: 'desk' });
    await clock.advance(1000);
    const instances = await instancesOf(hub);
    assert.deepEqual(
      instances.map((instance) => instance.spec.site),
      ['north', 'south'],
    );
    assert.deepEqual((await hub.client.get(applicationResource, SHOP)).status?.sites, {
      wanted: 2,
      running: 0,
      updating: 0,
      failed: 0,
      offline: 2,
    });
  }));

test('a site that is no longer selected is asked to remove the application: its instance waits for that', () =>
  withHub(async (hub, clock) => {
    await addSite(hub, 'north', { tier: 'edge' });
    await clock.advance(1000);
    await hub.client.patch(
      siteResource,
      { name: 'north' },
      { patchType: 'merge', patch: { metadata: { labels: { tier: null } } } },
    );
    await clock.advance(1000);
    const [instance] = await instancesOf(hub);
    assert.ok(instance?.metadata.deletionTimestamp !== undefined);
    assert.deepEqual(instance.metadata.finalizers, ['fleet.skerry.io/removal']);
  }));

test('a site that is gone can confirm nothing: its instances go with it', () =>
  withHub(async (hub, clock) => {
    await addSite(hub, 'north', { tier: 'edge' });
    await clock.advance(1000);
    await hub.client.delete(siteResource, { name: 'north' });
    await clock.advance(5000);
    assert.deepEqual(await instancesOf(hub), []);
  }));

test('an application that is suspended keeps the revision and the sites that it had', () =>
  withHub(async (hub, clock) => {
    await hub.client.patch(applicationResource, SHOP, {
      patchType: 'merge',
      patch: { spec: { suspend: true } },
    });
    const before = (await hub.client.get(applicationResource, SHOP)).status?.revision;
    await addSite(hub, 'north', { tier: 'edge' });
    await hub.client.patch(
      configMapResource,
      { namespace: 'shop', name: 'page' },
      { patchType: 'merge', patch: { data: { page: 'two' } } },
    );
    await clock.advance(1000);
    assert.deepEqual((await hub.client.get(applicationResource, SHOP)).status?.revision, before);
    assert.deepEqual(await instancesOf(hub), []);
  }));
