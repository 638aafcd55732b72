import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Application, type ApplicationSpec, applicationResource } from '#api/fleet/application.ts';
import { type ApplicationInstance, applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { type ApplicationRevision, applicationRevisionResource } from '#api/fleet/application-revision.ts';
import { FLEET_DESCRIPTIONS } from '#api/fleet/descriptions.ts';
import { type JoinToken, joinTokenResource } from '#api/fleet/join-token.ts';
import { type Site, type SiteSpec, type SiteStatus, siteResource } from '#api/fleet/site.ts';
import type { KubeObject, ObjectMeta } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';
import { fieldErrorMessage } from '#api/status.ts';

const NOW_MS = Date.parse('2026-11-21T10:00:00Z');
const METADATA: ObjectMeta = {
  name: 'shop',
  namespace: 'default',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '2026-11-21T09:00:00Z',
};
const API_VERSION = 'fleet.skerry.io/v1alpha1';
const DIGEST = `sha256:${'a'.repeat(64)}`;

function cells<T extends KubeObject>(
  type: ResourceType<T>,
  object: T,
  priorities: readonly number[] = [0],
): unknown[] {
  return type.columns
    .filter(({ priority }) => priorities.includes(priority))
    .map((column) => column.cell(object, NOW_MS));
}

function headings(type: ResourceType, priority: number): string[] {
  return type.columns.filter((column) => column.priority === priority).map(({ name }) => name.toUpperCase());
}

function site(spec: SiteSpec = {}, status?: SiteStatus): Site {
  const made: Site = {
    apiVersion: API_VERSION,
    kind: 'Site',
    metadata: METADATA,
    spec,
    ...(status === undefined ? {} : { status }),
  };
  siteResource.applyDefaults(made);
  return made;
}

test('a site in a line', () => {
  assert.deepEqual(headings(siteResource, 0), [
    'NAME',
    'STATUS',
    'LAST-CONTACT',
    'HOSTS',
    'APPS',
    'VERSION',
    'AGE',
  ]);
  assert.deepEqual(cells(siteResource, site()), [
    'shop',
    'Never connected',
    '<none>',
    '<none>',
    '<none>',
    '<none>',
    '60m',
  ]);
  const status: SiteStatus = {
    connectivity: {
      state: 'Offline',
      since: '2026-11-21T09:30:00Z',
      lastContactTime: '2026-11-21T09:29:00Z',
    },
    hosts: [
      { name: 'a', ready: 'True' },
      { name: 'b', ready: 'Unknown' },
    ],
    applications: { wanted: 3, running: 2 },
    versions: { skerry: '0.1.0' },
  };
  assert.deepEqual(cells(siteResource, site({ blocked: true }, status)), [
    'shop',
    'Offline,Blocked',
    '31m',
    '1/2',
    '2/3',
    '0.1.0',
    '60m',
  ]);
});

test('a wrong site', () => {
  const messages = (spec: SiteSpec): string[] =>
    siteResource.validate(site(spec), undefined).map(fieldErrorMessage);
  assert.deepEqual(messages({ location: { latitude: 60.2, longitude: 24.9, address: 'Helsinki' } }), []);
  assert.deepEqual(messages({ location: { latitude: 91 } }), [
    'spec.location.latitude: Invalid value: 91: must be between -90 and 90, inclusive',
  ]);
  assert.deepEqual(messages({ provider: 'Nomad' as 'Skerry' }), [
    'spec.provider: Unsupported value: "Nomad": supported values: "Kubernetes", "Skerry"',
  ]);
});

const MANIFEST = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } };
const EDGE = { siteSelector: { matchLabels: { tier: 'edge' } } };

function application(spec: ApplicationSpec, status?: Application['status']): Application {
  return {
    apiVersion: API_VERSION,
    kind: 'Application',
    metadata: METADATA,
    spec,
    ...(status === undefined ? {} : { status }),
  };
}

test('an application in a line', () => {
  const source = { selector: { matchLabels: { app: 'shop' } } };
  assert.deepEqual(headings(applicationResource, 0), [
    'NAME',
    'STATUS',
    'SITES',
    'RUNNING',
    'OFFLINE',
    'AGE',
  ]);
  assert.deepEqual(cells(applicationResource, application({ source, placement: EDGE })), [
    'shop',
    'Pending',
    0,
    0,
    0,
    '60m',
  ]);
  const status: Application['status'] = {
    revision: { name: 'shop-1', digest: DIGEST },
    sites: { wanted: 5, running: 2, updating: 1, failed: 1, offline: 1 },
    conditions: [
      { type: 'Ready', status: 'False', reason: 'SitesFailing', message: '', lastTransitionTime: '' },
    ],
  };
  assert.deepEqual(cells(applicationResource, application({ source, placement: EDGE }, status), [0, 1]), [
    'shop',
    'SitesFailing',
    5,
    2,
    1,
    1,
    1,
    'shop-1',
    '60m',
  ]);
});

