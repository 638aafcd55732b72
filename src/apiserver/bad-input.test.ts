import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import type { KubeObject } from '#api/object.ts';
import { apiVersionOf } from '#api/resource.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

type ConfigMap = KubeObject & { data: Record<string, string> };

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(async () => {
  assert.deepEqual(server.complaints, [], 'nothing that a client sends is an error of the server');
  await server.stop();
});

function post(body: unknown, headers: Record<string, string> = {}) {
  return server.call<ConfigMap>({ method: 'POST', path: CONFIG_MAPS, headers, body });
}

async function refused(body: unknown, headers: Record<string, string> = {}): Promise<string> {
  return refusalOf((await post(body, headers)) as never);
}

const NESTED = 100_000;

test('bodies that are no objects', async () => {
  const table: [unknown, RegExp][] = [
    ['', /^400 BadRequest: the body of the request is not valid JSON/],
    ['{', /^400 BadRequest: the body of the request is not valid JSON/],
    ['{"metadata":{"name":"x"}} trailing', /^400 BadRequest: the body of the request is not valid JSON/],
    ['null', /^400 BadRequest: the body of the request must be a ConfigMap, got "null"/],
    ['[]', /^400 BadRequest: the body of the request must be a ConfigMap, got a list/],
    ['"x"', /^400 BadRequest: the body of the request must be a ConfigMap/],
    ['5', /^400 BadRequest: the body of the request must be a ConfigMap/],
    [{ metadata: 'x' }, /^400 BadRequest: .*metadata: expected object, got string "x"/],
    [{ metadata: { name: 5 } }, /^400 BadRequest: .*metadata.name: expected string, got number 5/],
    [{ metadata: { labels: [] } }, /^400 BadRequest: .*metadata.labels: expected object, got array/],
    [
      { kind: 'Secret', metadata: { name: 'x' } },
      /^400 BadRequest: the object provided is a "v1 Secret", but v1 ConfigMap is expected/,
    ],
    [{ kind: 5 }, /^400 BadRequest: the object provided is a/],
    [{ apiVersion: 'v2' }, /^400 BadRequest: the object provided is a "v2 ConfigMap"/],
  ];
  for (const [body, expected] of table) assert.match(await refused(body), expected, JSON.stringify(body));
});

test('B3: bodies that are too deep, in JSON and in YAML', async () => {
  for (const body of [
    '['.repeat(NESTED),
    '{"a":'.repeat(NESTED),
    `{"metadata":{"annotations":${'['.repeat(200)}${']'.repeat(200)}}}`,
  ]) {
    assert.match(
      await refused(body),
      /^400 BadRequest: the body of the request is nested deeper than 128 levels/,
    );
  }
  const headers = { 'content-type': 'application/yaml' };
  for (const body of [`a: ${'['.repeat(10_000)}`, `a: ${'{a: '.repeat(10_000)}`]) {
    assert.match(
      await refused(body, headers),
      /^400 BadRequest: the body of the request is nested deeper than 128 levels/,
    );
  }
});

