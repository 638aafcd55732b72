import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';
import { mergeThreeWay } from '#api/three-way-merge.ts';

function merge(
  base: JsonObject | undefined,
  desired: JsonObject,
  live: JsonObject,
  kind = 'apps/v1.Deployment',
): JsonObject {
  return mergeThreeWay({ base, desired, live, schema: BUILTIN_SCHEMAS.get(kind), schemas: BUILTIN_SCHEMAS });
}

function pod(spec: JsonObject): JsonObject {
  return { spec: { template: { spec } } };
}

test('only what changed between base and desired reaches live', () => {
  const base = { metadata: { labels: { a: '1', b: '1' } }, spec: { replicas: 2, paused: false } };
  const desired = { metadata: { labels: { a: '2', c: '1' } }, spec: { replicas: 2, paused: true } };
  const live = {
    metadata: { uid: 'u', labels: { a: '1', b: '1', local: 'x' } },
    spec: { replicas: 5, paused: false, revisionHistoryLimit: 10 },
  };
  assert.deepEqual(merge(base, desired, live), {
    metadata: { uid: 'u', labels: { a: '2', local: 'x', c: '1' } },
    spec: { replicas: 5, paused: true, revisionHistoryLimit: 10 },
  });
});

test('keyed lists merge item by item', () => {
  const base = pod({
    containers: [
      { name: 'a', image: 'a:1' },
      { name: 'b', image: 'b:1' },
    ],
  });
  const desired = pod({
    containers: [
      { name: 'c', image: 'c:1' },
      { name: 'a', image: 'a:2' },
    ],
  });
  const live = pod({
    containers: [
      { name: 'a', image: 'a:1', imagePullPolicy: 'Always', resources: { limits: { cpu: '1' } } },
      { name: 'b', image: 'b:1' },
      { name: 'injected', image: 'proxy' },
    ],
  });
  assert.deepEqual(
    merge(base, desired, live),
    pod({
      containers: [
        { name: 'c', image: 'c:1' },
        { name: 'a', image: 'a:2', imagePullPolicy: 'Always', resources: { limits: { cpu: '1' } } },
        { name: 'injected', image: 'proxy' },
      ],
    }),
  );
});

test('an item that leaves out a key field is known by the default', () => {
  const ports = (...list: Json[]): JsonObject => pod({ containers: [{ name: 'a', ports: list }] });
  assert.deepEqual(
    merge(
      ports({ containerPort: 53 }),
      ports({ containerPort: 53, name: 'dns' }),
      ports({ containerPort: 53, protocol: 'TCP' }, { containerPort: 53, protocol: 'UDP' }),
    ),
    ports({ containerPort: 53, protocol: 'TCP', name: 'dns' }, { containerPort: 53, protocol: 'UDP' }),
  );
});

test('sets merge as sets, atomic lists are taken whole', () => {
  const base = { metadata: { finalizers: ['a', 'b'] }, ...pod({ containers: [{ name: 'x', args: ['1'] }] }) };
  const desired = {
    metadata: { finalizers: ['b', 'c'] },
    ...pod({ containers: [{ name: 'x', args: ['2'] }] }),
  };
  const live = {
    metadata: { finalizers: ['local', 'a', 'b'] },
    ...pod({ containers: [{ name: 'x', args: ['1', 'local'] }] }),
  };
  assert.deepEqual(merge(base, desired, live), {
    metadata: { finalizers: ['local', 'b', 'c'] },
    ...pod({ containers: [{ name: 'x', args: ['2'] }] }),
  });
});

test('a removed struct goes with the defaults that the server filled in', () => {
  const base = pod({ containers: [{ name: 'a', livenessProbe: { tcpSocket: { port: 80 } } }] });
  const desired = pod({ containers: [{ name: 'a' }] });
  const live = pod({
    containers: [{ name: 'a', livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: 10 } }],
  });
  assert.deepEqual(merge(base, desired, live), desired);
});

test('a removed map or list loses its members only', () => {
  const base = { metadata: { labels: { a: '1' }, finalizers: ['x'] } };
  const live = { metadata: { labels: { a: '1', local: '2' }, finalizers: ['x', 'local'] } };
  assert.deepEqual(merge(base, { metadata: {} }, live), {
    metadata: { labels: { local: '2' }, finalizers: ['local'] },
  });
  assert.deepEqual(merge(base, { metadata: {} }, base), { metadata: {} });
});

