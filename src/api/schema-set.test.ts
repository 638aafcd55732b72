import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMBEDDED } from '#api/embedded-fields.ts';
import { EMPTY_IS_SET, EMPTY_LIST_IS_SET, ZERO_IS_ABSENT } from '#api/empty-values.ts';
import { ATOMIC_DEFINITIONS, LIST_RULES, QUANTITY_FIELDS, STRUCT_RULES } from '#api/merge-keys.ts';
import type { Schema } from '#api/schema.ts';
import { BUILTIN_DEFINITIONS, BUILTIN_SCHEMAS, schemaSet } from '#api/schema-set.ts';

function fieldOf(path: string): Schema | undefined {
  const dot = path.indexOf('.', path.indexOf('/'));
  const end = path.indexOf('.', dot + 1);
  const definition = BUILTIN_SCHEMAS.resolve(BUILTIN_SCHEMAS.get(path.slice(0, end)));
  return definition.type === 'object' ? definition.properties[path.slice(end + 1)] : undefined;
}

test('every definition parses, and every reference leads to one', () => {
  const visit = (schema: Schema): void => {
    if (schema.type === 'ref') assert.ok(BUILTIN_DEFINITIONS.has(schema.ref), schema.ref);
    if (schema.type === 'array') visit(schema.items);
    if (schema.type === 'map') visit(schema.values);
    if (schema.type === 'object') Object.values(schema.properties).forEach(visit);
  };
  for (const name of BUILTIN_DEFINITIONS.keys()) visit(BUILTIN_SCHEMAS.get(name));
  assert.ok(BUILTIN_DEFINITIONS.size > 400);
});

test('every merge rule belongs to a field of the right shape, and its keys to the items', () => {
  for (const [path, rule] of Object.entries(LIST_RULES)) {
    const field = fieldOf(path);
    assert.ok(field?.type === 'array', path);
    const item = BUILTIN_SCHEMAS.resolve(field.items);
    for (const key of rule.listMapKeys ?? [])
      assert.ok(item.type === 'object' && key in item.properties, `${path} ${key}`);
  }
  for (const path of Object.keys(STRUCT_RULES)) assert.match(fieldOf(path)?.type ?? '', /^(ref|map)$/, path);
  for (const path of EMPTY_IS_SET) assert.deepEqual(fieldOf(path), { type: 'string' }, path);
  for (const path of ZERO_IS_ABSENT) assert.match(fieldOf(path)?.type ?? '', /^(integer|boolean)$/, path);
  for (const path of EMPTY_LIST_IS_SET) assert.match(fieldOf(path)?.type ?? '', /^(array|map)$/, path);
  for (const path of EMBEDDED) assert.match(fieldOf(path)?.type ?? '', /^(ref|array)$/, path);
  for (const name of ATOMIC_DEFINITIONS) assert.ok(BUILTIN_DEFINITIONS.has(name), name);
  for (const path of QUANTITY_FIELDS) {
    const field = fieldOf(path);
    assert.equal(field?.type === 'map' ? field.values.type : field?.type, 'quantity', path);
  }
});

test('a pod keeps its containers by name', () => {
  const podSpec = BUILTIN_SCHEMAS.get('core/v1.PodSpec');
  assert.ok(podSpec.type === 'object');
  assert.deepEqual(podSpec.required, ['containers']);
  assert.deepEqual(podSpec.properties.containers, {
    type: 'array',
    items: { type: 'ref', ref: 'core/v1.Container' },
    listType: 'map',
    listMapKeys: ['name'],
    patchStrategy: 'merge',
    patchMergeKey: 'name',
    embedded: true,
  });
});

test('a reference overrides the merge rules of what it names, there alone', () => {
  const strategy = fieldOf('apps/v1.DeploymentSpec.strategy');
  assert.ok(strategy !== undefined);
  const resolved = BUILTIN_SCHEMAS.resolve(strategy);
  assert.equal(resolved.type === 'object' ? resolved.patchStrategy : '', 'retainKeys');
  assert.equal(BUILTIN_SCHEMAS.resolve(strategy), resolved);
  const named = BUILTIN_SCHEMAS.get('apps/v1.DeploymentStrategy');
  assert.equal(named.type === 'object' ? named.patchStrategy : '', undefined);
});

test('a name or a type that does not exist is a programmer error', () => {
  const schemas = schemaSet(new Map([['x/v1.Odd', 'field:strnig']]));
  assert.throws(() => schemas.get('x/v1.None'), /no schema is called "x\/v1.None"/);
  assert.throws(() => schemas.get('x/v1.Odd'), /"strnig" is neither a scalar nor a definition/);
});
