import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type FieldSet,
  fieldSetOfNames,
  insertPath,
  intersect,
  isMember,
  type MutableFieldSet,
  pathsOf,
  subtract,
  subtractDeep,
  unite,
} from '#api/apply-field-set.ts';
import { canonicalFields, formatPath } from '#api/apply-fields-v1.ts';
import type { Json } from '#api/object.ts';

const path = fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:"y"'), {
  minLength: 1,
  maxLength: 4,
});
const paths = fc.array(path, { maxLength: 6 });

function setOf(list: readonly string[][]): FieldSet {
  const set: MutableFieldSet = {};
  for (const item of list) insertPath(set, item);
  return set;
}

function texts(list: readonly string[][]): Set<string> {
  return new Set(list.map((item) => JSON.stringify(item)));
}

function assertSame(set: FieldSet, expected: ReadonlySet<string>): void {
  assert.deepEqual(texts(pathsOf(set)), expected);
  assert.deepEqual(set, setOf([...expected].map((text) => JSON.parse(text) as string[])));
}

test('set operations agree with sets of paths, and leave their operands alone', () => {
  fc.assert(
    fc.property(paths, paths, (left, right) => {
      const [a, b] = [setOf(left), setOf(right)];
      const [textsA, textsB] = [texts(left), texts(right)];
      const before = JSON.stringify([a, b]);
      assertSame(unite(a, b), textsA.union(textsB));
      assertSame(intersect(a, b), textsA.intersection(textsB));
      assertSame(subtract(a, b), textsA.difference(textsB));
      const isBelow = (item: string[]): boolean =>
        item.some((_, index) => textsB.has(JSON.stringify(item.slice(0, index + 1))));
      assertSame(subtractDeep(a, b), texts(left.filter((item) => !isBelow(item))));
      assert.equal(JSON.stringify([a, b]), before);
    }),
  );
});

test('what is not changed is shared', () => {
  const a = fieldSetOfNames([['spec', 'replicas'], ['status']]);
  assert.equal(subtract(a, fieldSetOfNames([['metadata']])), a);
  assert.equal(unite(a, fieldSetOfNames([['status']])), a);
  assert.ok(isMember(a['f:status'] ?? {}));
});

test('FieldsV1 that a client sent becomes canonical or is refused', () => {
  const situations: [Json, Json | undefined][] = [
    [{}, {}],
    [
      { 'f:b': {}, 'f:a': {} },
      { 'f:a': {}, 'f:b': {} },
    ],
    [
      { 'k:{"protocol":"TCP","containerPort":80}': { '.': {} } },
      { 'k:{"containerPort":80,"protocol":"TCP"}': {} },
    ],
    [{ 'f:a': { 'x:future': {} } }, {}],
    [{ 'f:a': { '.': {}, 'x:future': {} } }, { 'f:a': {} }],
    [
      { 'v:"x"': {}, 'i:3': {} },
      { 'i:3': {}, 'v:"x"': {} },
    ],
    ['x', undefined],
    [{ bad: {} }, undefined],
    [{ f: {} }, undefined],
    [{ 'k:[]': {} }, undefined],
    [{ 'k:{': {} }, undefined],
    [{ 'v:{': {} }, undefined],
    [{ 'i:x': {} }, undefined],
    [{ 'f:a': 1 }, undefined],
    [{ 'f:a': { bad: {} } }, undefined],
  ];
  for (const [input, expected] of situations)
    assert.deepEqual(canonicalFields(input), expected, JSON.stringify(input));
});

test('paths are printed as Kubernetes prints them', () => {
  assert.equal(
    formatPath(['f:spec', 'f:ports', 'k:{"containerPort":80,"protocol":"TCP"}', 'f:name']),
    '.spec.ports[containerPort=80,protocol="TCP"].name',
  );
  assert.equal(formatPath(['f:metadata', 'f:finalizers', 'v:"x"']), '.metadata.finalizers[="x"]');
  assert.equal(formatPath(['f:list', 'i:3']), '.list[3]');
});