test('a union keeps only the member that is desired', () => {
  const strategy = (value: Json): JsonObject => ({ spec: { strategy: value } });
  assert.deepEqual(
    merge(
      strategy({ type: 'RollingUpdate' }),
      strategy({ type: 'Recreate' }),
      strategy({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } }),
    ),
    strategy({ type: 'Recreate' }),
  );
  assert.deepEqual(
    merge(
      pod({ volumes: [{ name: 'v', emptyDir: {} }] }),
      pod({ volumes: [{ name: 'v', configMap: { name: 'c' } }] }),
      pod({
        volumes: [
          { name: 'v', emptyDir: {} },
          { name: 'local', emptyDir: {} },
        ],
      }),
    ),
    pod({
      volumes: [
        { name: 'v', configMap: { name: 'c' } },
        { name: 'local', emptyDir: {} },
      ],
    }),
  );
});

test('a local removal survives unless desired changed the same item', () => {
  const two = pod({
    containers: [
      { name: 'a', image: '1' },
      { name: 'b', image: '1' },
    ],
  });
  const one = pod({ containers: [{ name: 'a', image: '1' }] });
  const paused = pod({
    containers: [
      { name: 'a', image: '2' },
      { name: 'b', image: '1' },
    ],
  });
  assert.deepEqual(merge(two, paused, one), pod({ containers: [{ name: 'a', image: '2' }] }));
  const changed = pod({
    containers: [
      { name: 'a', image: '1' },
      { name: 'b', image: '2', args: ['x'] },
    ],
  });
  assert.deepEqual(merge(two, changed, one), changed);
});

test('the first application puts all of desired onto live', () => {
  assert.deepEqual(merge(undefined, { data: { a: '1' } }, { data: { local: 'x' } }, 'core/v1.ConfigMap'), {
    data: { local: 'x', a: '1' },
  });
});

test('null in a manifest means absent', () => {
  const manifest = { metadata: { creationTimestamp: null, name: 'x' }, spec: { replicas: 1 } };
  const live = { metadata: { creationTimestamp: '2026-01-01T00:00:00Z', name: 'x' }, spec: { replicas: 3 } };
  assert.deepEqual(merge({}, manifest, live), { ...live, spec: { replicas: 1 } });
});

test('a list with doubled or missing keys is taken whole', () => {
  const base = pod({ containers: [{ name: 'a' }] });
  const desired = pod({ containers: [{ name: 'a' }, { name: 'a', image: 'x' }] });
  assert.deepEqual(merge(base, desired, pod({ containers: [{ name: 'a' }, { name: 'local' }] })), desired);
});

const name = fc.constantFrom('a', 'b', 'c', '__proto__');
const small = fc.constantFrom('1', '2', '3');
const loose: { requiredKeys: []; noNullPrototype: true } = { requiredKeys: [], noNullPrototype: true };
const container = fc.record(
  {
    name: fc.constantFrom('a', 'b', 'c'),
    image: small,
    args: fc.array(small, { maxLength: 2 }),
    env: fc.uniqueArray(
      fc.record({ name: fc.constantFrom('K', 'L'), value: small }, { noNullPrototype: true }),
      { selector: (item) => item.name },
    ),
    resources: fc.record({ limits: fc.dictionary(name, small, { noNullPrototype: true }) }, loose),
    livenessProbe: fc.record(
      {
        periodSeconds: fc.constantFrom(1, 2),
        httpGet: fc.record({ path: small }, { noNullPrototype: true }),
      },
      loose,
    ),
  },
  { requiredKeys: ['name'], noNullPrototype: true },
);
const deployment = fc.record(
  {
    metadata: fc.record(
      { labels: fc.dictionary(name, small, { noNullPrototype: true }), finalizers: fc.uniqueArray(small) },
      loose,
    ),
    spec: fc.record(
      {
        replicas: fc.constantFrom(1, 2),
        strategy: fc.record({ type: small, rollingUpdate: fc.record({ maxSurge: small }, loose) }, loose),
        template: fc.record(
          {
            spec: fc.record(
              { containers: fc.uniqueArray(container, { selector: (item) => item.name }) },
              loose,
            ),
          },
          loose,
        ),
      },
      loose,
    ),
  },
  loose,
) as fc.Arbitrary<JsonObject>;

test('base = desired leaves live unchanged', () => {
  fc.assert(
    fc.property(deployment, deployment, (base, live) => assert.deepEqual(merge(base, base, live), live)),
  );
});

test('live = base gives desired', () => {
  fc.assert(
    fc.property(deployment, deployment, (base, desired) =>
      assert.deepEqual(merge(base, desired, base), desired),
    ),
  );
});

test('merging twice is merging once, and nothing is changed in place', () => {
  fc.assert(
    fc.property(deployment, deployment, deployment, (base, desired, live) => {
      const before = JSON.stringify([base, desired, live]);
      const once = merge(base, desired, live);
      assert.deepEqual(merge(base, desired, once), once);
      assert.equal(JSON.stringify([base, desired, live]), before);
    }),
  );
});

test('live = desired stays: what was rolled out by hand is not torn', () => {
  fc.assert(
    fc.property(deployment, deployment, (base, desired) =>
      assert.deepEqual(merge(base, desired, desired), desired),
    ),
  );
});
