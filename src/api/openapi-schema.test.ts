import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { loadDescriptions, NO_DESCRIPTIONS } from '#api/descriptions.ts';
import type { Json } from '#api/object.ts';
import { type ComponentsRequest, openApiComponents } from '#api/openapi-schema.ts';
import { openApiName, packageOf } from '#api/schema-names.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';

const KINDS = new Map(
  BUILTIN_RESOURCES.map(({ schema, group, version, kind }) => [schema, { group, version, kind }]),
);

function components(overrides: Partial<ComponentsRequest> = {}): Record<string, Json> {
  return openApiComponents({
    schemas: BUILTIN_SCHEMAS,
    version: 3,
    definitions: [...KINDS.keys()],
    kinds: KINDS,
    descriptions: NO_DESCRIPTIONS,
    ...overrides,
  });
}

test('definitions are called as Kubernetes calls them', () => {
  const cases: [string, string][] = [
    ['core/v1.Pod', 'io.k8s.api.core.v1.Pod'],
    ['rbac/v1.Role', 'io.k8s.api.rbac.v1.Role'],
    ['meta/v1.ObjectMeta', 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'],
    [
      'apiextensions/v1.JSONSchemaProps',
      'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps',
    ],
    ['fleet/v1alpha1.Site', 'io.skerry.fleet.v1alpha1.Site'],
  ];
  for (const [definition, name] of cases) assert.equal(openApiName(definition), name);
});

for (const version of [2, 3] as const) {
  test(`version ${version}: every reference of every kind leads to a component`, () => {
    const all = components({ version });
    const prefix = version === 2 ? '#/definitions/' : '#/components/schemas/';
    const targets = [...JSON.stringify(all).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target = '']) => target);
    assert.ok(targets.length > 500);
    for (const target of targets)
      assert.ok(target.startsWith(prefix) && target.slice(prefix.length) in all, target);
  });
}

test('a kind has its mark, its list, its required fields and its merge rules', () => {
  const all = components({ definitions: ['core/v1.Pod'] }) as Record<string, Record<string, Json>>;
  assert.deepEqual(all['io.k8s.api.core.v1.Pod']?.['x-kubernetes-group-version-kind'], [
    { group: '', kind: 'Pod', version: 'v1' },
  ]);
  assert.deepEqual(all['io.k8s.api.core.v1.PodList']?.['x-kubernetes-group-version-kind'], [
    { group: '', kind: 'PodList', version: 'v1' },
  ]);
  const spec = all['io.k8s.api.core.v1.PodSpec'] as { required: Json; properties: Record<string, Json> };
  assert.deepEqual(spec.required, ['containers']);
  assert.deepEqual(spec.properties.containers, {
    type: 'array',
    items: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Container' }] },
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    'x-kubernetes-patch-merge-key': 'name',
    'x-kubernetes-patch-strategy': 'merge',
  });
  assert.deepEqual(spec.properties.nodeSelector, {
    type: 'object',
    additionalProperties: { type: 'string' },
    'x-kubernetes-map-type': 'atomic',
  });
  assert.deepEqual(all['io.k8s.apimachinery.pkg.api.resource.Quantity'], {
    oneOf: [{ type: 'string' }, { type: 'number' }],
  });
  assert.deepEqual(all['io.k8s.apimachinery.pkg.apis.meta.v1.Time'], { type: 'string', format: 'date-time' });
  assert.equal(all['io.k8s.api.apps.v1.Deployment'], undefined);
});

test('prose is put in where it is asked for', async () => {
  const packages = new Set(['core/v1.Pod', 'fleet/v1alpha1.Site'].map(packageOf));
  const descriptions = await loadDescriptions([...packages, 'none/v1']);
  const all = components({ definitions: ['core/v1.Pod', 'fleet/v1alpha1.Site'], descriptions }) as Record<
    string,
    { description?: string; properties: Record<string, { description?: string }> }
  >;
  assert.match(all['io.k8s.api.core.v1.Pod']?.description ?? '', /^Pod is a collection of containers/);
  assert.match(all['io.k8s.api.core.v1.PodSpec']?.properties.nodeName?.description ?? '', /./);
  assert.match(
    all['io.skerry.fleet.v1alpha1.SiteSpec']?.properties.blocked?.description ?? '',
    /^Refuses every connection/,
  );
});
