import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { define, widgetDefinition } from '#apiserver/custom/test-definitions.fixture.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const WIDGETS = '/apis/shop.example.com/v1/namespaces/default/widgets';

let server: TestServer;
before(async () => {
  server = await startTestServer();
  await post('/api/v1/namespaces', { metadata: { name: 'tenant' } });
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: anything } } } as const;
  await define(server, widgetDefinition([{ name: 'v1', served: true, storage: true, schema }]));
});
after(async () => {
  assert.deepEqual(
    server.complaints.filter((line) => !line.includes('Too large')),
    [],
    'nothing that a client sends is an error of the server',
  );
  await server.stop();
});

function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  return server.call({ method: 'POST', path, headers, body });
}

function patch(path: string, type: string, body: unknown) {
  return server.call({ method: 'PATCH', path, headers: { 'content-type': `application/${type}` }, body });
}

/** The patches whose bodies are objects, with what each asks of its query. */
const OBJECT_PATCHES = ['merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml'] as const;

test('B3: patches that are too deep are refused before they are looked at', async () => {
  await post(CONFIG_MAPS, { metadata: { name: 'deep' } });
  const deep = `{"metadata":{"annotations":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_001)}}`;
  for (const type of OBJECT_PATCHES) {
    assert.match(
      refusalOf(await patch(`${CONFIG_MAPS}/deep?fieldManager=m`, type, deep)),
      /^4(00 BadRequest|13 RequestEntityTooLarge): /u,
      type,
    );
  }
  const value = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  assert.match(
    refusalOf(
      await patch(`${CONFIG_MAPS}/deep`, 'json-patch+json', `[{"op":"add","path":"/data","value":${value}}]`),
    ),
    /^400 BadRequest: .*nested deeper than 128 levels/u,
  );
  let grown = '';
  for (let level = 0; level < 100; level++) grown = `{"a":${grown === '' ? '1' : grown}}`;
  assert.equal(
    (
      await post(
        WIDGETS,
        `{"apiVersion":"shop.example.com/v1","kind":"Widget","metadata":{"name":"deep"},"spec":${grown}}`,
      )
    ).status,
    201,
  );
  const copies = Array(1000).fill({ op: 'copy', from: '/spec', path: '/spec/a/a/a/a/a/a/a/a' });
  assert.match(
    refusalOf(await patch(`${WIDGETS}/deep`, 'json-patch+json', copies)),
    /^4\d\d /u,
    'nor does an object grow deeper by being copied into itself',
  );
});

test('B4: YAML whose aliases or merge keys multiply is refused by every way in', async () => {
  const bomb = [
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata: {name: bomb}',
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefghi'.split('').map((name, n) => `${name}: &${name} [${`*${'abcdefgh'[n] ?? ''},`.repeat(9)}]`),
  ].join('\n');
  const merges = [
    'metadata: {name: merges}',
    'a: &a {x0: 1}',
    ...Array.from({ length: 100 }, (_, n) => `m${n}: {<<: [${'*a,'.repeat(200)}]}`),
  ].join('\n');
  const starred = await post(CONFIG_MAPS, `metadata: {name: starred}\ndata: {a: "${'* '.repeat(2000)}"}\n`, {
    'content-type': 'application/yaml',
  });
  assert.equal(starred.status, 201, starred.text);
  for (const body of [bomb, merges]) {
    assert.match(
      refusalOf(await post(CONFIG_MAPS, body, { 'content-type': 'application/yaml' })),
      /^400 BadRequest: the body of the request (is not valid YAML|has more than 1000 YAML aliases)/u,
    );
    assert.match(
      refusalOf(await patch(`${CONFIG_MAPS}/bomb?fieldManager=m`, 'apply-patch+yaml', body)),
      /^400 BadRequest: the body of the request (is not valid YAML|has more than 1000 YAML aliases)/u,
    );
  }
});