test('a wrong application', () => {
  const messages = (spec: object): string[] =>
    applicationResource.validate(application(spec as ApplicationSpec), undefined).map(fieldErrorMessage);
  const inline = { manifests: [MANIFEST] };
  assert.deepEqual(messages({ source: { inline }, placement: EDGE }), []);
  assert.deepEqual(messages({ source: { inline } }), ['spec.placement: Required value']);
  assert.deepEqual(messages({ source: {}, placement: EDGE }), [
    'spec.source: Required value: must specify one of: `inline` or `selector`',
  ]);
  assert.deepEqual(messages({ source: { inline, selector: {} }, placement: EDGE }), [
    'spec.source.selector: Forbidden: may not be specified together with `inline`',
  ]);
  assert.deepEqual(
    messages({
      source: { inline: { manifests: [{ kind: 'ConfigMap' }] } },
      placement: { sites: ['a', 'a'] },
    }),
    [
      'spec.source.inline.manifests[0].apiVersion: Required value',
      'spec.source.inline.manifests[0].metadata.name: Required value',
      'spec.placement.sites[1]: Duplicate value: "a"',
    ],
  );
  assert.deepEqual(messages({ source: { inline }, placement: {} }), [
    'spec.placement: Required value: must specify `siteSelector` or `sites`',
  ]);
});

test('a revision never changes', () => {
  const revision = (digest: string): ApplicationRevision => ({
    apiVersion: API_VERSION,
    kind: 'ApplicationRevision',
    metadata: METADATA,
    spec: { application: 'shop', digest, manifests: '[]', objects: [] },
  });
  assert.deepEqual(applicationRevisionResource.validate(revision(DIGEST), revision(DIGEST)), []);
  assert.match(
    applicationRevisionResource
      .validate(revision(DIGEST), revision(DIGEST.replace('a', 'b')))
      .map(fieldErrorMessage)
      .join(),
    /^spec: Invalid value: .*: field is immutable$/,
  );
  assert.equal(applicationRevisionResource.validate(revision('sha256:x'), undefined).length, 1);
});

test('an instance in a line', () => {
  const instance: ApplicationInstance = {
    apiVersion: API_VERSION,
    kind: 'ApplicationInstance',
    metadata: METADATA,
    spec: { application: 'shop', site: 'helsinki', revision: { name: 'shop-2', digest: DIGEST } },
    status: {
      phase: 'Progressing',
      runningRevision: { name: 'shop-1', digest: DIGEST },
      lastReportTime: '2026-11-21T09:59:30Z',
    },
  };
  assert.deepEqual(headings(applicationInstanceResource, 0), [
    'APPLICATION',
    'SITE',
    'WANTED',
    'RUNNING',
    'PHASE',
    'REPORTED',
  ]);
  assert.deepEqual(cells(applicationInstanceResource, instance), [
    'shop',
    'helsinki',
    'shop-2',
    'shop-1',
    'Progressing',
    '30s',
  ]);
  assert.deepEqual(applicationInstanceResource.validate(instance, undefined), []);
});

test('a join token in a line', () => {
  const token = (expiresAt: string): JoinToken => ({
    apiVersion: API_VERSION,
    kind: 'JoinToken',
    metadata: METADATA,
    spec: { expiresAt, usesMax: 3, tokenHash: DIGEST },
    status: { uses: 1 },
  });
  assert.deepEqual(cells(joinTokenResource, token('2026-11-21T12:00:00Z')), [
    'shop',
    '<any>',
    '1/3',
    '120m',
    '60m',
  ]);
  assert.equal(cells(joinTokenResource, token('2026-11-21T10:00:00Z'))[3], 'expired');
});

test('the prose of our kinds speaks of fields that exist', () => {
  for (const [name, described] of Object.entries(FLEET_DESCRIPTIONS)) {
    const definition = BUILTIN_SCHEMAS.get(name);
    assert.ok(definition.type === 'object');
    for (const field of Object.keys(described))
      assert.ok(field === '' || field in definition.properties, `${name}.${field}`);
  }
});
