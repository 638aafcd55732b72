import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json, KubeObject } from '#api/object.ts';
import { applyMergePatch } from '#api/patch-merge.ts';
import { bundleOf } from '#fleet/bundle.ts';
import { manifestFault } from '#fleet/manifest-faults.ts';
import { mergePatchOf } from '#fleet/merge-patch-of.ts';
import { templateKindOf } from '#fleet/template-kinds.ts';
import { sha256Digest } from '#pki/digest.ts';
import { must } from '#system/assert.ts';

function object(kind: string, name: string, more: object = {}): KubeObject {
  const apiVersion = { Deployment: 'apps/v1', CronJob: 'batch/v1' }[kind] ?? 'v1';
  return { apiVersion, kind, metadata: { name }, ...more } as KubeObject;
}

test('the same objects are the same bundle, however they were written and by whomever', () => {
  const plain = [object('ConfigMap', 'a', { data: { x: '1', y: '2' } }), object('Secret', 'b', { data: {} })];
  const written = [
    object('Secret', 'b', { data: {}, status: { ignored: true } }),
    {
      kind: 'ConfigMap',
      data: { y: '2', x: '1' },
      metadata: {
        uid: 'u',
        resourceVersion: '7',
        generation: 3,
        creationTimestamp: '2026-01-01T00:00:00Z',
        managedFields: [],
        namespace: 'shop',
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
        name: 'a',
      },
      apiVersion: 'v1',
    } as unknown as KubeObject,
  ];
  const [first, second] = [bundleOf(plain, 'shop'), bundleOf(written, 'shop')];
  assert.deepEqual(second, first);
  assert.equal(first.digest, sha256Digest(first.manifests));
  assert.notEqual(bundleOf(plain, 'other').digest, first.digest);
});

test('objects stand in the order in which a site applies them, and keep labels and annotations of their own', () => {
  const labels = { app: 'x' };
  const objects = [
    object('Pod', 'z'),
    object('Deployment', 'b'),
    object('Deployment', 'a'),
    object('Service', 's'),
    object('ConfigMap', 'c', { metadata: { name: 'c', labels, annotations: { note: 'n' } } }),
  ];
  const bundle = bundleOf(objects, 'shop');
  assert.deepEqual(
    bundle.objects.map(({ kind, name }) => `${kind} ${name}`),
    ['ConfigMap c', 'Service s', 'Deployment a', 'Deployment b', 'Pod z'],
  );
  const [first] = JSON.parse(bundle.manifests) as KubeObject[];
  assert.deepEqual(first?.metadata, { name: 'c', namespace: 'shop', labels, annotations: { note: 'n' } });
});

test('images of all containers, wherever they stand, each once', () => {
  const template = (containers: string[], initContainers: string[] = []) => ({
    template: {
      spec: {
        containers: containers.map((image) => ({ image })),
        initContainers: initContainers.map((image) => ({ image })),
      },
    },
  });
  const objects = [
    object('Deployment', 'a', { spec: template(['nginx:2', 'app:1'], ['init:1']) }),
    object('CronJob', 'b', { spec: { jobTemplate: { spec: template(['app:1']) } } }),
    object('Pod', 'c', { spec: { containers: [{ image: 'busybox' }, { name: 'none' }] } }),
    object('ConfigMap', 'd', { data: { containers: 'text' } }),
  ];
  assert.deepEqual(bundleOf(objects, 'shop').images, ['app:1', 'busybox', 'init:1', 'nginx:2']);
});

test('a manifest that no site would take says why; one that it would says nothing', () => {
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const spec = { selector: { matchLabels: { app: 'a' } }, template };
  const table: [KubeObject, RegExp | undefined][] = [
    [object('Deployment', 'a', { spec }), undefined],
    [object('ConfigMap', 'a'), undefined],
    [object('ConfigMap', 'A'), /metadata.name: Invalid value: "A"/],
    [object('Deployment', 'a', { spec: { ...spec, replica: 3 } }), /unknown field "spec.replica"/],
    [
      object('Deployment', 'a', { spec: { ...spec, replicas: '3' } }),
      /spec.replicas: expected int32, got string "3"/,
    ],
    [object('Deployment', 'a', { spec: { ...spec, replicas: -1 } }), /spec.replicas: Invalid value: -1/],
    [
      object('Deployment', 'a'),
      /spec.selector: Required value; .*; spec.template.spec.containers: Required value/,
    ],
  ];
  for (const [manifest, expected] of table) {
    const before = JSON.stringify(manifest);
    const fault = manifestFault(manifest, must(templateKindOf(manifest), 'known'), 'shop');
    if (expected === undefined) assert.equal(fault, undefined);
    else assert.match(fault ?? '', expected);
    assert.equal(JSON.stringify(manifest), before, 'it is left as it is');
  }
});

test('a merge patch from one object to another makes the one into the other', () => {
  // A merge patch cannot say null.
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.array(fc.integer()),
      fc.dictionary(fc.string(), tie('value')),
    ),
  })).value as fc.Arbitrary<Json>;
  const objects = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), value) as fc.Arbitrary<{
    readonly [key: string]: Json;
  }>;
  fc.assert(
    fc.property(objects, objects, (from, to) => {
      const patch = mergePatchOf(from, to);
      const made =
        patch === undefined ? from : applyMergePatch(from, JSON.parse(JSON.stringify(patch)) as Json);
      assert.deepEqual(JSON.parse(JSON.stringify(made)), JSON.parse(JSON.stringify(to)));
    }),
  );
  assert.equal(mergePatchOf({ a: { b: [1] } }, { a: { b: [1] } }), undefined);
  assert.deepEqual(mergePatchOf({ a: { b: 1, c: 2 }, d: 3 }, { a: { b: 1, c: 4 } }), {
    d: null,
    a: { c: 4 },
  });
});
