import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldSetOfNames } from '#api/apply-field-set.ts';
import type { ManagedFieldsEntry } from '#api/apply-managers.ts';
import { recordUpdate } from '#api/apply-record.ts';
import { applyServerSide } from '#api/apply-server-side.ts';
import { copyObject, isJsonObject, type JsonObject } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';
import { StatusError } from '#api/status.ts';

const schemas = BUILTIN_SCHEMAS;
const deploymentSchema = schemas.get('apps/v1.Deployment');
const T1 = '2026-01-01T00:00:00Z';
const T2 = '2026-01-02T00:00:00Z';

function deployment(spec: JsonObject, metadata: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', ...metadata },
    spec,
  };
}

function containers(...list: Json[]): JsonObject {
  return { template: { spec: { containers: list } } };
}

interface Options {
  force?: boolean;
  time?: string;
  subresource?: string;
}

function apply(
  live: JsonObject | undefined,
  manager: string,
  applied: JsonObject,
  options: Options = {},
): JsonObject {
  const { force = false, time = T1, subresource = '' } = options;
  return applyServerSide({
    live,
    applied,
    manager,
    force,
    subresource,
    time,
    schema: deploymentSchema,
    schemas,
  });
}

/** As the API server does on an update: the object with its managers recorded. */
function update(
  before: JsonObject | undefined,
  after: JsonObject,
  manager: string,
  options: Options = {},
): JsonObject {
  const { time = T1, subresource = '' } = options;
  const managedFields = recordUpdate({
    before,
    after,
    manager,
    subresource,
    time,
    schema: deploymentSchema,
    schemas,
  });
  const result = copyObject(after);
  const metadata = result['metadata'] as Record<string, Json>;
  if (managedFields === undefined) delete metadata['managedFields'];
  else metadata['managedFields'] = managedFields;
  return result;
}

function managersOf(object: JsonObject): ManagedFieldsEntry[] {
  const { managedFields = [] } = object['metadata'] as { managedFields?: ManagedFieldsEntry[] };
  return managedFields;
}

function withoutManagers(object: JsonObject): JsonObject {
  const { managedFields: _, ...metadata } = object['metadata'] as JsonObject;
  return { ...object, metadata };
}

test('an apply creates the object and owns what it names', () => {
  const applied = deployment(
    { replicas: 1, ...containers({ name: 'a', image: 'a:1', ports: [{ containerPort: 80 }], args: ['x'] }) },
    { labels: { app: 'web' }, finalizers: ['x.io/f'] },
  );
  const live = apply(undefined, 'kubectl', applied);
  assert.deepEqual(withoutManagers(live), applied);
  assert.deepEqual(managersOf(live), [
    {
      manager: 'kubectl',
      operation: 'Apply',
      apiVersion: 'apps/v1',
      time: T1,
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:metadata': { 'f:finalizers': { 'v:"x.io/f"': {} }, 'f:labels': { 'f:app': {} } },
        'f:spec': {
          'f:replicas': {},
          'f:template': {
            'f:spec': {
              'f:containers': {
                'k:{"name":"a"}': {
                  '.': {},
                  'f:args': {},
                  'f:image': {},
                  'f:name': {},
                  'f:ports': {
                    'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
                  },
                },
              },
            },
          },
        },
      },
    },
  ]);
});

test('an update is recorded with containers, subresource and time', () => {
  const created = update(
    undefined,
    deployment({ replicas: 1 }, { labels: { app: 'web' } }),
    'kubectl-create',
  );
  assert.deepEqual(managersOf(created), [
    {
      manager: 'kubectl-create',
      operation: 'Update',
      apiVersion: 'apps/v1',
      time: T1,
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
        // Every Deployment has a spec, if empty: nobody makes it.
        'f:spec': { 'f:replicas': {} },
      },
    },
  ]);
  const withStatus = { ...created, status: { replicas: 1 } };
  const after = update(created, withStatus, 'controller', { time: T2, subresource: 'status' });
  assert.deepEqual(managersOf(after)[1], {
    manager: 'controller',
    operation: 'Update',
    apiVersion: 'apps/v1',
    time: T2,
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:status': { 'f:replicas': {} } },
    subresource: 'status',
  });
});

