import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { define, widgetDefinition, widgetVersion } from '#apiserver/custom/test-definitions.fixture.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const WIDGETS = '/apis/shop.example.com/v1/namespaces/default/widgets';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const APPLY = { 'content-type': 'application/apply-patch+yaml' };

type Widget = KubeObject & { spec?: Record<string, unknown>; status?: Record<string, unknown> };

function widget(spec: object, metadata: object = { name: 'a' }): object {
  return { apiVersion: 'shop.example.com/v1', kind: 'Widget', metadata, spec };
}

const SPEC = widgetVersion(
  {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1 },
        colour: { type: 'string', default: 'blue' },
        note: { type: 'string', nullable: true },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        parts: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, count: { type: 'integer', default: 1 } },
          },
        },
      },
    },
    status: { type: 'object', properties: { ready: { type: 'integer' }, selector: { type: 'string' } } },
  },
  {
    subresources: {
      status: {},
      scale: {
        specReplicasPath: '.spec.size',
        statusReplicasPath: '.status.ready',
        labelSelectorPath: '.status.selector',
      },
    },
    additionalPrinterColumns: [
      { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
      { name: 'Part', type: 'string', jsonPath: '.spec.parts[?(@.name=="lid")].count', priority: 1 },
      { name: 'Since', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    selectableFields: [{ jsonPath: '.spec.colour' }],
  },
);

async function startWithWidgets(): Promise<TestServer> {
  const server = await startTestServer();
  await define(server, widgetDefinition([SPEC]));
  return server;
}

test('unknown fields are dropped, refused or warned of, as the client wants', async () => {
  const server = await startWithWidgets();
  const body = widget({ size: 1, sise: 2, free: { any: 1 }, parts: [{ name: 'lid', nam: 'x' }] });
  const strict = await server.call({ method: 'POST', path: `${WIDGETS}?fieldValidation=Strict`, body });
  assert.equal(
    refusalOf(strict),
    '400 BadRequest: Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.parts[0].nam", unknown field "spec.sise"',
  );
  const warned = await server.call<Widget>({ method: 'POST', path: WIDGETS, body });
  assert.equal(
    warned.headers.warning,
    '299 - "unknown field \\"spec.parts[0].nam\\"", 299 - "unknown field \\"spec.sise\\""',
  );
  assert.deepEqual(warned.body.spec, {
    size: 1,
    free: { any: 1 },
    parts: [{ name: 'lid', count: 1 }],
    colour: 'blue',
  });
  await server.stop();
});

test('a null gives way to a default unless the field may be null', async () => {
  const server = await startWithWidgets();
  const { body } = await server.call<Widget>({
    method: 'POST',
    path: WIDGETS,
    body: widget({ size: 1, colour: null, note: null, parts: null }),
  });
  assert.deepEqual(body.spec, { size: 1, note: null, colour: 'blue' });
  await server.stop();
});

test('an object that its schema does not allow is refused with every fault', async () => {
  const server = await startWithWidgets();
  const answer = await server.call({
    method: 'POST',
    path: WIDGETS,
    body: widget({ size: 0, colour: 7, parts: [{ name: 'lid' }, { name: 'lid' }] }),
  });
  assert.equal(
    refusalOf(answer),
    '422 Invalid: Widget.shop.example.com "a" is invalid: [spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1, spec.colour: Invalid value: "integer": spec.colour in body must be of type string: "integer", spec.parts[1]: Duplicate value: {"name":"lid"}]',
  );
  await server.stop();
});

test('the status is written through its own endpoint, and only it', async () => {
  const server = await startWithWidgets();
  const made = await server.call<Widget>({
    method: 'POST',
    path: WIDGETS,
    body: { ...widget({ size: 1 }), status: { ready: 9 } },
  });
  assert.equal(made.body.status, undefined);
  const patched = await server.call<Widget>({
    method: 'PATCH',
    path: `${WIDGETS}/a/status`,
    headers: MERGE,
    body: { metadata: { labels: { a: 'b' } }, spec: { size: 7 }, status: { ready: 1 } },
  });
  assert.deepEqual(
    [
      patched.body.status,
      patched.body.spec?.size,
      patched.body.metadata.labels,
      patched.body.metadata.generation,
    ],
    [{ ready: 1 }, 1, undefined, 1],
  );
  const wrong = await server.call({
    method: 'PATCH',
    path: `${WIDGETS}/a/status`,
    headers: MERGE,
    body: { status: { ready: 'yes' } },
  });
  assert.match(
    refusalOf(wrong),
    /status\.ready: Invalid value: "string": ready in body must be of type integer/,
  );
  const changed = await server.call<Widget>({
    method: 'PATCH',
    path: `${WIDGETS}/a`,
    headers: MERGE,
    body: { spec: { size: 2 }, status: { ready: 5 } },
  });
  assert.deepEqual([changed.body.metadata.generation, changed.body.status], [2, { ready: 1 }]);
  await server.stop();
});

test('a custom object is scaled by the paths of its definition', async () => {
  const server = await startWithWidgets();
  await server.call({ method: 'POST', path: WIDGETS, body: widget({ size: 2 }) });
  const status = { ready: 1, selector: 'app=a' };
  await server.call({ method: 'PATCH', path: `${WIDGETS}/a/status`, headers: MERGE, body: { status } });
  const scale = await server.call<Widget>({ path: `${WIDGETS}/a/scale` });
  assert.deepEqual(
    [scale.body.kind, scale.body.spec, scale.body.status],
    ['Scale', { replicas: 2 }, { replicas: 1, selector: 'app=a' }],
  );
  await server.call({
    method: 'PATCH',
    path: `${WIDGETS}/a/scale`,
    headers: MERGE,
    body: { spec: { replicas: 5 } },
  });
  const { body } = await server.call<Widget>({ path: `${WIDGETS}/a` });
  assert.equal(body.spec?.size, 5);
  await server.stop();
});

test('tables, selectors, discovery and OpenAPI are those of the definition', async () => {
  const server = await startWithWidgets();
  await server.call({
    method: 'POST',
    path: WIDGETS,
    body: widget({ size: 2, parts: [{ name: 'lid', count: 4 }] }),
  });
  await server.call({
    method: 'POST',
    path: WIDGETS,
    body: widget({ size: 1, colour: 'red' }, { name: 'b' }),
  });
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const table = await server.call<{
    columnDefinitions: { name: string; priority: number }[];
    rows: { cells: unknown[] }[];
  }>({
    path: WIDGETS,
    headers: { accept },
  });
  assert.deepEqual(
    table.body.columnDefinitions.map(({ name, priority }) => `${name} ${priority}`),
    ['Name 0', 'Size 0', 'Part 1', 'Since 0'],
  );
  assert.deepEqual(
    table.body.rows.map(({ cells }) => cells),
    [
      ['a', 2, '4', '0s'],
      ['b', 1, null, '0s'],
    ],
  );
  const red = await server.call<{ items: KubeObject[] }>({
    path: `${WIDGETS}?fieldSelector=spec.colour%3Dred`,
  });
  assert.deepEqual(
    red.body.items.map(({ metadata }) => metadata.name),
    ['b'],
  );
  const unknown = await server.call({ path: `${WIDGETS}?fieldSelector=spec.size%3D1` });
  assert.equal(refusalOf(unknown), '400 BadRequest: field label not supported: spec.size');
  const found = await server.call<{
    resources: { name: string; shortNames?: string[]; categories?: string[] }[];
  }>({
    path: '/apis/shop.example.com/v1',
  });
  assert.deepEqual(
    found.body.resources.map(({ name, shortNames, categories }) => [name, shortNames, categories]),
    [
      ['widgets', ['wi'], ['all']],
      ['widgets/status', undefined, undefined],
      ['widgets/scale', undefined, undefined],
    ],
  );
  const document = await server.call<{
    components: { schemas: Record<string, { properties: Record<string, unknown> }> };
  }>({
    path: '/openapi/v3/apis/shop.example.com/v1',
  });
  assert.ok(!document.text.includes('strategic-merge-patch'));
  const schema = document.body.components.schemas['com.example.shop.v1.Widget'];
  assert.deepEqual(Object.keys(schema?.properties ?? {}).toSorted(), [
    'apiVersion',
    'kind',
    'metadata',
    'spec',
    'status',
  ]);
  await server.stop();
});

test('lists are merged by the keys of the schema in server-side apply, and not at all by a strategic patch', async () => {
  const server = await startWithWidgets();
  const apply = (manager: string, parts: object[]): Promise<{ status: number; body: Widget }> =>
    server.call<Widget>({
      method: 'PATCH',
      path: `${WIDGETS}/a?fieldManager=${manager}`,
      headers: APPLY,
      body: widget({ size: 1, parts }),
    });
  await apply('one', [{ name: 'lid', count: 2 }]);
  const both = await apply('two', [{ name: 'base' }]);
  assert.deepEqual(both.body.spec?.parts, [
    { name: 'lid', count: 2 },
    { name: 'base', count: 1 },
  ]);
  const left = await apply('one', []);
  assert.deepEqual(left.body.spec?.parts, [{ name: 'base', count: 1 }]);
  const strategic = await server.call({
    method: 'PATCH',
    path: `${WIDGETS}/a`,
    headers: { 'content-type': 'application/strategic-merge-patch+json' },
    body: { spec: { size: 3 } },
  });
  assert.equal(
    refusalOf(strategic),
    '415 UnsupportedMediaType: the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  );
  await server.stop();
});

const NEW = widgetVersion(
  {
    spec: {
      type: 'object',
      properties: { size: { type: 'integer' }, shape: { type: 'string', default: 'round' } },
    },
  },
  { name: 'v2', storage: false },
);
const OLD_DEPRECATED = { ...SPEC, storage: false, deprecated: true };
const NEW_STORED = { ...NEW, storage: true };

test('every version shows the same objects, each by its own schema', async () => {
  const server = await startTestServer();
  await define(server, widgetDefinition([SPEC, NEW]));
  const paths = [WIDGETS, WIDGETS.replace('/v1/', '/v2/')] as const;
  await server.call({ method: 'POST', path: WIDGETS, body: widget({ size: 1, colour: 'red' }) });
  const later = await server.call<Widget>({ path: `${paths[1]}/a` });
  assert.deepEqual(
    [later.body.apiVersion, later.body.spec],
    ['shop.example.com/v2', { size: 1, shape: 'round' }],
  );
  const watch = await server.watch(`${paths[1]}?watch=true`);
  await server.settle();
  await server.call({
    method: 'POST',
    path: paths[1],
    body: { ...widget({ size: 2 }, { name: 'b' }), apiVersion: 'shop.example.com/v2' },
  });
  await server.call({ method: 'PATCH', path: `${WIDGETS}/b`, headers: MERGE, body: { spec: { size: 3 } } });
  await server.settle();
  assert.deepEqual(
    watch
      .read()
      .map(
        ({ type, object }) =>
          `${type} ${object.apiVersion} ${JSON.stringify((object as unknown as Widget).spec)}`,
      ),
    [
      'ADDED shop.example.com/v2 {"size":1,"shape":"round"}',
      'ADDED shop.example.com/v2 {"size":2,"shape":"round"}',
      'MODIFIED shop.example.com/v2 {"size":3,"shape":"round"}',
    ],
  );
  const first = await server.call<Widget>({ path: `${paths[0]}/b` });
  assert.deepEqual(first.body.spec, { size: 3, colour: 'blue' });
  await server.stop();
});

test('another storage version is used from then on; what is stored is read on, and a write moves it', async () => {
  const server = await startTestServer();
  await define(server, widgetDefinition([SPEC, NEW]));
  await server.call({ method: 'POST', path: WIDGETS, body: widget({ size: 1 }) });
  const watch = await server.watch(`${WIDGETS}?watch=true`);
  await define(server, widgetDefinition([OLD_DEPRECATED, NEW_STORED]));
  await server.settle();
  assert.deepEqual(watch.readNames(), ['ADDED a', 'ERROR Expired']);
  const key = '/registry/shop.example.com/widgets/default/a';
  const storedVersion = async (): Promise<string> =>
    (JSON.parse(Buffer.from((await server.store.get(key))?.value ?? []).toString()) as KubeObject).apiVersion;
  const read = await server.call<Widget>({ path: `${WIDGETS}/a` });
  assert.deepEqual(
    [read.body.apiVersion, await storedVersion()],
    ['shop.example.com/v1', 'shop.example.com/v1'],
  );
  assert.equal(read.headers.warning, '299 - "shop.example.com/v1 Widget is deprecated"');
  await server.call({ method: 'PUT', path: `${WIDGETS}/a`, body: read.body });
  assert.equal(await storedVersion(), 'shop.example.com/v2');
  const definition = await server.call<{ status: { storedVersions: string[] } }>({
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.shop.example.com',
  } as never);
  assert.deepEqual(
    (definition.body as unknown as { status: { storedVersions: string[] } }).status.storedVersions,
    ['v1', 'v2'],
  );
  await server.stop();
});

test('a default that a schema gains is seen in objects that were stored before', async () => {
  const server = await startWithWidgets();
  await server.call({ method: 'POST', path: WIDGETS, body: widget({ size: 1, note: 'old' }) });
  const properties = {
    spec: {
      type: 'object',
      properties: { size: { type: 'integer' }, weight: { type: 'integer', default: 5 } },
    },
  };
  await define(server, widgetDefinition([widgetVersion(properties)]));
  const { body } = await server.call<{ items: Widget[] }>({ path: WIDGETS });
  assert.deepEqual(
    body.items.map(({ spec }) => spec),
    [{ size: 1, weight: 5 }],
  );
  await server.stop();
});

test('a list of objects in their storage version is the bytes that are stored', async () => {
  const server = await startWithWidgets();
  await server.call({ method: 'POST', path: WIDGETS, body: widget({ size: 1 }) });
  const key = '/registry/shop.example.com/widgets/default/a';
  const stored = Buffer.from((await server.store.get(key))?.value ?? []).toString();
  const { text } = await server.call({ path: WIDGETS });
  assert.ok(text.includes(stored));
  await server.stop();
});

test('keys that are names in JavaScript are plain data', async () => {
  const server = await startWithWidgets();
  const body =
    '{"apiVersion":"shop.example.com/v1","kind":"Widget","metadata":{"name":"p"},"spec":{"size":1,"free":{"__proto__":{"polluted":true},"constructor":{"prototype":1}}}}';
  const made = await server.call({ method: 'POST', path: WIDGETS, body });
  assert.equal(made.status, 201);
  assert.ok(made.text.includes('"__proto__":{"polluted":true}'));
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  await server.stop();
});

test('the rules of a schema are held, also those that speak of what was before', async () => {
  const server = await startTestServer();
  const properties = {
    spec: {
      type: 'object',
      properties: {
        min: { type: 'integer' },
        max: { type: 'integer' },
        name: {
          type: 'string',
          'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'name is immutable' }],
        },
      },
      'x-kubernetes-validations': [
        {
          rule: '!has(self.min) || !has(self.max) || self.min <= self.max',
          messageExpression: "'min must not be above ' + string(self.max)",
          fieldPath: '.min',
        },
      ],
    },
  };
  await define(server, widgetDefinition([widgetVersion(properties)]));
  const wrong = await server.call({ method: 'POST', path: WIDGETS, body: widget({ min: 3, max: 2 }) });
  assert.equal(
    refusalOf(wrong),
    '422 Invalid: Widget.shop.example.com "a" is invalid: spec.min: Invalid value: "object": min must not be above 2',
  );
  const unchecked = await server.call({ method: 'POST', path: WIDGETS, body: widget({ min: 'x', max: 2 }) });
  assert.match(refusalOf(unchecked), /some validation rules were not checked because the object was invalid/);
  await server.call({ method: 'POST', path: WIDGETS, body: widget({ name: 'one' }) });
  const renamed = await server.call({
    method: 'PATCH',
    path: `${WIDGETS}/a`,
    headers: MERGE,
    body: { spec: { name: 'two' } },
  });
  assert.match(refusalOf(renamed), /spec\.name: Invalid value: "string": name is immutable/);
  await server.stop();
});