test('B8: texts that are no Unicode, and bytes that are no text', async () => {
  const invalid = Buffer.concat([
    Buffer.from('{"metadata":{"name":"a'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"}}'),
  ]);
  assert.equal(await refused(invalid), '400 BadRequest: the body of the request is not valid UTF-8');
  const overlong = Buffer.concat([
    Buffer.from('{"metadata":{"name":"'),
    Buffer.from([0xc0, 0xaf]),
    Buffer.from('"}}'),
  ]);
  assert.equal(await refused(overlong), '400 BadRequest: the body of the request is not valid UTF-8');
  assert.match(
    await refused(String.raw`{"metadata":{"name":"a"},"data":{"x":"\ud800"}}`),
    /^400 BadRequest: the value of "x" is no Unicode text/,
  );
  assert.match(
    await refused(String.raw`{"metadata":{"name":"a"},"data":{"\udfff":"x"}}`),
    /^400 BadRequest: the body of the request has a key that is no Unicode text/,
  );
  const pair = await post(String.raw`{"metadata":{"name":"pair"},"data":{"x":"\ud83d\ude00"}}`);
  assert.equal(pair.body.data.x, '😀');
  assert.match(await refused({ metadata: { name: 'a\0b' } }), /^422 Invalid/);
  assert.match(await refused({ metadata: { name: 'a\u202eb' } }), /^422 Invalid/);
});

test('B9: names that are paths, too long, or empty', async () => {
  for (const name of [
    '..',
    '.',
    'a/b',
    '../../secrets/x',
    '%2e%2e',
    'A',
    'a'.repeat(254),
    '-a',
    'a_b',
    'a b',
  ]) {
    assert.match(
      await refused({ metadata: { name } }),
      /^422 Invalid: ConfigMap ".*" is invalid: metadata.name: Invalid value/,
      name,
    );
  }
  assert.equal((await post({ metadata: { name: 'a'.repeat(253) } })).status, 201);
});

test('B5: keys that name prototypes are plain data, or refused as such', async () => {
  const text =
    '{"metadata":{"name":"proto","annotations":{"constructor":"c"}},"data":{"__proto__":"p","constructor":"c","toString":"t"}}';
  const made = await post(text);
  assert.equal(made.status, 201, made.text);
  const read = await server.call<ConfigMap>({ path: `${CONFIG_MAPS}/proto` });
  assert.deepEqual(Object.entries(read.body.data), [
    ['__proto__', 'p'],
    ['constructor', 'c'],
    ['toString', 't'],
  ]);
  assert.equal((await post('{"metadata":{"name":"l","labels":{"__proto__":"x"}}}')).status, 422);
  const headers = { 'content-type': 'application/merge-patch+json' };
  const bodies: [string, string][] = [
    [
      'application/merge-patch+json',
      '{"__proto__":{"polluted":1},"data":{"__proto__":"q"},"constructor":{"prototype":{"polluted":1}}}',
    ],
    [
      'application/strategic-merge-patch+json',
      '{"data":{"__proto__":"r"},"metadata":{"__proto__":{"polluted":1}}}',
    ],
    [
      'application/json-patch+json',
      '[{"op":"add","path":"/data/__proto__","value":"s"},{"op":"add","path":"/metadata/labels","value":{}},{"op":"add","path":"/metadata/labels/a","value":"b"}]',
    ],
    ['application/json-patch+json', '[{"op":"add","path":"/__proto__/polluted","value":1}]'],
    ['application/json-patch+json', '[{"op":"add","path":"/constructor/prototype/polluted","value":1}]'],
  ];
  const statuses = [];
  for (const [type, body] of bodies) {
    statuses.push(
      (
        await server.call({
          method: 'PATCH',
          path: `${CONFIG_MAPS}/proto`,
          headers: { ...headers, 'content-type': type },
          body,
        })
      ).status,
    );
  }
  assert.deepEqual(statuses, [200, 200, 200, 422, 422]);
  assert.equal(
    (await server.call<ConfigMap>({ path: `${CONFIG_MAPS}/proto` })).text.includes('"__proto__":"s"'),
    true,
  );
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

test('B7: numbers that cannot be held are refused, never rounded', async () => {
  const manifest = (value: string) =>
    `{"metadata":{"name":"numbers"},"spec":{"placement":{"sites":["s"]},"source":{"inline":{"manifests":[{"apiVersion":"v1","kind":"X","metadata":{"name":"x"},"n":${value}}]}}}}`;
  const path = '/apis/fleet.skerry.io/v1alpha1/namespaces/default/applications';
  for (const value of ['9007199254740993', '123456789012345678901234567890', '1e400', '-1e999']) {
    const answer = await server.call({ method: 'POST', path, body: manifest(value) });
    assert.match(refusalOf(answer), /^400 BadRequest: the number .* at "n" cannot be held/, value);
  }
  for (const value of ['NaN', 'Infinity', '0x10', '01', '+1', '.5']) {
    assert.match(
      refusalOf(await server.call({ method: 'POST', path, body: manifest(value) })),
      /^400 BadRequest: .* is not valid JSON/,
      value,
    );
  }
  const exact = await server.call<KubeObject & { spec: object }>({
    method: 'POST',
    path,
    body: manifest('[9007199254740991,-0,1.5e3,0.1]'),
  });
  assert.ok(exact.text.includes('"n":[9007199254740991,0,1500,0.1]'), exact.text);
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  for (const replicas of ['2147483648', '1.5', '-2147483649', '"3"', 'true']) {
    const answer = await server.call({
      method: 'POST',
      path: deployments,
      body: `{"metadata":{"name":"d"},"spec":{"replicas":${replicas}}}`,
    });
    assert.match(refusalOf(answer), /^400 BadRequest: .*spec.replicas: expected int32/, replicas);
  }
});

test('B2, B10: media types and encodings that are not read', async () => {
  const body = { metadata: { name: 'typed' } };
  for (const type of [
    'text/plain',
    'application/xml',
    'multipart/form-data',
    'application/merge-patch+json',
    'application/foojson',
    '../json',
    'x'.repeat(5000),
  ]) {
    assert.match(
      await refused(body, { 'content-type': type }),
      /^415 UnsupportedMediaType/,
      type.slice(0, 50),
    );
  }
  for (const encoding of ['gzip', 'br', 'deflate, gzip', 'zstd']) {
    assert.match(
      await refused(body, { 'content-encoding': encoding }),
      /^415 UnsupportedMediaType: a body with Content-Encoding/,
    );
  }
  for (const accept of [
    'text/html',
    'application/vnd.kubernetes.protobuf',
    'application/json;as=Song',
    ';;;',
    ',',
  ]) {
    assert.match(
      refusalOf(await server.call({ path: CONFIG_MAPS, headers: { accept } })),
      /^406 NotAcceptable/,
      accept,
    );
  }
  for (const accept of [
    '',
    '*/*',
    'application/*',
    'application/vnd.kubernetes.protobuf, application/json',
    'text/html, */*;q=0.1',
  ]) {
    assert.equal((await server.call({ path: CONFIG_MAPS, headers: { accept } })).status, 200, accept);
  }
  for (const [type, encoding] of [
    ['application/json; charset=utf-8', 'identity'],
    ['APPLICATION/JSON', ''],
    ['', ''],
  ] as const) {
    const query = await server.call({
      method: 'POST',
      path: `${CONFIG_MAPS}?dryRun=All`,
      body,
      headers: { 'content-type': type, 'content-encoding': encoding },
    });
    assert.equal(query.status, 201, type);
  }
});

test('B10: Protobuf that is none', async () => {
  const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
  const magic = Buffer.from('k8s\0');
  for (const bytes of [
    Buffer.alloc(0),
    magic,
    Buffer.concat([magic, Buffer.alloc(64, 0xff)]),
    Buffer.from('{}'),
    Buffer.concat([magic, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])]),
  ]) {
    assert.match(await refused(bytes, headers), /^4\d\d /, bytes.toString('hex'));
  }
});

test('B1: objects that are too large', async () => {
  const max = 3 * 1024 * 1024;
  const sized = (bytes: number, name: string) => ({ metadata: { name }, data: { x: 'x'.repeat(bytes) } });
  assert.match(
    await refused({ metadata: { name: 'huge', annotations: { a: 'x'.repeat(300_000) } } }),
    /^422 Invalid: .*metadata.annotations: Too long/,
  );
  const path = '/apis/fleet.skerry.io/v1alpha1/namespaces/default/applications';
  const application = (bytes: number) => ({
    metadata: { name: 'large' },
    spec: {
      placement: { sites: ['s'] },
      source: {
        inline: {
          manifests: [{ apiVersion: 'v1', kind: 'X', metadata: { name: 'x' }, text: 'x'.repeat(bytes) }],
        },
      },
    },
  });
  const answer = await server.call({ method: 'POST', path, body: application(max - 100) });
  assert.match(
    refusalOf(answer),
    /^413 RequestEntityTooLarge: the object is \d+ bytes with what the server adds to it; at most \d+ can be kept/,
  );
  assert.equal((await server.call({ method: 'POST', path, body: application(max - 10_000) })).status, 201);
  const headers = { 'content-type': 'application/merge-patch+json' };
  const grown = await server.call({
    method: 'PATCH',
    path: `${path}/large`,
    headers,
    body: { metadata: { annotations: { a: 'x'.repeat(20_000) } } },
  });
  assert.match(refusalOf(grown), /^413 RequestEntityTooLarge/);
  const held = await server.call({
    method: 'PATCH',
    path: `${path}/large`,
    headers,
    body: { metadata: { finalizers: ['example.com/hold'] } },
  });
  assert.equal(held.status, 200);
  assert.equal(
    (await server.call({ method: 'DELETE', path: `${path}/large` })).status,
    200,
    'what was let in can be deleted',
  );
  assert.match(await refused(sized(2 * 1024 * 1024, 'map')), /^422 Invalid|^201$/);
});

test('B17: 10,000 finalizers, owners or managers are too many', async () => {
  const many = (make: (n: number) => unknown) => Array.from({ length: 10_000 }, (_, n) => make(n));
  const owner = (n: number) => ({ apiVersion: 'v1', kind: 'Pod', name: `p${n}`, uid: `u${n}` });
  const manager = (n: number) => ({
    manager: `m${n}`,
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:data': { [`f:k${n}`]: {} } },
  });
  for (const metadata of [
    { finalizers: many((n) => `example.com/f${n}`) },
    { ownerReferences: many(owner) },
    { managedFields: many(manager) },
  ]) {
    const answer = await post({ metadata: { generateName: 'many-', ...metadata } });
    assert.equal(answer.status, 422, answer.text.slice(0, 200));
    assert.match(answer.text, /Too many: 10000: must have at most \d+ items/);
  }
});

test('B4: YAML is read as JSON would be, within limits', async () => {
  const headers = { 'content-type': 'application/yaml' };
  const made = await post('metadata: {name: yaml}\ndata:\n  a: "1"\n  b: |\n    x: [\n', headers);
  assert.deepEqual([made.status, made.body.data], [201, { a: '1', b: 'x: [\n' }]);
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefgh'.split('').map((name, n) => `${name}: &${name} [${`*${'abcdefg'[n] ?? ''},`.repeat(9)}]`),
  ].join('\n');
  const table: [string, RegExp][] = [
    [bomb, /^400 BadRequest: the body of the request is not valid YAML/],
    ['a: *b', /^400 BadRequest: the body of the request is not valid YAML/],
    ['a: [', /^400 BadRequest: the body of the request is not valid YAML/],
    [
      'metadata: {name: a}\nmetadata: {name: b}',
      /^400 BadRequest: error converting YAML to JSON: .*\n {2}line 2: key "metadata" already set in map$/,
    ],
    ['? {a: b}\n: c', /^400 BadRequest: .*explicit YAML keys/],
    ['[a, b]: c', /^400 BadRequest/],
    ['a: .nan', /^400 BadRequest: NaN is no number that JSON has/],
    ['a: .inf', /^400 BadRequest: Infinity is no number/],
    ['a: 9007199254740993', /^400 BadRequest: the number 9007199254740993 cannot be held/],
    ['a: b\n---\nc: d', /^400 BadRequest: the body of the request is not valid YAML/],
    [
      `a: ${'x'.repeat(70_000)}`,
      /^413 RequestEntityTooLarge: a body of YAML has at most 65536 characters, this one 70003: send JSON/,
    ],
    ['', /^400 BadRequest: the body of the request must be a ConfigMap/],
    ['just text', /^400 BadRequest: the body of the request must be a ConfigMap/],
  ];
  for (const [body, expected] of table)
    assert.match(await refused(body, headers), expected, body.slice(0, 60));
});