test('an update takes the fields that it changes and leaves the time of an entry that changes nothing', () => {
  const live = apply(undefined, 'a', deployment({ replicas: 1, paused: true }));
  const scaled = update(live, { ...live, spec: { replicas: 2, paused: true } }, 'scaler', { time: T2 });
  assert.deepEqual(
    managersOf(scaled).map(({ manager, fieldsV1 }) => [manager, fieldsV1]),
    [
      ['a', { 'f:spec': { 'f:paused': {} } }],
      ['scaler', { 'f:spec': { 'f:replicas': {} } }],
    ],
  );
  const again = update(scaled, scaled, 'scaler', { time: '2026-02-01T00:00:00Z' });
  assert.deepEqual(again, scaled);
  const removed = update(scaled, { ...scaled, spec: {} }, 'x', { time: T2 });
  assert.deepEqual(managersOf(removed), []);
});

test('a changed field of another manager is a conflict, worded as Kubernetes words it', () => {
  const live = update(undefined, deployment({ replicas: 1 }), 'kubectl-create');
  assert.throws(() => apply(live, 'helm', deployment({ replicas: 3 })), {
    reason: 'Conflict',
    message: 'Apply failed with 1 conflict: conflict with "kubectl-create" using apps/v1: .spec.replicas',
    details: {
      causes: [
        {
          reason: 'FieldManagerConflict',
          message: 'conflict with "kubectl-create" using apps/v1',
          field: '.spec.replicas',
        },
      ],
    },
  });
  const applied = apply(
    undefined,
    'b',
    deployment(containers({ name: 'a', image: 'a:1', ports: [{ containerPort: 80, name: 'x' }] })),
  );
  const two = deployment({
    paused: true,
    ...containers({ name: 'a', image: 'a:2', ports: [{ containerPort: 80, name: 'y' }] }),
  });
  assert.throws(() => apply(applied, 'c', two), {
    message:
      'Apply failed with 2 conflicts: conflicts with "b":\n- .spec.template.spec.containers[name="a"].image\n- .spec.template.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"].name',
  });
  const status = update(live, { ...live, status: { replicas: 1 } }, 'dc', { subresource: 'status' });
  assert.throws(() => apply(status, 'x', { ...deployment({}), status: { replicas: 2 } }), {
    message:
      'Apply failed with 1 conflict: conflict with "dc" with subresource "status" using apps/v1: .status.replicas',
  });
});

test('force takes the field over', () => {
  const live = apply(undefined, 'a', deployment({ replicas: 1, paused: true }));
  const forced = apply(live, 'b', deployment({ replicas: 3 }), { force: true, time: T2 });
  assert.deepEqual(forced['spec'], { replicas: 3, paused: true });
  assert.deepEqual(
    managersOf(forced).map(({ manager, time, fieldsV1 }) => [manager, time, fieldsV1]),
    [
      ['a', T1, { 'f:spec': { 'f:paused': {} } }],
      ['b', T2, { 'f:spec': { 'f:replicas': {} } }],
    ],
  );
});

test('the same value is owned together, and goes only when nobody owns it', () => {
  const both = deployment({ replicas: 2 }, { labels: { shared: 'x' } });
  const one = apply(undefined, 'a', both);
  const two = apply(one, 'b', both, { time: T2 });
  assert.equal(managersOf(two).length, 2);
  const afterA = apply(two, 'a', deployment({}));
  assert.deepEqual(afterA['spec'], { replicas: 2 });
  assert.deepEqual((afterA['metadata'] as JsonObject)['labels'], { shared: 'x' });
  const afterB = apply(afterA, 'b', deployment({}));
  assert.deepEqual(withoutManagers(afterB), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
  });
});

