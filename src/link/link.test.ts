import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespaceResource } from '#api/core/namespace.ts';
import {
  type ApplicationInstance,
  applicationInstanceResource,
  CLEANUP_FINALIZER,
  REMOVAL_FINALIZER,
} from '#api/fleet/application-instance.ts';
import { applicationRevisionResource } from '#api/fleet/application-revision.ts';
import { type Site, siteResource } from '#api/fleet/site.ts';
import { encodeMessage, readFrames } from '#link/frames.ts';
import {
  certificateOf,
  connectionPair,
  startTestHub,
  startTestSite,
  TEST_SIGNER,
  type TestHub,
  type TestSite,
  type TestSiteOptions,
} from '#link/test-link.ts';
import { BLOB_BYTES_MAX, SILENCE_MS_MAX, type SiteReport, WIRE_VERSION } from '#link/wire.ts';
import { sha256Digest } from '#pki/digest.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const NAMESPACE = 'shop';
const NAME = { namespace: NAMESPACE, name: 'web.north' };

interface Bed {
  readonly clock: SimulatedClock;
  readonly hub: TestHub;
  /** The hub that sites reach; undefined cuts them off from now on. */
  reached: { link: TestHub | undefined };
  startSite(options?: Partial<TestSiteOptions>): Promise<TestSite>;
}

/** A hub with site `north` in it, and namespace `shop`. */
async function withHub(use: (bed: Bed) => Promise<void>): Promise<void> {
  const clock = new SimulatedClock();
  const hub = await startTestHub(clock);
  const { client } = hub.server;
  await client.create(namespaceResource, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
    spec: {},
  });
  await createSite(hub, 'north');
  const reached: Bed['reached'] = { link: hub };
  const sites: TestSite[] = [];
  const startSite = async (options: Partial<TestSiteOptions> = {}): Promise<TestSite> => {
    const site = await startTestSite({ name: 'north', clock, hub: () => reached.link?.link, ...options });
    sites.push(site);
    await clock.advance(1000);
    return site;
  };
  await use({ clock, hub, reached, startSite });
  for (const site of sites) await site.stop();
  await hub.stop();
}

async function createSite(hub: TestHub, name: string): Promise<void> {
  await hub.server.client.create(siteResource, {
    apiVersion: 'fleet.skerry.io/v1alpha1',
    kind: 'Site',
    metadata: { name },
    spec: {},
  });
}

function manifestsOf(text: string): string {
  return JSON.stringify([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'page', namespace: NAMESPACE }, data: { text } },
  ]);
}

/** `connected`, or why not. */
function stateOf({ link: { state } }: TestSite): string {
  return state.type === 'disconnected' ? state.why : state.type;
}

/** Makes a signed revision and wants it at north. */
async function want(
  hub: TestHub,
  text: string,
  change: { signature?: { keyId: string; value: string }; manifests?: string } = {},
): Promise<string> {
  const { client } = hub.server;
  const manifests = manifestsOf(text);
  const digest = sha256Digest(manifests);
  const name = `web-${digest.slice(7, 17)}`;
  await client.create(applicationRevisionResource, {
    apiVersion: 'fleet.skerry.io/v1alpha1',
    kind: 'ApplicationRevision',
    metadata: { namespace: NAMESPACE, name },
    spec: {
      application: 'web',
      digest,
      manifests: change.manifests ?? manifests,
      objects: [],
      signature: change.signature ?? TEST_SIGNER.sign(digest),
    },
  });
  const revision = { name, digest };
  if ((await client.find(applicationInstanceResource, NAME)) === undefined) {
    await client.create(applicationInstanceResource, {
      apiVersion: 'fleet.skerry.io/v1alpha1',
      kind: 'ApplicationInstance',
      metadata: { ...NAME, finalizers: [REMOVAL_FINALIZER] },
      spec: { application: 'web', site: 'north', revision },
    });
  } else
    await client.patch(applicationInstanceResource, NAME, {
      patchType: 'merge',
      patch: { spec: { revision } },
    });
  return name;
}

function instanceAt({ server }: { server: TestHub['server'] }): Promise<ApplicationInstance | undefined> {
  return server.client.find(applicationInstanceResource, NAME);
}

