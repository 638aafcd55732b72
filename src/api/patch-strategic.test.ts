import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { applyStrategicPatch } from '#api/patch-strategic.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';
import { StatusError } from '#api/status.ts';

const pod = { schema: BUILTIN_SCHEMAS.get('core/v1.Pod'), schemas: BUILTIN_SCHEMAS };
const deployment = { schema: BUILTIN_SCHEMAS.get('apps/v1.Deployment'), schemas: BUILTIN_SCHEMAS };
const budget = { schema: BUILTIN_SCHEMAS.get('policy/v1.PodDisruptionBudget'), schemas: BUILTIN_SCHEMAS };

function containers(...list: Json[]): JsonObject {
  return { spec: { containers: list } };
}

const a = { name: 'a', image: 'a:1' };
const b = { name: 'b', image: 'b:1' };

test('containers merge by name', () => {
  const situations: [string, JsonObject, JsonObject, JsonObject][] = [
    [
      'change one',
      containers(a, b),
      containers({ name: 'b', image: 'b:2' }),
      containers(a, { name: 'b', image: 'b:2' }),
    ],
    ['add one, before those the patch does not name', containers(a), containers(b), containers(b, a)],
    ['remove a field', containers(a), containers({ name: 'a', image: null }), containers({ name: 'a' })],
    ['delete one', containers(a, b), containers({ name: 'a', $patch: 'delete' }), containers(b)],
    ['delete none', containers(a), containers({ name: 'x', $patch: 'delete' }), containers(a)],
    [
      'replace all',
      containers(a, b),
      containers({ $patch: 'replace' }, { name: 'c' }),
      containers({ name: 'c' }),
    ],
    [
      'merge is the default',
      containers(a),
      containers({ name: 'a', image: 'x', $patch: 'merge' }),
      containers({ name: 'a', image: 'x' }),
    ],
    [
      'into nothing',
      {},
      containers({ name: 'a', image: null }, { name: 'b', $patch: 'delete' }),
      containers({ name: 'a' }),
    ],
    ['nothing to do', containers(a), containers(), containers(a)],
    ['null removes the list', containers(a), { spec: { containers: null } }, { spec: {} }],
  ];
  for (const [why, live, patch, expected] of situations) {
    assert.deepEqual(applyStrategicPatch(live, patch, pod), expected, why);
  }
});

test('nested lists merge too, and lists without a merge key are replaced', () => {
  const live = containers({
    name: 'a',
    args: ['x', 'y'],
    env: [{ name: 'K', value: '1' }],
    ports: [{ containerPort: 80 }],
  });
  const patch = containers({
    name: 'a',
    args: ['z'],
    env: [{ name: 'L', value: '2' }],
    ports: [{ containerPort: 80, name: 'http' }],
  });
  assert.deepEqual(
    applyStrategicPatch(live, patch, pod),
    containers({
      name: 'a',
      args: ['z'],
      env: [
        { name: 'L', value: '2' },
        { name: 'K', value: '1' },
      ],
      ports: [{ containerPort: 80, name: 'http' }],
    }),
  );
});

test('$setElementOrder puts the named elements in order, as kubectl apply sends it', () => {
  const patch = {
    spec: {
      '$setElementOrder/containers': [{ name: 'b' }, { name: 'c' }, { name: 'a' }],
      containers: [{ name: 'c' }, { name: 'a', image: 'a:2' }],
    },
  };
  assert.deepEqual(
    applyStrategicPatch(containers(a, b), patch, pod),
    containers(b, { name: 'c' }, { name: 'a', image: 'a:2' }),
  );
  const orderOnly = { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } };
  assert.deepEqual(applyStrategicPatch(containers(a, b), orderOnly, pod), containers(b, a));
  assert.deepEqual(applyStrategicPatch({ spec: {} }, orderOnly, pod), { spec: {} });
});

test('$retainKeys clears what is not retained', () => {
  const live = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
  const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
  assert.deepEqual(applyStrategicPatch(live, patch, deployment), {
    spec: { strategy: { type: 'Recreate' } },
  });
  const volumes = { spec: { volumes: [{ name: 'v', hostPath: { path: '/x' } }] } };
  const toEmpty = {
    spec: { volumes: [{ $retainKeys: ['name', 'emptyDir'], name: 'v', emptyDir: {}, hostPath: null }] },
  };
  assert.deepEqual(applyStrategicPatch(volumes, toEmpty, pod), {
    spec: { volumes: [{ name: 'v', emptyDir: {} }] },
  });
});

test('lists of scalars are united, and $deleteFromPrimitiveList takes away', () => {
  const live = { metadata: { finalizers: ['a', 'b'] } };
  assert.deepEqual(applyStrategicPatch(live, { metadata: { finalizers: ['c', 'a'] } }, pod), {
    metadata: { finalizers: ['c', 'a', 'b'] },
  });
  assert.deepEqual(
    applyStrategicPatch(live, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a', 'x'] } }, pod),
    {
      metadata: { finalizers: ['b'] },
    },
  );
  const both = {
    metadata: {
      '$deleteFromPrimitiveList/finalizers': ['a'],
      '$setElementOrder/finalizers': ['c', 'b'],
      finalizers: ['c'],
    },
  };
  assert.deepEqual(applyStrategicPatch(live, both, pod), { metadata: { finalizers: ['c', 'b'] } });
  assert.deepEqual(
    applyStrategicPatch({}, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } }, pod),
    { metadata: {} },
  );
});