test('what is no longer applied is removed, item by item; what others own stays', () => {
  const first = apply(
    undefined,
    'a',
    deployment(
      containers(
        {
          name: 'a',
          image: '1',
          env: [
            { name: 'K', value: '1' },
            { name: 'L', value: '2' },
          ],
        },
        { name: 'b', image: '1' },
      ),
      {
        labels: { x: '1', y: '2' },
        finalizers: ['one', 'two'],
      },
    ),
  );
  const injected = update(
    first,
    {
      ...first,
      spec: containers(
        {
          name: 'a',
          image: '1',
          env: [
            { name: 'K', value: '1' },
            { name: 'L', value: '2' },
          ],
        },
        { name: 'b', image: '1', tty: true },
        { name: 'proxy' },
      ),
    },
    'injector',
  );
  const second = apply(
    injected,
    'a',
    deployment(containers({ name: 'a', image: '1', env: [{ name: 'K', value: '1' }] }), {
      labels: { x: '1' },
      finalizers: ['two'],
    }),
  );
  assert.deepEqual(
    second['spec'],
    containers({ name: 'a', image: '1', env: [{ name: 'K', value: '1' }] }, { name: 'proxy' }),
  );
  assert.deepEqual((second['metadata'] as JsonObject)['labels'], { x: '1' });
  assert.deepEqual((second['metadata'] as JsonObject)['finalizers'], ['two']);
});

test('a removed struct takes its defaults with it', () => {
  const probe = { tcpSocket: { port: 80 } };
  const live = apply(undefined, 'a', deployment(containers({ name: 'a', livenessProbe: probe })));
  const defaulted = {
    ...live,
    spec: containers({
      name: 'a',
      livenessProbe: { ...probe, periodSeconds: 10 },
      imagePullPolicy: 'Always',
    }),
  };
  const after = apply(defaulted, 'a', deployment(containers({ name: 'a' })));
  assert.deepEqual(after['spec'], containers({ name: 'a', imagePullPolicy: 'Always' }));
});

test('atomic lists and structs are owned and replaced whole', () => {
  const live = apply(
    undefined,
    'a',
    deployment({ selector: { matchLabels: { a: '1' } }, ...containers({ name: 'a', args: ['1', '2'] }) }),
  );
  assert.throws(() => apply(live, 'b', deployment({ selector: { matchLabels: { b: '2' } } })), {
    message: /conflict with "a": \.spec\.selector$/,
  });
  const after = apply(
    live,
    'b',
    deployment({ selector: { matchLabels: { b: '2' } }, ...containers({ name: 'a', args: ['3'] }) }),
    { force: true },
  );
  assert.deepEqual(after['spec'], {
    selector: { matchLabels: { b: '2' } },
    ...containers({ name: 'a', args: ['3'] }),
  });
});

test('fields that nobody managed before the first apply belong to before-first-apply', () => {
  const live = deployment({ replicas: 1 }, { uid: 'u' });
  assert.throws(() => apply(live, 'a', deployment({ replicas: 2 })), {
    message: 'Apply failed with 1 conflict: conflict with "before-first-apply" using apps/v1: .spec.replicas',
  });
  const after = apply(live, 'a', deployment({ paused: true }));
  assert.deepEqual(
    managersOf(after).map(({ manager, operation }) => [manager, operation]),
    [
      ['a', 'Apply'],
      ['before-first-apply', 'Update'],
    ],
  );
});

test('kubectl takes over what its client-side apply set', () => {
  const config = deployment({ replicas: 1 });
  const annotation = { 'kubectl.kubernetes.io/last-applied-configuration': `${JSON.stringify(config)}\n` };
  const live = update(
    undefined,
    deployment({ replicas: 1, paused: true }, { annotations: annotation }),
    'kubectl-client-side-apply',
  );
  const desired = deployment({ replicas: 2 });
  const after = apply(live, 'kubectl', desired);
  assert.deepEqual(after['spec'], { replicas: 2, paused: true });
  const { annotations } = after['metadata'] as { annotations: Record<string, string> };
  assert.equal(
    annotations['kubectl.kubernetes.io/last-applied-configuration'],
    `${JSON.stringify(desired)}\n`,
  );
  assert.throws(() => apply(live, 'kubectl', deployment({ replicas: 2, paused: false })), {
    message: /1 conflict: .*\.spec\.paused$/,
  });
  assert.throws(() => apply(live, 'helm', desired), { reason: 'Conflict' });
});