async function siteAt({ server }: TestHub): Promise<Site> {
  return server.client.get(siteResource, { name: 'north' });
}

test('a site that is let in is Connected; one that goes is Offline once it has stayed away', () =>
  withHub(async ({ clock, hub, reached, startSite }) => {
    const site = await startSite();
    assert.equal(site.link.state.type, 'connected');
    assert.deepEqual([...hub.link.connectedSites], ['north']);
    const { status } = await siteAt(hub);
    assert.deepEqual([status?.connectivity?.state, status?.versions], ['Connected', { skerry: '1.0.0' }]);
    reached.link = undefined;
    site.connections.at(-1)?.hub.close();
    await clock.advance(1000);
    assert.deepEqual(
      [site.link.state.type, (await siteAt(hub)).status?.connectivity?.state],
      ['disconnected', 'Connected'],
    );
    await clock.advance(10_000);
    assert.equal((await siteAt(hub)).status?.connectivity?.state, 'Offline');
    reached.link = hub;
    await clock.advance(60_000);
    assert.deepEqual(
      [site.link.state.type, (await siteAt(hub)).status?.connectivity?.state],
      ['connected', 'Connected'],
    );
  }));

test('a line that flaps costs no writes', () =>
  withHub(async ({ clock, hub, startSite }) => {
    const site = await startSite();
    const { revision } = hub.server.store;
    for (let n = 0; n < 5; n++) {
      site.connections.at(-1)?.hub.close();
      await clock.advance(3000);
    }
    assert.equal(site.connections.length, 6);
    assert.equal(hub.server.store.revision, revision);
  }));

test('an idle link costs neither end a write', () =>
  withHub(async ({ clock, hub, startSite }) => {
    const site = await startSite();
    await clock.advance(60_000);
    const revisions = [hub.server.store.revision, site.server.store.revision];
    await clock.advance(30 * 60_000);
    assert.deepEqual([hub.server.store.revision, site.server.store.revision], revisions);
    assert.deepEqual([site.connections.length, site.link.state.type], [1, 'connected']);
  }));

const refusals: [string, Partial<TestSiteOptions>, RegExp][] = [
  [
    'its certificate names another',
    { certificate: certificateOf('south') },
    /the certificate names site "south", the greeting site "north"/,
  ],
  [
    "its certificate is no site's",
    { certificate: { commonName: 'skerry:site:north', organizations: ['system:masters'], serial: '1' } },
    /the certificate names no site/,
  ],
  [
    'the hub does not know it',
    { name: 'west', certificate: certificateOf('west') },
    /the hub has no site "west": join again with a new token/,
  ],
];
for (const [name, options, expected] of refusals) {
  test(`a site is refused, and told why, where ${name}`, () =>
    withHub(async ({ hub, startSite }) => {
      const site = await startSite(options);
      assert.ok(site.link.state.type === 'disconnected');
      assert.match(site.link.state.why, expected);
      assert.equal(hub.link.connectedSites.size, 0);
      assert.equal((await siteAt(hub)).status?.connectivity, undefined);
    }));
}

test('a site that is blocked is cut off, and let in again when it is not', () =>
  withHub(async ({ clock, hub, startSite }) => {
    const site = await startSite();
    const block = (blocked: boolean) =>
      hub.server.client.patch(
        siteResource,
        { name: 'north' },
        { patchType: 'merge', patch: { spec: { blocked } } },
      );
    await block(true);
    await clock.advance(60_000);
    assert.ok(site.link.state.type === 'disconnected');
    assert.match(site.link.state.why, /site "north" is blocked at the hub/);
    await block(false);
    await clock.advance(60_000);
    assert.equal(site.link.state.type, 'connected');
  }));

/** Opens a link by hand; `isServed` says whether the hub still keeps it. */
async function greet({ clock, hub }: Bed, site: string) {
  const { hub: end, site: own } = connectionPair(certificateOf(site));
  const told: unknown[] = [];
  const link = {
    isServed: true,
    told,
    send: (message: unknown) => own.write(encodeMessage(message as object)),
  };
  void hub.link.accept(end).then(() => {
    link.isServed = false;
  });
  void (async () => {
    for await (const frame of readFrames(own)) told.push(frame.type === 'message' ? frame.value : frame.type);
  })();
  await link.send({ type: 'hello', version: WIRE_VERSION, site, software: '1', epoch: 0 });
  await clock.advance(100);
  return link;
}