test('B5: keys that name prototypes are data in custom objects too, and change nothing else', async () => {
  const spec =
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":[{"__proto__":2}]}';
  const object = `{"apiVersion":"shop.example.com/v1","kind":"Widget","metadata":{"name":"proto"},"spec":${spec}}`;
  assert.equal((await post(WIDGETS, object)).status, 201);
  const specOf = async () => {
    const { text } = await server.call({ path: `${WIDGETS}/proto` });
    return text.slice(text.indexOf('"spec":') + '"spec":'.length, -1);
  };
  assert.equal(await specOf(), spec);
  const merged = await patch(
    `${WIDGETS}/proto`,
    'merge-patch+json',
    '{"spec":{"__proto__":{"b":2},"constructor":null}}',
  );
  assert.equal(merged.status, 200, merged.text);
  assert.equal(await specOf(), '{"__proto__":{"polluted":1,"b":2},"a":[{"__proto__":2}]}');
  const applied = await patch(
    `${WIDGETS}/proto?fieldManager=m&force=true`,
    'apply-patch+yaml',
    '{"apiVersion":"shop.example.com/v1","kind":"Widget","metadata":{"name":"proto"},"spec":{"__proto__":{"c":3}}}',
  );
  assert.equal(applied.status, 200, applied.text);
  assert.equal(await specOf(), '{"__proto__":{"polluted":1,"b":2,"c":3},"a":[{"__proto__":2}]}');
  for (const query of [
    '?__proto__=1&constructor=2',
    '?labelSelector=constructor%3Dx',
    '?labelSelector=toString',
  ])
    assert.equal((await server.call({ path: `${WIDGETS}${query}` })).status, 200, query);
  for (const query of [
    '?fieldSelector=__proto__%3Dx',
    '?fieldSelector=constructor%3Dx',
    '?labelSelector=__proto__',
  ])
    assert.match(refusalOf(await server.call({ path: `${WIDGETS}${query}` })), /^400 BadRequest/u, query);
  for (const path of [
    '/apis/__proto__/v1/x',
    '/api/v1/__proto__',
    '/api/v1/constructor',
    '/apis/constructor',
    '/__proto__',
    `${CONFIG_MAPS}/x/__proto__`,
  ])
    assert.match(refusalOf(await server.call({ path })), /^404 NotFound/u, path);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

test('B6: fields that stand twice or are unknown: in JSON and YAML, strict, warned of, ignored', async () => {
  const json = (name: string) => `{"metadata":{"name":"${name}"},"data":{"a":"1","a":"2"},"colour":"red"}`;
  const strict = await post(`${CONFIG_MAPS}?fieldValidation=Strict`, json('strict'));
  assert.match(
    refusalOf(strict),
    /^400 BadRequest: .*strict decoding error: .*(duplicate field "data\.a", unknown field "colour"|unknown field "colour", duplicate field "data\.a")/u,
  );
  const warned = await post(CONFIG_MAPS, json('warned'));
  assert.equal(warned.status, 201);
  assert.match(warned.headers.warning ?? '', /299 - "duplicate field \\"data\.a\\""/u);
  assert.match(warned.headers.warning ?? '', /299 - "unknown field \\"colour\\""/u);
  const ignored = await post(`${CONFIG_MAPS}?fieldValidation=Ignore`, json('ignored'));
  assert.deepEqual([ignored.status, ignored.headers.warning], [201, undefined]);
  for (const { body } of [warned, ignored])
    assert.deepEqual((body as unknown as { data: object }).data, { a: '2' }, 'the last one counts');
  const yaml = 'metadata: {name: yaml}\ndata: {a: "1"}\ncolour: red\n';
  const headers = { 'content-type': 'application/yaml' };
  assert.match(
    refusalOf(await post(`${CONFIG_MAPS}?fieldValidation=Strict`, yaml, headers)),
    /^400 BadRequest: .*strict decoding error: unknown field "colour"/u,
  );
  assert.match(
    refusalOf(await post(CONFIG_MAPS, 'metadata: {name: yaml}\ndata: {a: "1", a: "2"}\n', headers)),
    /^400 BadRequest: .*\n {2}line 2: key "a" already set in map/u,
  );
});

test('B9: no path but the one that was authorised is served', async () => {
  for (const path of [
    '/api/v1/namespaces/default/configmaps/..',
    '/api/v1/namespaces/default/configmaps/.',
    '/api/v1/namespaces/default/configmaps/../secrets',
    '/api/v1/namespaces/default/configmaps/%2e%2e%2fsecrets',
    '/api/v1/namespaces/default/configmaps/%2e%2e',
    '/api/v1/namespaces/default/configmaps/a%2fb',
    '/api/v1/namespaces/default/configmaps/a%00b',
    '/api/v1/namespaces/default/configmaps/%ff',
    '/api/v1/namespaces/default/configmaps/%zz',
    `/api/v1/namespaces/default/configmaps/${'a'.repeat(401)}`,
    '/api/v1/namespaces/default//configmaps',
    '//api/v1/namespaces',
    '/api//v1/namespaces',
    '/api/v1/namespaces//secrets',
    `/api/v1/${'a/'.repeat(5000)}`,
    '/api/v1/namespaces/default/configmaps/a/b/c',
    '/API/v1/namespaces',
  ]) {
    assert.match(refusalOf(await server.call({ path })), /^404 NotFound/u, path.slice(0, 80));
  }
  const long = 'a'.repeat(254);
  assert.match(refusalOf(await server.call({ path: `${CONFIG_MAPS}/${long}` })), /^404 NotFound/u);
  assert.match(refusalOf(await post(CONFIG_MAPS, { metadata: { name: long } })), /^422 Invalid/u);
});

test('B25: nothing is proxied where no pods run: neither services nor pods nor nodes, wherever they point', async () => {
  const proxied = ['127.0.0.1', 'localhost', '169.254.169.254', 'https:kubernetes:443', '[::1]'];
  for (const target of proxied) {
    for (const path of [
      `/api/v1/namespaces/default/services/${target}/proxy`,
      `/api/v1/namespaces/default/services/${target}:80/proxy`,
      `/api/v1/namespaces/default/pods/${target}/proxy`,
      `/api/v1/nodes/${target}/proxy`,
    ])
      for (const method of ['GET', 'POST'])
        assert.match(
          refusalOf(await server.call({ method, path, ...(method === 'GET' ? {} : { body: {} }) })),
          /^40[045] /u,
          `${method} ${path}`,
        );
  }
});

test('B12: resource versions of all sorts, wherever one may stand', async () => {
  const made = await post(CONFIG_MAPS, { metadata: { name: 'versioned' } });
  const current = Number(made.body.metadata.resourceVersion);
  const path = `${CONFIG_MAPS}/versioned`;
  const read: [string, RegExp][] = [
    ['abc', /^400 BadRequest: resourceVersion: Invalid value: "abc": must be a number/u],
    ['-1', /^400 BadRequest/u],
    ['1.5', /^400 BadRequest/u],
    ['0x10', /^400 BadRequest/u],
    ['9'.repeat(17), /^400 BadRequest/u],
    ['9'.repeat(100_000), /^400 BadRequest: resourceVersion: Invalid value: "9{100}": must be a number/u],
    ['9007199254740991', /^504 Timeout: Timeout: Too large resource version/u],
    [String(current), /^200$/u],
    ['1', /^200$/u],
    ['0', /^200$/u],
  ];
  for (const [version, expected] of read) {
    for (const target of [path, CONFIG_MAPS])
      assert.match(refusalOf(await server.call({ path: `${target}?resourceVersion=${version}` })), expected);
    if (!expected.source.includes('200')) {
      const { refusal } = await server.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${version}`);
      assert.match(`${refusal?.code} ${refusal?.reason}: ${refusal?.message}`, expected);
    }
  }
  for (const version of ['abc', '-1', '9'.repeat(17)]) {
    const put = await server.call({
      method: 'PUT',
      path,
      body: { metadata: { name: 'versioned', resourceVersion: version } },
    });
    assert.match(refusalOf(put), /^4(00 BadRequest|09 Conflict|22 Invalid)/u, `update with ${version}`);
    assert.match(
      refusalOf(await patch(path, 'merge-patch+json', { metadata: { resourceVersion: version } })),
      /^4(00 BadRequest|09 Conflict|22 Invalid)/u,
    );
  }
  for (const version of ['abc', '0', '-1', String(current + 1), '9'.repeat(17)]) {
    const body = { preconditions: { resourceVersion: version } };
    assert.match(
      refusalOf(await server.call({ method: 'DELETE', path, body })),
      /^409 Conflict: .*the ResourceVersion in the precondition/u,
    );
  }
  assert.equal((await server.call({ path })).status, 200);
});

test('B13: a token of another list, of any sort, shows nothing of that list', async () => {
  await post('/api/v1/namespaces/tenant/configmaps', { metadata: { name: 'theirs' } });
  await post('/api/v1/namespaces/tenant/configmaps', { metadata: { name: 'theirs-too' } });
  const page = await server.call<KubeObject & { metadata: { continue: string } }>({
    path: '/api/v1/namespaces/tenant/configmaps?limit=1',
  });
  const theirs = page.body.metadata.continue;
  for (const path of [CONFIG_MAPS, WIDGETS, '/api/v1/namespaces/default/secrets'])
    assert.match(
      refusalOf(await server.call({ path: `${path}?limit=1&continue=${theirs}` })),
      /^400 BadRequest: continue key is not valid: it belongs to another list/u,
    );
  const forge = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const r = server.store.revision;
  for (const token of [
    forge({ r, k: '/registry/core/configmaps/default/../tenant/' }),
    forge({ r, k: '/registry/core/configmaps/default/\uffff' }),
    forge({ r, k: `/registry/core/configmaps/default/${'x'.repeat(60_000)}` }),
    forge({ r, k: '/registry/core/configmaps/default/', __proto__: 1 }),
    theirs.slice(1),
    'x'.repeat(100_000),
    '%00',
    'e30',
  ]) {
    const answer = await server.call<{ items?: KubeObject[] }>({
      path: `${CONFIG_MAPS}?limit=5&continue=${token}`,
    });
    assert.ok(answer.status === 200 || answer.status === 400 || answer.status === 410, answer.text);
    for (const { metadata } of answer.body.items ?? []) assert.equal(metadata.namespace, 'default');
  }
});

test('B14: selectors, limits and times beyond all sense are refused or lowered, and nothing is kept free for them', async () => {
  for (const query of [
    `labelSelector=${'a'.repeat(1024 * 1024)}`,
    `labelSelector=a+in+(${'b,'.repeat(500_000)}c)`,
    `fieldSelector=metadata.name%3D${'a'.repeat(1024 * 1024)}`,
    `fieldSelector=${'metadata.name%3Da,'.repeat(50_000)}metadata.name%3Da`,
    'limit=-1',
    'timeoutSeconds=-1&watch=1',
    'timeoutSeconds=x&watch=1',
  ])
    assert.match(
      refusalOf(await server.call({ path: `${CONFIG_MAPS}?${query}` })),
      /^400 BadRequest/u,
      query.slice(0, 60),
    );
  assert.equal((await server.call({ path: `${CONFIG_MAPS}?limit=1000000000000` })).status, 200);
  const watch = await server.watch(`${CONFIG_MAPS}?watch=1&timeoutSeconds=999999999999`);
  assert.equal(watch.status, 200);
  await server.clock.advance(25 * 3_600_000);
  assert.equal(watch.ended, true, 'a day is the longest watch');
});

test('B18: owners that own themselves, or each other, or across namespaces, break nothing', async () => {
  const made = await post(CONFIG_MAPS, { metadata: { name: 'self' } });
  const { uid } = made.body.metadata;
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'self', uid };
  assert.equal(
    (await patch(`${CONFIG_MAPS}/self`, 'merge-patch+json', { metadata: { ownerReferences: [owner] } }))
      .status,
    200,
  );
  for (const wrong of [
    { ...owner, uid: '' },
    { ...owner, name: '' },
    { ...owner, kind: '' },
    { ...owner, apiVersion: 'a/b/c' },
    { ...owner, apiVersion: 'apps/' },
    { ...owner, kind: 'Event' },
  ])
    assert.match(
      refusalOf(await post(CONFIG_MAPS, { metadata: { name: 'owned', ownerReferences: [wrong] } })),
      /^422 Invalid: .*metadata\.ownerReferences/u,
      JSON.stringify(wrong),
    );
  const controllers = [
    { ...owner, controller: true },
    { ...owner, uid: 'other', controller: true },
  ];
  assert.match(
    refusalOf(await post(CONFIG_MAPS, { metadata: { name: 'owned', ownerReferences: controllers } })),
    /^422 Invalid: .*Only one reference can have Controller set to true/u,
  );
});

test('B8: texts with controls and directions are refused where they name something', async () => {
  for (const text of ['a\u202eb', 'a\u0000b', 'a\u200bb', 'a\nb', 'ａ', '\ufeffa']) {
    for (const metadata of [
      { name: text },
      { name: 'x', labels: { [text]: 'v' } },
      { name: 'x', labels: { k: text } },
      { name: 'x', annotations: { [text]: 'v' } },
      { name: 'x', finalizers: [`example.com/${text}`] },
      { generateName: text },
    ])
      assert.match(
        refusalOf(await post(`${CONFIG_MAPS}?dryRun=All`, { metadata })),
        /^422 Invalid: [^]*metadata\./u,
        JSON.stringify(metadata),
      );
  }
  for (const type of OBJECT_PATCHES)
    assert.match(
      refusalOf(await patch(`${CONFIG_MAPS}/self?fieldManager=m`, type, Buffer.from([0x7b, 0xff, 0x7d]))),
      /^400 BadRequest: the body of the request is not valid UTF-8/u,
      type,
    );
});
