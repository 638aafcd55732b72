import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMapResource } from '#api/core/config-map.ts';
import { type Application, type ApplicationSpec, applicationResource } from '#api/fleet/application.ts';
import {
  type ApplicationInstanceStatus,
  applicationInstanceResource,
  CLEANUP_FINALIZER,
  REMOVAL_FINALIZER,
} from '#api/fleet/application-instance.ts';
import { applicationRevisionResource } from '#api/fleet/application-revision.ts';
import { type SiteConnectivityState, siteResource } from '#api/fleet/site.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';
import { applicationPlacementController } from '#fleet/application-placement-controller.ts';
import { applicationRevisionController } from '#fleet/application-revision-controller.ts';
import { applicationStatusController } from '#fleet/application-status-controller.ts';
import { applierController } from '#fleet/applier-controller.ts';
import { APPLICATION_LABEL, REVISION_ANNOTATION } from '#fleet/apply-manifest.ts';
import { bundleOf } from '#fleet/bundle.ts';
import { siteApplicationsController } from '#fleet/site-applications-controller.ts';
import { bundleKeyFromSeed, createBundleSigner } from '#pki/bundle-signature.ts';
import type { Action } from '#reconcile/controller.ts';
import { World } from '#reconcile/test-world.ts';
import { must } from '#system/assert.ts';

const NAMESPACE = 'shop';
const KEY = 'shop/web';
const API_VERSION = 'fleet.skerry.io/v1alpha1';
const revisions = applicationRevisionController(
  createBundleSigner(bundleKeyFromSeed(new Uint8Array(32).fill(1))),
);
const applier = applierController(BUILTIN_SCHEMAS);

function map(text: string, name = 'page'): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text } } as unknown as KubeObject;
}

function application(world: World, spec: Partial<ApplicationSpec> = {}): Application {
  const whole = {
    source: { inline: { manifests: [map('one')] } },
    placement: { siteSelector: { matchLabels: { tier: 'edge' } } },
    ...spec,
  };
  return world.put(applicationResource, {
    apiVersion: API_VERSION,
    kind: 'Application',
    metadata: { namespace: NAMESPACE, name: 'web' },
    spec: whole,
  });
}

function site(
  world: World,
  name: string,
  { tier = 'edge', state }: { tier?: string; state?: SiteConnectivityState } = {},
): void {
  world.put(siteResource, {
    apiVersion: API_VERSION,
    kind: 'Site',
    metadata: { name, labels: { tier } },
    spec: {},
  });
  if (state !== undefined) world.patchStatus(siteResource, { name }, { connectivity: { state, since: 'x' } });
}

function get(world: World): Application {
  return must(world.get(applicationResource, { namespace: NAMESPACE, name: 'web' }), 'it is there');
}

function condition(world: World, type: string): string {
  const found = get(world).status?.conditions?.find((each) => each.type === type);
  return `${found?.status ?? 'none'} ${found?.reason ?? ''}`.trim();
}

const withSource: [string, Partial<ApplicationSpec>, (world: World) => void, string][] = [
  ['inline manifests', {}, () => undefined, 'True Resolved'],
  ['no manifests', { source: { inline: { manifests: [] } } }, () => undefined, 'False SourceEmpty'],
  [
    'a selector that selects nothing',
    { source: { selector: { matchLabels: { a: 'b' } } } },
    () => undefined,
    'False SourceEmpty',
  ],
  [
    'a selector that selects',
    { source: { selector: { matchLabels: { a: 'b' } } } },
    (world) =>
      world.put(configMapResource, {
        ...map('x'),
        metadata: { namespace: NAMESPACE, name: 'c', labels: { a: 'b' } },
      } as never),
    'True Resolved',
  ],
  [
    'a kind that no site takes',
    { source: { inline: { manifests: [{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } }] } } },
    () => undefined,
    'False KindNotAllowed',
  ],
  [
    'an object of another namespace',
    {
      source: { inline: { manifests: [{ ...map('x'), metadata: { name: 'p', namespace: 'kube-system' } }] } },
    },
    () => undefined,
    'False NamespaceNotAllowed',
  ],
  [
    'an object that stands twice',
    { source: { inline: { manifests: [map('x'), map('y')] } } },
    () => undefined,
    'False ManifestTwice',
  ],
  [
    'an object that is none',
    { source: { inline: { manifests: [{ ...map('x'), colour: 'red' } as never] } } },
    () => undefined,
    'False ManifestInvalid',
  ],
  [
    'too much',
    {
      source: {
        inline: { manifests: Array.from({ length: 3 }, (_, n) => map('ü'.repeat(400_000), `m${n}`)) },
      },
    },
    () => undefined,
    'False SourceTooLarge',
  ],
];
for (const [name, spec, prepare, expected] of withSource) {
  test(`a source of ${name}: ${expected}`, () => {
    const world = new World();
    prepare(world);
    application(world, spec);
    world.settle(revisions);
    assert.equal(condition(world, 'SourceReady'), expected);
    const made = world.list(applicationRevisionResource);
    assert.equal(made.length, expected.startsWith('True') ? 1 : 0);
    if (expected.startsWith('False'))
      assert.equal(
        world.events.filter((event) => event.startsWith(expected.split(' ')[1] ?? '')).length,
        1,
        'told once',
      );
    else
      assert.deepEqual(get(world).status?.revision, {
        name: made[0]?.metadata.name,
        digest: made[0]?.spec.digest,
      });
  });
}