test('of two links of one site the newer one counts', () =>
  withHub(async (bed) => {
    const first = await greet(bed, 'north');
    const second = await greet(bed, 'north');
    assert.deepEqual([first.isServed, second.isServed, bed.hub.link.connectedSites.size], [false, true, 1]);
    await bed.clock.advance(10_000);
    assert.equal((await siteAt(bed.hub)).status?.connectivity?.state, 'Connected');
  }));

test('two hosts with the identity of one site do not chase each other off without end', () =>
  withHub(async ({ clock, startSite }) => {
    const sites = [await startSite(), await startSite()];
    await clock.advance(10 * 60_000);
    const { length } = sites.flatMap(({ connections }) => connections);
    assert.ok(length < 120, `${length} connections in ten minutes`);
  }));

test('a silent site is cut off; one that does not even greet is sooner', () =>
  withHub(async (bed) => {
    const { clock, hub } = bed;
    const link = await greet(bed, 'north');
    await clock.advance(SILENCE_MS_MAX - 1000);
    assert.deepEqual([link.isServed, hub.link.connectedSites.size], [true, 1]);
    await clock.advance(2000);
    assert.deepEqual([link.isServed, hub.link.connectedSites.size], [false, 0]);
    let isServed = true;
    void hub.link.accept(connectionPair(certificateOf('north')).hub).then(() => {
      isServed = false;
    });
    await clock.advance(16_000);
    assert.equal(isServed, false);
  }));

test('a hub that falls silent is given up, and dialled anew', () =>
  withHub(async ({ clock, startSite }) => {
    const site = await startSite();
    const [first] = site.connections;
    assert.ok(first);
    first.hub.write = () => Promise.resolve();
    await clock.advance(SILENCE_MS_MAX + 5000);
    assert.deepEqual([site.connections.length, site.link.state.type], [2, 'connected']);
  }));

test('a hub that has gone back in time is not heard, also after a new start of the site', () =>
  withHub(async ({ clock, reached, startSite }) => {
    const [later, older] = [await startTestHub(clock, { epoch: 3 }), await startTestHub(clock, { epoch: 2 })];
    for (const hub of [later, older]) await createSite(hub, 'north');
    reached.link = later;
    const site = await startSite();
    assert.equal(stateOf(site), 'connected');
    reached.link = older;
    site.connections.at(-1)?.hub.close();
    await clock.advance(60_000);
    assert.match(stateOf(site), /the hub is of epoch 2, and epoch 3 was seen: it went back in time/);
    const again = await startSite({ store: site.server.store });
    assert.match(stateOf(again), /went back in time/);
    reached.link = later;
    await clock.advance(60_000);
    assert.equal(stateOf(again), 'connected');
    reached.link = undefined;
    await Promise.all([later.stop(), older.stop()]);
  }));

test('what shall run arrives as a signed bundle and a wish to run it', () =>
  withHub(async ({ clock, hub, startSite }) => {
    const site = await startSite();
    const name = await want(hub, 'one');
    await clock.advance(1000);
    const revision = await site.server.client.get(applicationRevisionResource, {
      namespace: NAMESPACE,
      name,
    });
    assert.deepEqual(
      [revision.spec.manifests, revision.spec.objects],
      [manifestsOf('one'), [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'page', namespace: NAMESPACE }]],
    );
    const instance = await instanceAt(site);
    assert.deepEqual(
      [instance?.spec.revision.name, instance?.metadata.finalizers],
      [name, [CLEANUP_FINALIZER]],
    );
    const next = await want(hub, 'two');
    await clock.advance(1000);
    assert.equal((await instanceAt(site))?.spec.revision.name, next);
  }));

test('changes that follow closely on each other end in the last one', () =>
  withHub(async ({ clock, hub, startSite }) => {
    const site = await startSite();
    let last = '';
    for (let n = 0; n < 20; n++) {
      last = await want(hub, `version ${n} ${'x'.repeat(n * 1000)}`);
      await clock.advance(n % 3 === 0 ? 11 : 0);
    }
    await clock.advance(5000);
    assert.equal((await instanceAt(site))?.spec.revision.name, last);
  }));