test('applying twice changes nothing, not even the time', () => {
  const config = deployment({ replicas: 1, ...containers({ name: 'a', image: 'x' }) });
  const once = apply(undefined, 'a', config);
  assert.deepEqual(apply(once, 'a', config, { time: T2 }), once);
});

test('the order of items is the applied one, with live-only items in place', () => {
  const c = (name: string): Json => ({ name });
  const live = update(undefined, deployment(containers(c('a'), c('b'), c('c'), c('d'))), 'x');
  const order = (...names: string[]): string[] => {
    const result = apply(live, 'y', deployment(containers(...names.map(c))));
    const { spec } = result as { spec: { template: { spec: { containers: { name: string }[] } } } };
    return spec.template.spec.containers.map(({ name }) => name);
  };
  assert.deepEqual(order('b', 'd'), ['a', 'b', 'c', 'd']);
  assert.deepEqual(order('d', 'b'), ['a', 'c', 'd', 'b']);
  assert.deepEqual(order('new', 'a'), ['new', 'a', 'b', 'c', 'd']);
  assert.deepEqual(order('a', 'new'), ['a', 'b', 'c', 'd', 'new']);
});

test('null removes a field of the schema and is kept in free JSON', () => {
  const live = update(undefined, deployment({ replicas: 1, paused: true }), 'x');
  const after = apply(live, 'y', deployment({ paused: null }), { force: true });
  assert.deepEqual(after['spec'], { replicas: 1 });
});

test('a configuration that does not fit is a BadRequest that names the field', () => {
  const situations: [JsonObject, RegExp][] = [
    [
      deployment({ replicas: 'x' }),
      /failed to create typed patch object \(default\/web; apps\/v1, Kind=Deployment\): \.spec\.replicas: expected numeric \(int or float\), got string/,
    ],
    [deployment({ frob: 1 }), /\.spec\.frob: field not declared in schema/],
    [
      deployment(containers({ name: 'a' }, { name: 'a' })),
      /\.spec\.template\.spec\.containers: duplicate entries for key \[name="a"\]/,
    ],
    [
      deployment(containers({ image: 'a' })),
      /containers: element 0: associative list with keys has an element that omits all key fields \["name"\]/,
    ],
    [deployment(containers('a')), /element 0: associative list with keys may not have non-map elements/],
    [deployment({ template: [] }), /\.spec\.template: expected map, got array/],
    [deployment({}, { labels: { a: 1 } }), /\.metadata\.labels\.a: expected string, got number/],
    [
      deployment({}, { finalizers: [{}] }),
      /finalizers: element 0: associative list without keys has an element that's a object/,
    ],
    [deployment({}, { managedFields: [] }), /metadata\.managedFields must be nil/],
    [
      { ...deployment({}), apiVersion: 'apps/v2' },
      /Incorrect version specified in apply patch. Specified patch version: apps\/v2, expected: apps\/v1/,
    ],
    [{ ...deployment({}), kind: 'Pod' }, /invalid object type: apps\/v1, Kind=Pod/],
  ];
  const live = apply(undefined, 'a', deployment({}));
  for (const [applied, message] of situations) {
    assert.throws(
      () => apply(live, 'a', applied),
      { reason: 'BadRequest', message },
      JSON.stringify(applied),
    );
  }
});

test('ignored fields are merged but owned by nobody', () => {
  const applied = { ...deployment({ replicas: 1 }), status: { replicas: 5 } };
  const live = applyServerSide({
    live: undefined,
    applied,
    manager: 'a',
    force: false,
    subresource: '',
    time: T1,
    schema: deploymentSchema,
    schemas,
    ignored: fieldSetOfNames([['status']]),
  });
  assert.deepEqual(managersOf(live)[0]?.fieldsV1, { 'f:spec': { 'f:replicas': {} } });
});

test('managers are reset by an empty list or an empty entry, and stay so until the next apply', () => {
  const live = { ...apply(undefined, 'a', deployment({ replicas: 1 })) };
  for (const managedFields of [[], [{}]]) {
    const reset = update(live, { ...live, metadata: { name: 'web', managedFields } }, 'b');
    assert.deepEqual(managersOf(reset), []);
    assert.deepEqual(managersOf(update(reset, { ...reset, spec: { replicas: 3 } }, 'b')), []);
  }
});