test('of old revisions ten are kept, and every one that an instance still names', () => {
  const world = new World();
  application(world);
  site(world, 'north');
  const names: string[] = [];
  for (let n = 0; n < 15; n++) {
    world.nowMs += 60_000;
    world.patch(
      applicationResource,
      { namespace: NAMESPACE, name: 'web' },
      { spec: { source: { inline: { manifests: [map(`version ${n}`)] } } } },
    );
    world.settle(revisions);
    if (n === 1) world.settle(applicationPlacementController);
    names.push(get(world).status?.revision?.name ?? '');
  }
  const kept = new Set(world.list(applicationRevisionResource).map(({ metadata }) => metadata.name));
  assert.deepEqual(
    names.map((name) => kept.has(name)),
    [false, true, false, false, ...Array<boolean>(11).fill(true)],
  );
  world.settle(applicationPlacementController);
  world.settle(revisions);
  assert.equal(world.list(applicationRevisionResource).length, 11);
});

test('instances follow the placement, by label and by name, and go to the newest revision', () => {
  const world = new World();
  for (const name of ['north', 'south']) site(world, name);
  site(world, 'office', { tier: 'desk' });
  site(world, 'lab', { tier: 'none' });
  application(world, { placement: { siteSelector: { matchLabels: { tier: 'edge' } }, sites: ['office'] } });
  world.settle(revisions, applicationPlacementController);
  const placed = () =>
    world
      .list(applicationInstanceResource)
      .map(
        ({ metadata, spec }) =>
          `${spec.site} ${spec.revision.name === get(world).status?.revision?.name}${metadata.deletionTimestamp === undefined ? '' : ' going'}`,
      )
      .toSorted();
  assert.deepEqual(placed(), ['north true', 'office true', 'south true']);
  assert.equal(condition(world, 'Placed'), 'True SitesSelected');
  world.patch(
    applicationResource,
    { namespace: NAMESPACE, name: 'web' },
    { spec: { source: { inline: { manifests: [map('two')] } } } },
  );
  world.patch(siteResource, { name: 'south' }, { metadata: { labels: { tier: 'none' } } });
  world.settle(revisions, applicationPlacementController);
  assert.deepEqual(placed(), ['north true', 'office true', 'south false going']);
  world.remove(siteResource, { name: 'south' });
  world.settle(applicationPlacementController);
  assert.deepEqual(placed(), ['north true', 'office true'], 'a site that is gone can confirm nothing');
});

test('an application that is deleted takes its instances with it, as far as their sites confirm', () => {
  const world = new World();
  site(world, 'north');
  application(world);
  world.settle(revisions, applicationPlacementController);
  world.remove(applicationResource, { namespace: NAMESPACE, name: 'web' });
  world.settle(applicationPlacementController);
  const [instance] = world.list(applicationInstanceResource);
  assert.ok(instance?.metadata.deletionTimestamp);
  assert.deepEqual(instance.metadata.finalizers, [REMOVAL_FINALIZER]);
});