test('a bundle whose line breaks goes on where it was', () =>
  withHub(async ({ clock, hub, startSite }) => {
    const site = await startSite();
    const text = 'x'.repeat(5 * BLOB_BYTES_MAX);
    // The first connection breaks in the middle of the bundle.
    const first = site.connections[0];
    assert.ok(first);
    const write = first.hub.write.bind(first.hub);
    let blobs = 0;
    first.hub.write = (bytes) => {
      if (bytes[4] === 2) blobs += 1;
      if (blobs === 3) first.hub.close();
      return write(bytes);
    };
    const name = await want(hub, text);
    await clock.advance(1);
    const read = () => site.server.client.find(applicationRevisionResource, { namespace: NAMESPACE, name });
    await clock.advance(50);
    assert.equal(await read(), undefined);
    await clock.advance(5000);
    assert.equal((await read())?.spec.manifests, manifestsOf(text));
    assert.ok(site.connections.length > 1);
  }));

const bad: [string, Parameters<typeof want>[2], RegExp][] = [
  [
    'is signed by nobody that it trusts',
    { signature: { keyId: '0'.repeat(16), value: 'AAAA' } },
    /is not signed by a key that this site trusts/,
  ],
  [
    'is signed for another content',
    { signature: TEST_SIGNER.sign(sha256Digest('other')) },
    /is not signed by a key that this site trusts/,
  ],
  [
    'is not what was signed',
    { manifests: manifestsOf('swapped') },
    /has digest sha256:.*, sha256:.* was announced/,
  ],
];
for (const [name, change, expected] of bad) {
  test(`a bundle that ${name} is refused: what runs goes on, the hub is told, and others are taken in`, () =>
    withHub(async ({ clock, hub, startSite }) => {
      const site = await startSite();
      const good = await want(hub, 'good');
      await clock.advance(1000);
      await want(hub, 'bad', change);
      await clock.advance(1000);
      const instance = await instanceAt(site);
      assert.equal(instance?.spec.revision.name, good);
      const revisions = await site.server.client.list(applicationRevisionResource);
      assert.deepEqual(
        revisions.items.map(({ metadata }) => metadata.name),
        [good],
      );
      const { status } = (await instanceAt(hub)) ?? {};
      assert.deepEqual([status?.phase, status?.reason], ['Failed', 'NotAccepted']);
      assert.match(status?.message ?? '', expected);
      const { length } = site.connections;
      await hub.server.client.create(applicationInstanceResource, {
        apiVersion: 'fleet.skerry.io/v1alpha1',
        kind: 'ApplicationInstance',
        metadata: { namespace: NAMESPACE, name: 'other.north' },
        spec: {
          application: 'web',
          site: 'north',
          revision: { name: good, digest: sha256Digest(manifestsOf('good')) },
        },
      });
      await clock.advance(60_000);
      assert.ok(
        await site.server.client.find(applicationInstanceResource, {
          namespace: NAMESPACE,
          name: 'other.north',
        }),
      );
      assert.equal(site.connections.length, length, 'the link stays');
      const better = await want(hub, 'better');
      await clock.advance(1000);
      assert.equal((await instanceAt(site))?.spec.revision.name, better);
    }));
}

test('only an explicit wish removes; the hub lets go once nothing is left at the site', () =>
  withHub(async ({ clock, hub, startSite }) => {
    const site = await startSite();
    await want(hub, 'one');
    await clock.advance(1000);
    await hub.server.client.delete(applicationInstanceResource, NAME);
    await clock.advance(1000);
    const leaving = await instanceAt(site);
    assert.ok(leaving?.metadata.deletionTimestamp);
    assert.ok((await instanceAt(hub))?.metadata.deletionTimestamp, 'it waits for the site');
    await site.server.client.patch(applicationInstanceResource, NAME, {
      patchType: 'merge',
      patch: { metadata: { finalizers: [] } },
    });
    await clock.advance(1000);
    assert.deepEqual([await instanceAt(site), await instanceAt(hub)], [undefined, undefined]);
  }));