test('managers that the client garbles or leaves out are kept as stored', () => {
  const live = apply(undefined, 'a', deployment({ replicas: 1 }));
  const entry = managersOf(live)[0];
  for (const managedFields of [
    null,
    'x',
    [1],
    [{ ...entry, operation: 'X' }],
    [{ ...entry, fieldsType: 'V2' }],
    [{ ...entry, fieldsV1: { bad: {} } }],
  ] as Json[]) {
    const after = update(
      live,
      { ...live, metadata: { name: 'web', namespace: 'default', managedFields } },
      'b',
    );
    assert.deepEqual(managersOf(after), managersOf(live));
  }
  const renamed = { ...entry, manager: 'renamed' } as ManagedFieldsEntry;
  const after = update(
    live,
    { ...live, metadata: { name: 'web', namespace: 'default', managedFields: [renamed] } },
    'b',
  );
  assert.equal(managersOf(after)[0]?.manager, 'renamed');
  const onStatus = update(
    live,
    { ...live, metadata: { name: 'web', namespace: 'default', managedFields: [renamed] } },
    'b',
    { subresource: 'status' },
  );
  assert.deepEqual(managersOf(onStatus), managersOf(live));
});

test('the oldest managers by update are merged beyond ten', () => {
  let live = update(undefined, deployment({}, { annotations: { a0: '' } }), 'm0', {
    time: '2026-01-01T00:00:00Z',
  });
  for (let index = 1; index < 14; index += 1) {
    const metadata = live['metadata'] as { annotations: JsonObject };
    const annotations = { ...metadata.annotations, [`a${index}`]: '' };
    const after = { ...live, metadata: { ...metadata, annotations } };
    live = update(live, after, `m${index}`, {
      time: `2026-01-${String(index + 1).padStart(2, '0')}T00:00:00Z`,
    });
  }
  const managers = managersOf(live);
  assert.equal(managers.length, 10);
  assert.equal(managers[0]?.manager, 'ancient-changes');
  assert.equal(managers[0]?.time, '2026-01-05T00:00:00Z');
  assert.deepEqual(managers[0]?.fieldsV1, {
    'f:metadata': {
      'f:annotations': { '.': {}, 'f:a0': {}, 'f:a1': {}, 'f:a2': {}, 'f:a3': {}, 'f:a4': {} },
    },
  });
});

test('too many managers are Invalid', () => {
  const live = apply(undefined, 'a', deployment({}));
  const managedFields = Array.from({ length: 10_000 }, (_, index) => ({
    manager: `m${index}`,
    operation: 'Apply',
    apiVersion: 'apps/v1',
    fieldsType: 'FieldsV1',
    fieldsV1: {},
  }));
  assert.throws(() => update(live, { ...live, metadata: { managedFields } }, 'b'), {
    code: 422,
    message: /at most 1000 items/,
  });
});

test('__proto__ is a key like any other', () => {
  const applied = JSON.parse(
    '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"annotations":{"__proto__":"x","constructor":"y"}}}',
  ) as JsonObject;
  const live = apply(undefined, 'a', applied);
  const { annotations } = live['metadata'] as { annotations: JsonObject };
  assert.deepEqual(Object.keys(annotations), ['__proto__', 'constructor']);
  assert.deepEqual(managersOf(live)[0]?.fieldsV1, {
    'f:metadata': { 'f:annotations': { 'f:__proto__': {}, 'f:constructor': {} } },
  });
  const bare = apply(live, 'a', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } });
  assert.deepEqual(bare['metadata'], { name: 'web' });
});

test('a list that became atomic is owned whole', () => {
  const live = deployment(containers({ name: 'a', args: ['1'] }), {
    managedFields: [
      {
        manager: 'old',
        operation: 'Update',
        apiVersion: 'apps/v1',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:spec': {
            'f:template': {
              'f:spec': { 'f:containers': { 'k:{"name":"a"}': { 'f:args': { 'v:"1"': {} } } } },
            },
          },
        },
      },
    ],
  });
  assert.throws(() => apply(live, 'b', deployment(containers({ name: 'a', args: ['2'] }))), {
    message: /\[name="a"\]\.args$/,
  });
});

