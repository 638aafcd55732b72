import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaseResource } from '#api/coordination/lease.ts';
import { type Site, siteResource } from '#api/fleet/site.ts';
import { startTestHub, startTestSite, type TestHub, type TestSite } from '#link/test-link.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import type { Store } from '#store/store.ts';
import { withCommit } from '#store/with-commit.ts';
import { must } from '#system/assert.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

interface Ground {
  readonly clock: SimulatedClock;
  readonly hubs: readonly TestHub[];
  readonly site: TestSite;
  /** Every state of the site that was ever written, with the hub that it names, each once in a row. */
  readonly told: () => string[];
  /** Which hub answers the site from now on; none where undefined. */
  answer(hub: number | undefined): void;
  /** Stops a hub or the site. */
  end(each: TestHub | TestSite): Promise<void>;
}

/** The same store for one of several hubs: it outlives that hub. */
function lent(store: Store): Store {
  const same = withCommit(store, (operations) => store.commit(operations));
  return Object.assign(same, { [Symbol.asyncDispose]: () => Promise.resolve() });
}

/** Three hubs on one store, and a site that is connected to the first. */
async function withHubs(run: (ground: Ground) => Promise<void>): Promise<void> {
  const clock = new SimulatedClock(Date.UTC(2026, 0, 1));
  await using store = await openMemoryStore({ log: createMemoryLog(), shared: true });
  const hubs: TestHub[] = [];
  for (const identity of ['a', 'b', 'c'])
    hubs.push(await startTestHub(clock, { store: lent(store), identity }));
  const first = must(hubs[0], 'a hub');
  await first.server.client.create(siteResource, {
    ...{ apiVersion: 'fleet.skerry.io/v1alpha1', kind: 'Site', metadata: { name: 'north' }, spec: {} },
  });
  const watch = await first.server.watch('/apis/fleet.skerry.io/v1alpha1/sites?watch=true');
  const states: string[] = [];
  const told = (): string[] => {
    for (const { object } of watch.read()) {
      const { state = 'NeverConnected', hub } = (object as unknown as Site).status?.connectivity ?? {};
      const line = hub === undefined ? state : `${state} ${hub}`;
      if (states.at(-1) !== line) states.push(line);
    }
    return states;
  };
  let answering: number | undefined = 0;
  const site = await startTestSite({
    name: 'north',
    clock,
    hub: () => (answering === undefined ? undefined : hubs[answering]?.link),
  });
  await clock.advanceUntil(() => told().at(-1) === 'Connected a', 30_000);
  const gone = new Set<TestHub | TestSite>();
  const end = async (each: TestHub | TestSite): Promise<void> => {
    gone.add(each);
    await each.stop();
  };
  await run({ clock, hubs, site, told, answer: (hub) => (answering = hub), end });
  if (!gone.has(site)) await site.stop();
  watch.leave();
  for (const hub of hubs) if (!gone.has(hub)) await hub.stop();
}

test('a site that goes over to another hub is Connected all the while, and idle hubs write nothing of it', () =>
  withHubs(async ({ clock, hubs, site, told, answer }) => {
    for (const [index, name] of [
      [1, 'b'],
      [2, 'c'],
      [0, 'a'],
    ] as const) {
      answer(index);
      site.connections.at(-1)?.hub.close();
      await clock.advanceUntil(() => told().at(-1) === `Connected ${name}`, 30_000);
      // Longer than anybody waits before it says that a site is away.
      await clock.advance(120_000);
    }
    assert.deepEqual(told(), ['NeverConnected', 'Connected a', 'Connected b', 'Connected c', 'Connected a']);
    assert.equal(hubs.filter(({ link }) => link.connectedSites.has('north')).length, 1);
    const before = await hubs[0]?.server.client.get(siteResource, { name: 'north' });
    await clock.advance(300_000);
    const after = await hubs[0]?.server.client.get(siteResource, { name: 'north' });
    assert.equal(after?.metadata.resourceVersion, before?.metadata.resourceVersion);
  }));

test('a link that a hub still believes in ends when the site has opened a newer one at another', () =>
  withHubs(async ({ clock, hubs, told, answer }) => {
    answer(undefined);
    const again = await startTestSite({ name: 'north', clock, hub: () => hubs[1]?.link });
    await clock.advanceUntil(() => told().at(-1) === 'Connected b', 30_000);
    await clock.advance(120_000);
    assert.deepEqual(told(), ['NeverConnected', 'Connected a', 'Connected b']);
    assert.deepEqual(
      hubs.map(({ link }) => link.connectedSites.size),
      [0, 1, 0],
    );
    await again.stop();
  }));

test('of the sites of a hub that is gone those that come back in time stay Connected, the others are Unknown, then Offline', () =>
  withHubs(async ({ clock, hubs, site, told, answer, end }) => {
    await end(must(hubs[0], 'a hub'));
    answer(2);
    site.connections.at(-1)?.site.close();
    await clock.advance(60_000);
    const third = must(hubs[2], 'a hub');
    const connectivity = async () =>
      (await third.server.client.get(siteResource, { name: 'north' })).status?.connectivity;
    assert.deepEqual([(await connectivity())?.state, (await connectivity())?.hub], ['Connected', 'c']);
    assert.ok(!told().includes('Offline') && !told().includes('Unknown'), told().join());

    answer(undefined);
    await end(site);
    await clock.advance(60_000);
    assert.equal((await connectivity())?.state, 'Offline', 'its hub is there, and says so');
    await clock.advance(15 * 60_000);
    const leases = await third.server.client.list(leaseResource, { namespace: 'kube-system' });
    assert.deepEqual(leases.items.map(({ spec }) => spec.holderIdentity).sort(), ['b', 'c']);
  }));

test('a hub that is killed leaves its sites Unknown once it has been silent for a while, and Offline after that', () =>
  withHubs(async ({ clock, hubs, site, answer, end }) => {
    answer(undefined);
    await end(must(hubs[0], 'a hub'));
    await end(site);
    const state = async (): Promise<string | undefined> =>
      (await hubs[1]?.server.client.get(siteResource, { name: 'north' }))?.status?.connectivity?.state;
    await clock.advance(10_000);
    assert.equal(await state(), 'Connected');
    await clock.advance(25_000);
    assert.equal(await state(), 'Unknown');
    await clock.advance(100_000);
    assert.equal(await state(), 'Offline');
  }));