const RUNNING = { phase: 'Running' } as const;
const counts: [
  string,
  [SiteConnectivityState, ApplicationInstanceStatus | undefined, boolean?][],
  string,
  string,
][] = [
  ['placed nowhere', [], '0 0 0 0 0', 'False NoSites'],
  [
    'running everywhere',
    [
      ['Connected', RUNNING],
      ['Connected', RUNNING],
    ],
    '2 2 0 0 0',
    'True AllSitesRunning',
  ],
  [
    'running where it can be seen',
    [
      ['Connected', RUNNING],
      ['Offline', RUNNING],
    ],
    '2 1 0 0 1',
    'True ConnectedSitesRunning',
  ],
  [
    'out of sight',
    [
      ['Offline', RUNNING],
      ['Unknown', { phase: 'Failed' }],
      ['NeverConnected', undefined],
    ],
    '3 0 0 0 3',
    'Unknown SitesOffline',
  ],
  [
    'on its way',
    [
      ['Connected', { phase: 'Progressing', message: 'soon' }],
      ['Connected', RUNNING],
    ],
    '2 1 1 0 0',
    'False SitesUpdating',
  ],
  ['running the old revision', [['Connected', RUNNING, true]], '1 0 1 0 0', 'False SitesUpdating'],
  ['not reported yet', [['Connected', undefined]], '1 0 1 0 0', 'False SitesUpdating'],
  [
    'failing somewhere',
    [
      ['Connected', { phase: 'Failed', message: 'no image' }],
      ['Connected', RUNNING],
      ['Offline', RUNNING],
    ],
    '3 1 0 1 1',
    'False SitesFailed',
  ],
];
for (const [name, sites, expected, available] of counts) {
  test(`an application that is ${name}: ${available}`, () => {
    const world = new World();
    application(world);
    world.settle(revisions);
    const revision = must(get(world).status?.revision, 'made');
    for (const [index, [state, status, isOld]] of sites.entries()) {
      const siteName = `s${index}`;
      site(world, siteName, { state });
      world.put(applicationInstanceResource, {
        apiVersion: API_VERSION,
        kind: 'ApplicationInstance',
        metadata: { namespace: NAMESPACE, name: `web.${siteName}` },
        spec: { application: 'web', site: siteName, revision },
      });
      const runningRevision = isOld === true ? { name: 'old', digest: 'old' } : revision;
      if (status !== undefined)
        world.patchStatus(
          applicationInstanceResource,
          { namespace: NAMESPACE, name: `web.${siteName}` },
          { ...status, runningRevision },
        );
    }
    world.settle(applicationStatusController);
    const { wanted, running, updating, failed, offline } = must(get(world).status?.sites, 'counted');
    assert.equal([wanted, running, updating, failed, offline].join(' '), expected);
    assert.deepEqual([condition(world, 'Available'), condition(world, 'Ready')], [available, available]);
    assert.deepEqual(world.plan(applicationStatusController, KEY), [], 'the same again is no write');
    const failure = sites.find(([, status]) => status?.phase === 'Failed' && status.message !== undefined);
    const message = get(world).status?.conditions?.find(({ type }) => type === 'Available')?.message ?? '';
    if (failure !== undefined) assert.match(message, /; s0: no image$/);
    assert.deepEqual(
      sites
        .map((_, index) => `s${index}`)
        .map((siteName) => {
          world.step(siteApplicationsController, siteName);
          return world.get(siteResource, { name: siteName })?.status?.applications;
        }),
      sites.map(([, status, isOld]) => ({
        wanted: 1,
        running: status?.phase === 'Running' && isOld !== true ? 1 : 0,
      })),
    );
  });
}

/** A site's own world: an instance that wants a revision of these objects. */
function wantAtSite(world: World, objects: readonly KubeObject[], name = 'web'): string {
  const bundle = bundleOf(objects, NAMESPACE);
  const revision = { name: `${name}-${bundle.digest.slice(7, 17)}`, digest: bundle.digest };
  const { manifests, digest } = bundle;
  world.put(applicationRevisionResource, {
    apiVersion: API_VERSION,
    kind: 'ApplicationRevision',
    metadata: { namespace: NAMESPACE, name: revision.name },
    spec: { application: name, digest, manifests, objects: [...bundle.objects] },
  });
  const metadata = { namespace: NAMESPACE, name: `${name}.north`, finalizers: [CLEANUP_FINALIZER] };
  const known = world.get(applicationInstanceResource, metadata);
  const instance: Draft = {
    apiVersion: API_VERSION,
    kind: 'ApplicationInstance',
    metadata,
    ...({
      spec: { application: name, site: 'north', revision },
      ...(known?.status === undefined ? {} : { status: known.status }),
    } as object),
  };
  world.put(applicationInstanceResource, instance as never);
  return revision.name;
}

function phaseOf(world: World, name = 'web'): string {
  const { status } = must(
    world.get(applicationInstanceResource, { namespace: NAMESPACE, name: `${name}.north` }),
    'there',
  );
  return `${status?.phase ?? ''} ${status?.reason ?? ''}`;
}