const name = fc.constantFrom('a', 'b', 'c');
const small = fc.constantFrom('1', '2');
const loose: { requiredKeys: []; noNullPrototype: true } = { requiredKeys: [], noNullPrototype: true };
const container = fc.record(
  {
    name,
    image: small,
    args: fc.array(small, { maxLength: 2 }),
    env: fc.uniqueArray(fc.record({ name, value: small }, { noNullPrototype: true }), {
      selector: (item) => item.name,
      minLength: 1,
      maxLength: 2,
    }),
    resources: fc.record(
      { limits: fc.dictionary(name, small, { minKeys: 1, noNullPrototype: true }) },
      { noNullPrototype: true },
    ),
  },
  { requiredKeys: ['name'], noNullPrototype: true },
);
const config: fc.Arbitrary<JsonObject> = fc
  .record(
    {
      replicas: fc.constantFrom(1, 2),
      labels: fc.dictionary(name, small, { minKeys: 1, noNullPrototype: true }),
      finalizers: fc.uniqueArray(name, { minLength: 1 }),
      list: fc.uniqueArray(container, { selector: (item) => item.name, minLength: 1 }),
    },
    loose,
  )
  .map(({ replicas, labels, finalizers, list }) =>
    deployment(
      {
        paused: true,
        ...(replicas === undefined ? {} : { replicas }),
        ...(list === undefined ? {} : containers(...(list as Json[]))),
      },
      { ...(labels === undefined ? {} : { labels }), ...(finalizers === undefined ? {} : { finalizers }) },
    ),
  );
const manager = fc.constantFrom('x', 'y', 'z');
const step = fc.record(
  { manager, config, force: fc.boolean(), isUpdate: fc.boolean() },
  { noNullPrototype: true },
);

/** Every leaf of the configuration stands in the object. */
function contains(object: Json | undefined, part: Json): boolean {
  if (Array.isArray(part))
    return part.every(
      (item: Json) => Array.isArray(object) && object.some((other: Json) => contains(other, item)),
    );
  if (!isJsonObject(part)) return object === part;
  return Object.entries(part).every(
    ([key, value]) => contains(isJsonObject(object) ? object[key] : undefined, value) || isHollow(value),
  );
}

function isHollow(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(isHollow);
}

test('whatever the managers do: what one applied stands there, applying again changes nothing, inputs stay as they are', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
      let live: JsonObject | undefined;
      for (const { manager: who, config: what, force, isUpdate } of steps) {
        const before = JSON.stringify([live, what]);
        if (isUpdate) {
          live = update(
            live,
            live === undefined
              ? what
              : {
                  ...what,
                  metadata: { ...(live['metadata'] as JsonObject), ...(what['metadata'] as JsonObject) },
                },
            who,
          );
        } else {
          try {
            const result = apply(live, who, what, { force });
            assert.ok(contains(result, what), JSON.stringify({ result, what }));
            assert.deepEqual(apply(result, who, what, { time: T2 }), result);
            assert.equal(JSON.stringify([live, what]), before);
            live = result;
          } catch (error) {
            assert.ok(error instanceof StatusError && error.reason === 'Conflict' && !force, String(error));
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

/** Items in the order of their names: an apply may put them in its own. */
function sorted(value: Json): Json {
  if (Array.isArray(value))
    return value.map(sorted).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key] ?? null)]),
  );
}

test('a manager that adds to what others own and then applies nothing leaves the object as it was', () => {
  const nothing = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
  };
  fc.assert(
    fc.property(config, config, (base, extra) => {
      const live = update(undefined, base, 'base');
      try {
        const after = apply(apply(live, 'x', extra), 'x', nothing);
        assert.deepEqual(sorted(after), sorted(live));
      } catch (error) {
        assert.ok(error instanceof StatusError && error.reason === 'Conflict', String(error));
      }
    }),
    { numRuns: 300 },
  );
});