test('no kind breaks on a body that has little or nothing of what it needs', async () => {
  const odd: object[] = [
    {},
    { metadata: {} },
    { spec: {} },
    { spec: null, status: null },
    { spec: { template: {} } },
    { metadata: { name: 'odd' } },
    { metadata: { name: 'odd', namespace: '', labels: null } },
  ];
  for (const type of BUILTIN_RESOURCES) {
    const root = type.group === '' ? `/api/${type.version}` : `/apis/${apiVersionOf(type)}`;
    const path = `${root}${type.namespaced ? '/namespaces/default' : ''}/${type.plural}`;
    for (const body of odd) {
      const made = await server.call({ method: 'POST', path: `${path}?dryRun=All`, body });
      assert.ok(made.status < 500, `POST ${path} ${JSON.stringify(body)}: ${made.text}`);
      const applied = await server.call({
        method: 'PATCH',
        path: `${path}/odd?fieldManager=m&dryRun=All`,
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body,
      });
      assert.ok(applied.status < 500, `APPLY ${path} ${JSON.stringify(body)}: ${applied.text}`);
    }
  }
});

test('a claim template may say nothing at all', async () => {
  const path = '/apis/apps/v1/namespaces/default/statefulsets';
  const labels = { app: 'x' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const spec = { selector: { matchLabels: labels }, serviceName: 'x', template, volumeClaimTemplates: [{}] };
  const answer = await server.call({ method: 'POST', path, body: { metadata: { name: 'claims' }, spec } });
  assert.equal(refusalOf(answer), '201', 'as in Kubernetes: the claims made from it are refused');
});

test('queries that say nothing sensible are refused', async () => {
  const get = async (query: string) => refusalOf(await server.call({ path: `${CONFIG_MAPS}${query}` }));
  assert.match(await get('?includeObject=x'), /^200$/, 'only a table has rows');
  assert.match(
    await refused({ metadata: { name: 'q' } }, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
    /^201$/,
  );
  for (const query of ['?fieldValidation=Maybe', '?dryRun=None', `?fieldManager=${'x'.repeat(200)}`]) {
    const answer = await server.call({
      method: 'POST',
      path: `${CONFIG_MAPS}${query}`,
      body: { metadata: { name: 'query' } },
    });
    assert.match(refusalOf(answer), /^4\d\d /);
  }
  assert.equal((await server.call({ path: `${CONFIG_MAPS}/query` })).status, 404);
});