test('$patch on an object replaces or empties it', () => {
  const live = { spec: { nodeSelector: { a: '1', b: '2' } } };
  assert.deepEqual(
    applyStrategicPatch(live, { spec: { nodeSelector: { $patch: 'replace', c: '3' } } }, pod),
    {
      spec: { nodeSelector: { c: '3' } },
    },
  );
  assert.deepEqual(applyStrategicPatch(live, { spec: { nodeSelector: { $patch: 'delete' } } }, pod), {
    spec: { nodeSelector: {} },
  });
  assert.deepEqual(applyStrategicPatch({ spec: {} }, { spec: { nodeSelector: { $patch: 'delete' } } }, pod), {
    spec: {},
  });
  assert.deepEqual(applyStrategicPatch({}, { $patch: 'replace', kind: 'Pod' }, pod), { kind: 'Pod' });
});

test('a struct with the replace strategy is replaced', () => {
  const live = { spec: { selector: { matchLabels: { a: '1' } } } };
  const patch = { spec: { selector: { matchLabels: { b: '2' } } } };
  assert.deepEqual(applyStrategicPatch(live, patch, budget), patch);
});

test('labels: add, change, remove, __proto__', () => {
  const live = { metadata: { labels: { a: '1', b: '2' } } };
  const patch = JSON.parse('{"metadata":{"labels":{"a":"9","b":null,"c":"3","__proto__":"x"}}}') as Json;
  const result = applyStrategicPatch(live, patch, pod);
  assert.equal(JSON.stringify(result), '{"metadata":{"labels":{"a":"9","__proto__":"x","c":"3"}}}');
});

test('bad patches are client errors', () => {
  const situations: [Json, RegExp, string][] = [
    [[], /must be a JSON object/, 'BadRequest'],
    [{ $patch: 'frob' }, /unknown patch type: "frob"/, 'BadRequest'],
    [containers({ name: 'a', $patch: 'frob' }), /unknown patch type/, 'BadRequest'],
    [containers({ image: 'x' }), /does not contain declared merge key: name/, 'BadRequest'],
    [containers({ $patch: 'delete' }), /does not contain declared merge key: name/, 'BadRequest'],
    [containers('a'), /expected a object, but received a string/, 'BadRequest'],
    [containers(['a']), /lists of lists are not supported/, 'Invalid'],
    [{ spec: { '$setElementOrder/containers': {} } }, /setElementOrder list/, 'BadRequest'],
    [{ spec: { '$setElementOrder/': [] } }, /setElementOrder list/, 'BadRequest'],
    [{ spec: { '$setElementOrder/containers': [{}] } }, /merge key/, 'BadRequest'],
    [
      { spec: { '$setElementOrder/containers': [{ name: 'b' }], containers: [{ name: 'a' }] } },
      /order in patch list/,
      'BadRequest',
    ],
    [{ metadata: { '$deleteFromPrimitiveList/finalizers': 'a' } }, /primitive list/, 'BadRequest'],
    [{ spec: { $retainKeys: 'x' } }, /retainKeys/, 'BadRequest'],
    [{ spec: { $retainKeys: ['x'], y: 1 } }, /retainKeys/, 'BadRequest'],
  ];
  const live = { metadata: { finalizers: ['a'] }, spec: { containers: [a] } };
  for (const [patch, message, reason] of situations) {
    assert.throws(() => applyStrategicPatch(live, patch, pod), { message, reason }, JSON.stringify(patch));
  }
});

const name = fc.constantFrom('a', 'b', 'c');
const fields = {
  name,
  image: fc.constantFrom('x', 'y'),
  env: fc.uniqueArray(fc.record({ name, value: fc.constantFrom('1', '2') }, { noNullPrototype: true }), {
    selector: (item) => item.name,
  }),
};
const directive = fc.constantFrom('delete', 'replace', 'merge', 'frob');
const container = fc.record({ ...fields, $patch: directive }, { requiredKeys: [], noNullPrototype: true });
const plainContainer = fc.record(fields, { requiredKeys: ['name'], noNullPrototype: true });
const plainList = fc.uniqueArray(plainContainer, { selector: (item) => item.name });
const metadata = fc.record(
  {
    labels: fc.dictionary(name, fc.option(name), { noNullPrototype: true }),
    finalizers: fc.uniqueArray(name),
    '$deleteFromPrimitiveList/finalizers': fc.uniqueArray(name),
    '$setElementOrder/finalizers': fc.uniqueArray(name),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const patches = fc.record(
  {
    metadata,
    spec: fc.record({ containers: fc.array(container, { maxLength: 3 }) }, { noNullPrototype: true }),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const pods = fc.record(
  {
    metadata: fc.record({ finalizers: fc.uniqueArray(name) }, { noNullPrototype: true }),
    spec: fc.record({ containers: plainList }, { noNullPrototype: true }),
  },
  { noNullPrototype: true },
);

test('any patch gives an object without directives or a client error, and never changes its input', () => {
  fc.assert(
    fc.property(pods, patches, (live, patch) => {
      const before = JSON.stringify([live, patch]);
      try {
        const result = applyStrategicPatch(live, patch as Json, pod);
        assert.ok(!JSON.stringify(result).includes('$'));
      } catch (error) {
        assert.ok(error instanceof StatusError && error.code < 500);
      }
      assert.equal(JSON.stringify([live, patch]), before);
    }),
  );
});

test('a plain patch is idempotent and its containers come out as they went in', () => {
  fc.assert(
    fc.property(pods, plainList, (live, list) => {
      const patch = containers(...(list as Json[]));
      const once = applyStrategicPatch(live, patch, pod);
      assert.deepEqual(applyStrategicPatch(once, patch, pod), once);
      const names = (once['spec'] as { containers: { name: string }[] }).containers.map((item) => item.name);
      assert.equal(new Set(names).size, names.length);
      assert.deepEqual(
        names.filter((item) => list.some((wanted) => wanted.name === item)),
        list.map((item) => item.name),
      );
    }),
  );
});