test('what a restored hub does not know runs on', () =>
  withHub(async ({ clock, hub, reached, startSite }) => {
    const site = await startSite();
    await want(hub, 'one');
    await clock.advance(1000);
    const before = await instanceAt(site);
    const restored = await startTestHub(clock, { epoch: 2 });
    await createSite(restored, 'north');
    reached.link = restored;
    site.connections.at(-1)?.hub.close();
    await clock.advance(60_000);
    assert.equal(site.link.state.type, 'connected');
    assert.deepEqual(await instanceAt(site), before);
    reached.link = undefined;
    await restored.stop();
  }));

test('an instance that somebody removes at the site comes back', () =>
  withHub(async ({ clock, hub, startSite }) => {
    const site = await startSite();
    await want(hub, 'one');
    await clock.advance(1000);
    const { metadata } = (await instanceAt(site)) ?? {};
    await site.server.client.delete(applicationInstanceResource, NAME);
    await site.server.client.patch(applicationInstanceResource, NAME, {
      patchType: 'merge',
      patch: { metadata: { finalizers: [] } },
    });
    await clock.advance(1000);
    const again = await instanceAt(site);
    assert.ok(again !== undefined && again.metadata.uid !== metadata?.uid);
  }));

test('an application that is still being removed comes back once that is done', () =>
  withHub(async ({ clock, hub, startSite }) => {
    const site = await startSite();
    await want(hub, 'one');
    await clock.advance(1000);
    await site.server.client.delete(applicationInstanceResource, NAME);
    await want(hub, 'two');
    await clock.advance(1000);
    assert.match(
      (await instanceAt(hub))?.status?.message ?? '',
      /is still being removed here; it can come back once that is done/,
    );
    const { length } = site.connections;
    await site.server.client.patch(applicationInstanceResource, NAME, {
      patchType: 'merge',
      patch: { metadata: { finalizers: [] } },
    });
    await clock.advance(60_000);
    assert.equal((await instanceAt(site))?.metadata.deletionTimestamp, undefined);
    assert.equal(site.connections.length, length);
  }));

test('how an application fares is written into its instance at the hub, once for each change', () =>
  withHub(async ({ clock, hub, startSite }) => {
    const site = await startSite();
    const name = await want(hub, 'one');
    await clock.advance(1000);
    const runningRevision = { name, digest: sha256Digest(manifestsOf('one')) };
    const report = (status: object) =>
      site.server.client.patch(applicationInstanceResource, NAME, {
        patchType: 'merge',
        patch: { status },
        subresource: 'status',
      });
    await report({ phase: 'Running', reason: 'AllHealthy', message: 'all is well', runningRevision });
    await clock.advance(1000);
    const { lastReportTime, ...status } = (await instanceAt(hub))?.status ?? {};
    assert.deepEqual(status, {
      phase: 'Running',
      reason: 'AllHealthy',
      message: 'all is well',
      runningRevision,
    });
    assert.ok(lastReportTime);
    const { revision } = hub.server.store;
    await site.server.client.patch(applicationInstanceResource, NAME, {
      patchType: 'merge',
      patch: { metadata: { labels: { a: 'b' } } },
    });
    await clock.advance(1000);
    assert.equal(hub.server.store.revision, revision);
    await report({ message: null, phase: 'Progressing' });
    await clock.advance(1000);
    const next = (await instanceAt(hub))?.status;
    assert.deepEqual([next?.phase, next?.message], ['Progressing', undefined]);
  }));

test('a site speaks only of itself and of its own', () =>
  withHub(async (bed) => {
    const { clock, hub } = bed;
    const { client } = hub.server;
    await createSite(hub, 'south');
    const revision = await want(hub, 'one');
    const digest = sha256Digest(manifestsOf('one'));
    const before = [await instanceAt(hub), await siteAt(hub)];
    const link = await greet(bed, 'south');
    await link.send({
      type: 'report',
      instances: [
        { ...NAME, state: 'present', status: { phase: 'Running' } },
        { ...NAME, state: 'removed' },
      ],
    });
    await link.send({ type: 'fetch', id: 1, namespace: NAMESPACE, revision, digest, offset: 0 });
    const forged = {
      versions: { skerry: '9' },
      connectivity: { state: 'Offline', since: 'x' },
      applications: { wanted: 0, running: 0 },
      conditions: [],
    };
    await link.send({ type: 'report', instances: [], site: forged });
    await clock.advance(100);
    assert.deepEqual([await instanceAt(hub), await siteAt(hub)], before);
    assert.deepEqual(link.told.slice(1), [{ type: 'missing', id: 1 }]);
    const { status } = await client.get(siteResource, { name: 'south' });
    assert.deepEqual(
      [status?.versions, status?.connectivity?.state, status?.applications],
      [{ skerry: '9' }, 'Connected', undefined],
    );
  }));