test('of two applications with the same object the first one keeps it, and the other says so until it is free', () => {
  const world = new World();
  wantAtSite(world, [map('mine')], 'first');
  world.settle(applier);
  wantAtSite(world, [map('yours')], 'second');
  world.settle(applier);
  const page = () => world.get(configMapResource, { namespace: NAMESPACE, name: 'page' });
  assert.deepEqual([page()?.metadata.labels?.[APPLICATION_LABEL], page()?.data], ['first', { text: 'mine' }]);
  assert.deepEqual(
    [phaseOf(world, 'first'), phaseOf(world, 'second')],
    ['Running AllHealthy', 'Failed ResourceFailed'],
  );
  const plan = world.plan(applier, 'shop/second.north');
  assert.deepEqual(
    plan.map(({ type }) => type),
    ['requeue'],
  );
  world.remove(applicationInstanceResource, { namespace: NAMESPACE, name: 'first.north' });
  world.settle(applier);
  assert.deepEqual(
    [page()?.metadata.labels?.[APPLICATION_LABEL], page()?.data, phaseOf(world, 'second')],
    ['second', { text: 'yours' }, 'Running AllHealthy'],
  );
});

test('an object that was here before is taken over, with what it has beside', () => {
  const world = new World();
  world.put(configMapResource, {
    ...map('old'),
    metadata: { namespace: NAMESPACE, name: 'page', labels: { own: 'x' } },
    data: { text: 'old', more: 'm' },
  } as never);
  const name = wantAtSite(world, [map('new')]);
  world.settle(applier);
  const { metadata, data } = must(
    world.get(configMapResource, { namespace: NAMESPACE, name: 'page' }),
    'there',
  );
  assert.deepEqual(data, { text: 'new', more: 'm' });
  assert.deepEqual(
    [metadata.labels, typeof metadata.annotations?.[REVISION_ANNOTATION]],
    [{ own: 'x', [APPLICATION_LABEL]: 'web' }, 'string'],
  );
  assert.equal(
    world.get(applicationInstanceResource, { namespace: NAMESPACE, name: 'web.north' })?.status
      ?.runningRevision?.name,
    name,
  );
});

test('old revisions go, but never one from which an object was applied', () => {
  const world = new World();
  const names: string[] = [];
  for (let n = 0; n < 6; n++) {
    world.nowMs += 60_000;
    names.push(wantAtSite(world, [map(`version ${n}`)]));
    // The object stays at the first revision: nothing but revisions is looked at here.
    if (n === 0) world.settle(applier);
    else
      for (const action of world.plan(applier, 'shop/web.north'))
        if (action.type === 'delete') world.apply(applier, action);
  }
  const kept = new Set(world.list(applicationRevisionResource).map(({ metadata }) => metadata.name));
  assert.deepEqual(
    names.map((name) => kept.has(name)),
    [true, false, false, true, true, true],
  );
});

test('what the site refuses is told as such, in the words of the refusal', () => {
  const world = new World();
  wantAtSite(world, [map('x')]);
  const [creation] = world.plan(applier, 'shop/web.north');
  assert.ok(creation?.type === 'create' && creation.refused !== undefined);
  for (const action of creation.refused('exceeded quota') as Action[]) world.apply(applier, action);
  assert.equal(phaseOf(world), 'Failed ApplyRefused');
  const { status } = must(
    world.get(applicationInstanceResource, { namespace: NAMESPACE, name: 'web.north' }),
    'there',
  );
  assert.equal(status?.message, 'ConfigMap page: exceeded quota');
  assert.deepEqual(creation.refused('exceeded quota').length, 1);
  world.settle(applier);
  assert.equal(phaseOf(world), 'Running AllHealthy');
});

test('a bundle that is not here yet is waited for, and what runs goes on', () => {
  const world = new World();
  wantAtSite(world, [map('one')]);
  world.settle(applier);
  const revision = { name: 'web-2', digest: `sha256:${'0'.repeat(64)}` };
  world.patch(
    applicationInstanceResource,
    { namespace: NAMESPACE, name: 'web.north' },
    { spec: { revision } },
  );
  world.settle(applier);
  assert.equal(phaseOf(world), 'Pending WaitingForBundle');
  assert.deepEqual(world.get(configMapResource, { namespace: NAMESPACE, name: 'page' })?.data, {
    text: 'one',
  });
});
