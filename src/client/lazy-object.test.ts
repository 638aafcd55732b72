import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KubeObject } from '#api/object.ts';
import { makeLazy, parseLazily } from '#client/lazy-object.ts';

/** Long enough to be worth the trouble. */
const PADDING = 'x'.repeat(2000);

function pod(spec: unknown, others: object = {}): KubeObject {
  const metadata = { name: 'a', annotations: { padding: PADDING } };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec, ...others } as unknown as KubeObject;
}

function isLazy(object: KubeObject): boolean {
  return Object.values(Object.getOwnPropertyDescriptors(object)).some(({ get }) => get !== undefined);
}

test('what follows the metadata is parsed when somebody looks', () => {
  const text = JSON.stringify(pod({ nodeName: 'n' }, { status: { phase: 'Running' } }));
  const object = parseLazily<KubeObject & { spec: unknown; status: unknown }>(text);
  assert.equal(object.metadata.name, 'a');
  assert.ok(isLazy(object));
  assert.deepEqual(object.spec, { nodeName: 'n' });
  assert.ok(!isLazy(object));
  assert.deepEqual(object.status, { phase: 'Running' });
  assert.deepEqual(object, JSON.parse(text));
});

test('to its readers it is an object like any other', () => {
  const whole = pod({ list: [1, 'a"b\\', null] }, { flag: true, count: -1.5, nothing: null });
  const lazy = (): KubeObject => parseLazily(JSON.stringify(whole));
  assert.ok(isLazy(lazy()));
  assert.equal(JSON.stringify(lazy()), JSON.stringify(whole));
  assert.deepEqual({ ...lazy() }, whole);
  assert.deepEqual(structuredClone(lazy()), whole);
  assert.deepEqual(Object.keys(lazy()), Object.keys(whole));
  assert.deepEqual(makeLazy(whole), whole);
  assert.ok(isLazy(makeLazy(whole)));
});

test('a text in an unusual form is parsed at once', () => {
  const { apiVersion, kind, metadata } = pod({});
  const texts = [
    JSON.stringify({ kind, apiVersion, metadata, spec: {} }),
    JSON.stringify(pod({}), null, 2),
    JSON.stringify({ apiVersion, kind, metadata }),
    JSON.stringify({ apiVersion, kind, metadata, 'a"b': 1 }),
    JSON.stringify({ apiVersion, kind, metadata, spec: {} }).replace('"spec"', '"__proto__"'),
    `${JSON.stringify(pod({}))} `,
    '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"short"},"spec":{}}',
  ];
  for (const text of texts) {
    const object = parseLazily(text);
    assert.ok(!isLazy(object), text);
    assert.deepEqual(object, JSON.parse(text));
  }
  assert.throws(() => parseLazily(`{"apiVersion":"v1",${PADDING}`), SyntaxError);
});

test('any object comes out as it went in', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), fc.json({ maxDepth: 3 }), (spec, status) => {
      const whole = pod(JSON.parse(spec), { status: JSON.parse(status) as unknown });
      assert.equal(JSON.stringify(parseLazily(JSON.stringify(whole))), JSON.stringify(whole));
    }),
  );
});