test('what no site sends cuts its link, and the hub goes on', () =>
  withHub(async (bed) => {
    const fetch = { type: 'fetch', id: 1, namespace: NAMESPACE, revision: 'r', digest: 'd', offset: 0 };
    const messages: unknown[] = [
      null,
      5,
      'x',
      [],
      {},
      { type: 'song' },
      { type: 'hello' },
      { type: 'report' },
      { type: 'report', instances: [null] },
      { ...fetch, offset: -1 },
      { ...fetch, offset: -1e300 },
      { ...fetch, offset: 0.5 },
      { ...fetch, id: -1 },
      { ...fetch, id: 2 ** 40 },
      { ...fetch, id: 'x' },
    ];
    for (const message of messages) {
      const link = await greet(bed, 'north');
      await link.send(message);
      await bed.clock.advance(100);
      assert.equal(link.isServed, false, JSON.stringify(message));
    }
    const greedy = await greet(bed, 'north');
    for (let id = 0; id < 100; id++) await greedy.send({ ...fetch, id }).catch(() => undefined);
    await bed.clock.advance(100);
    assert.equal(greedy.isServed, false, 'too many bundles at once');
    assert.equal(stateOf(await bed.startSite()), 'connected');
  }));

test('a version that neither end speaks is refused with what to do', () =>
  withHub(async ({ clock, hub }) => {
    for (const version of [WIRE_VERSION + 1, WIRE_VERSION - 2, 'x', null]) {
      const pair = connectionPair(certificateOf('north'));
      const told: unknown[] = [];
      void (async () => {
        for await (const frame of readFrames(pair.site)) if (frame.type === 'message') told.push(frame.value);
      })();
      void hub.link.accept(pair.hub);
      await pair.site.write(
        encodeMessage({ type: 'hello', version, site: 'north', software: '1', epoch: 0 }),
      );
      await clock.advance(100);
      assert.match(
        JSON.stringify(told),
        /"reason":"version","message":"the site speaks version .* of the link, the hub 1: upgrade the older of the two"/,
      );
    }
  }));

test('what a site says of itself is written when it changes, and what it has no more goes', () =>
  withHub(async ({ clock, hub, startSite }) => {
    let report: SiteReport = {
      versions: { skerry: '1' },
      capacity: { cpu: '4', 'example.com/gpu': '1' },
      hosts: [],
      addresses: [],
    };
    await startSite({ describe: () => report });
    assert.deepEqual((await siteAt(hub)).status?.capacity, { cpu: '4', 'example.com/gpu': '1' });
    report = { ...report, capacity: { cpu: '8' } };
    await clock.advance(30_000);
    assert.deepEqual((await siteAt(hub)).status?.capacity, { cpu: '8' });
    const { revision } = hub.server.store;
    await clock.advance(10 * 60_000);
    assert.equal(hub.server.store.revision, revision);
  }));

test('a hub that was away says Unknown of its sites, then Offline of those that stay away', () =>
  withHub(async ({ clock, hub }) => {
    const connectivity = {
      state: 'Connected',
      since: '2026-01-01T00:00:00Z',
      lastContactTime: '2026-01-01T00:00:00Z',
    };
    await hub.server.client.patch(
      siteResource,
      { name: 'north' },
      { patchType: 'merge', patch: { status: { connectivity } }, subresource: 'status' },
    );
    const again = await startTestHub(clock);
    await createSite(again, 'north');
    await again.server.client.patch(
      siteResource,
      { name: 'north' },
      { patchType: 'merge', patch: { status: { connectivity } }, subresource: 'status' },
    );
    await again.stop();
    await clock.advance(SILENCE_MS_MAX + 20_000);
    const { status } = await siteAt(hub);
    assert.deepEqual(
      [status?.connectivity?.state, status?.connectivity?.lastContactTime],
      ['Offline', '2026-01-01T00:00:00Z'],
    );
  }));
