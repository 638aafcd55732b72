import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import type { Status } from '#api/status.ts';
import { refusalOf, startTestServer, type TestAnswer, type TestServer } from '#apiserver/test-server.ts';

const PODS = '/api/v1/namespaces/lists/pods';

interface List extends Partial<Omit<Status, 'metadata' | 'kind'>> {
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: KubeObject[];
}

let server: TestServer;
/** The revision at which p00 to p24 are there, every third of them in tier `a`. */
let whole: number;
before(async () => {
  server = await startTestServer();
  await server.call({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'lists' } } });
  for (let n = 0; n < 25; n++) await create(`p${String(n).padStart(2, '0')}`, n % 3 === 0 ? 'a' : 'b');
  whole = server.store.revision;
});
after(async () => {
  assert.deepEqual(
    server.complaints.filter((line) => !line.includes('"Timeout"') && !line.includes('Too large')),
    [],
  );
  await server.stop();
});

async function create(name: string, tier: string): Promise<void> {
  const body = { metadata: { name, labels: { tier } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  assert.equal((await server.call({ method: 'POST', path: PODS, body })).status, 201);
}

function list(query = '', path = PODS): Promise<TestAnswer<List>> {
  return server.call<List>({ path: `${path}${query}` });
}

function names({ items }: List): string[] {
  return items.map(({ metadata }) => metadata.name);
}

function refusal(answer: TestAnswer<List>): string {
  return refusalOf(answer as unknown as TestAnswer<Partial<Status>>);
}

test('a limited list goes on at its own revision while writes go on', async () => {
  const seen: string[] = [];
  let token = '';
  const remaining: (number | undefined)[] = [];
  for (let page = 0; page === 0 || token !== ''; page++) {
    const { body } = await list(`?limit=10${token === '' ? '' : `&continue=${token}`}`);
    assert.equal(body.metadata.resourceVersion, String(whole));
    seen.push(...names(body));
    remaining.push(body.metadata.remainingItemCount);
    token = body.metadata.continue ?? '';
    await server.call({ method: 'DELETE', path: `${PODS}/p${20 + page}` });
    await create(`late${page}`, 'a');
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, n) => `p${String(n).padStart(2, '0')}`),
  );
  assert.deepEqual(remaining, [15, 5, undefined]);
});

test('a limited list of what is selected has full pages and ends where nothing follows', async () => {
  const exact = `resourceVersion=${whole}&resourceVersionMatch=Exact`;
  const first = await list(`?limit=4&labelSelector=tier%3Da&${exact}`);
  assert.deepEqual(names(first.body), ['p00', 'p03', 'p06', 'p09']);
  const second = await list(`?limit=4&labelSelector=tier%3Da&continue=${first.body.metadata.continue ?? ''}`);
  assert.deepEqual(names(second.body), ['p12', 'p15', 'p18', 'p21']);
  const last = await list(`?limit=4&labelSelector=tier%3Da&continue=${second.body.metadata.continue ?? ''}`);
  assert.deepEqual([names(last.body), last.body.metadata.continue], [['p24'], undefined]);
  const all = await list(`?limit=9&labelSelector=tier%3Da&${exact}`);
  assert.deepEqual([all.body.items.length, all.body.metadata.continue], [9, undefined]);
});

test('revisions: exact, not older, from the future, and what is not one', async () => {
  const now = server.store.revision;
  const count = async (query: string) => (await list(query)).body.items.length;
  assert.equal(await count(`?resourceVersion=${whole}&resourceVersionMatch=Exact`), 25);
  assert.equal(await count(`?resourceVersion=${whole}&limit=500`), 25, 'a page without a match is exact');
  for (const match of ['', '&resourceVersionMatch=NotOlderThan']) {
    assert.ok(
      names((await list(`?resourceVersion=${whole}${match}`)).body).includes('late0'),
      'not older is now',
    );
  }
  assert.equal((await list('?resourceVersion=0')).body.metadata.resourceVersion, String(now));
  const table: [string, RegExp][] = [
    [`?resourceVersion=${now + 5}`, /^504 Timeout: Timeout: Too large resource version: \d+, current: \d+/],
    [
      `?resourceVersion=${now + 5}&resourceVersionMatch=Exact`,
      /^504 Timeout: Timeout: Too large resource version/,
    ],
    ['?resourceVersion=abc', /^400 BadRequest: resourceVersion: Invalid value: "abc": must be a number/],
    ['?resourceVersion=-1', /^400 BadRequest: resourceVersion: Invalid value: "-1"/],
    ['?resourceVersion=99999999999999999999', /^400 BadRequest: resourceVersion: Invalid value/],
  ];
  for (const [query, expected] of table) assert.match(refusal(await list(query)), expected);
  const one = await server.call({ path: `${PODS}/p00?resourceVersion=${now + 5}` });
  assert.match(refusalOf(one), /^504 Timeout/);
  assert.match(refusalOf(await server.call({ path: `${PODS}/p00?resourceVersion=x` })), /^400 BadRequest/);
});

test('a token that this server did not make for this list is refused', async () => {
  const { body } = await list('?limit=5');
  const token = body.metadata.continue ?? '';
  const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const key = '/registry/core/pods/lists/p01';
  const table: [string, RegExp][] = [
    [
      `?limit=5&continue=${token}&resourceVersion=${whole}`,
      /^400 BadRequest: specifying resource version is not allowed/,
    ],
    ['?limit=5&continue=garbage', /^400 BadRequest: continue key is not valid/],
    [
      `?limit=5&continue=${forged({ r: whole, k: '/registry/core/secrets/kube-system/' })}`,
      /belongs to another list/,
    ],
    [
      `?limit=5&continue=${forged({ r: whole, k: '/registry/core/pods/other/x' })}`,
      /belongs to another list/,
    ],
    [`?limit=5&continue=${forged({ r: 2 ** 52, k: key })}`, /^400 BadRequest: continue key is not valid/],
    [`?limit=5&continue=${forged({ r: -1, k: key })}`, /^410 Expired/],
    [`?limit=5&continue=${forged({ r: '1', k: key })}`, /^400 BadRequest: continue key is not valid/],
    [`?limit=5&continue=${forged(null)}`, /^400 BadRequest: continue key is not valid/],
    [`?limit=5&continue=${forged({ r: whole, k: 5 })}`, /^400 BadRequest: continue key is not valid/],
  ];
  for (const [query, expected] of table) assert.match(refusal(await list(query)), expected);
});

test('limits that are no numbers are refused, huge ones are lowered', async () => {
  for (const limit of ['-1', '1.5', 'ten', '99999999999999999999', '0x10']) {
    assert.match(
      refusal(await list(`?limit=${limit}`)),
      /^400 BadRequest: limit: Invalid value: ".*": must be a number of at least 0/,
    );
  }
  for (const limit of ['', '0', '1000000000000'])
    assert.equal((await list(`?limit=${limit}`)).body.metadata.continue, undefined);
});

test('selectors: by label, by field, by name', async () => {
  const table: [string, string[]][] = [
    ['?fieldSelector=metadata.name%3Dp01', ['p01']],
    ['?fieldSelector=metadata.name%3D%3Dp01', ['p01']],
    ['?fieldSelector=metadata.name%3Dp01,metadata.namespace%3Dlists', ['p01']],
    ['?fieldSelector=metadata.name%3Dp01,metadata.namespace%3Dother', []],
    ['?fieldSelector=metadata.name%3Dp01&labelSelector=tier%3Da', []],
    ['?fieldSelector=metadata.name%3Dnone', []],
    ['?fieldSelector=spec.nodeName%3D,metadata.name%3Dp02', ['p02']],
    ['?fieldSelector=spec.nodeName%3D%5C,metadata.name%5C%3Dp02', []],
    ['?labelSelector=tier+in+(a),tier!%3Db&limit=1', ['late0']],
  ];
  for (const [query, expected] of table) assert.deepEqual(names((await list(query)).body), expected, query);
  for (const query of [
    '?labelSelector=a+b',
    '?labelSelector=%3D',
    '?fieldSelector=a',
    '?fieldSelector=spec.color%3Dred',
  ]) {
    assert.match(refusal(await list(query)), /^400 BadRequest/, query);
  }
  assert.match(
    refusal(await list(`?labelSelector=${'a,'.repeat(40_000)}a`)),
    /^400 BadRequest: .*at most 65536/,
  );
});

test('a list by name is as exact as any other', async () => {
  const { body } = await list(
    `?fieldSelector=metadata.name%3Dp20&resourceVersion=${whole}&resourceVersionMatch=Exact`,
  );
  assert.deepEqual([names(body), body.metadata.resourceVersion], [['p20'], String(whole)]);
  assert.deepEqual(
    names((await list('?fieldSelector=metadata.name%3Dp20')).body),
    [],
    'it was deleted meanwhile',
  );
});

test('all namespaces, and a namespace that is none', async () => {
  assert.ok(names((await list('', '/api/v1/pods')).body).includes('p05'));
  assert.deepEqual((await list('', '/api/v1/namespaces/nowhere/pods')).body.items, []);
  const { body } = await list('', '/api/v1/namespaces');
  assert.deepEqual([body.kind, names(body)], ['NamespaceList', ['default', 'kube-system', 'lists']]);
});

test('a list as a table, and as metadata alone', async () => {
  const accept = (as: string) => ({
    accept: `application/json;as=${as};v=v1;g=meta.k8s.io, application/json`,
  });
  const table = await server.call<{
    kind: string;
    metadata: { continue?: string };
    columnDefinitions: { name: string }[];
    rows: { cells: unknown[]; object?: KubeObject & { spec?: object } }[];
  }>({ path: `${PODS}?limit=1`, headers: accept('Table') });
  assert.deepEqual(
    table.body.columnDefinitions.slice(0, 3).map(({ name }) => name),
    ['Name', 'Ready', 'Status'],
  );
  assert.deepEqual(
    table.body.rows.map(({ cells }) => cells.slice(0, 3)),
    [['late0', '0/1', 'Pending']],
  );
  assert.ok(table.body.metadata.continue);
  assert.deepEqual(Object.keys(table.body.rows[0]?.object ?? {}), ['kind', 'apiVersion', 'metadata']);
  const including = async (include: string) =>
    (
      await server.call<{ rows: { object?: { spec?: object } }[] }>({
        path: `${PODS}?limit=1&includeObject=${include}`,
        headers: accept('Table'),
      })
    ).body.rows[0]?.object;
  assert.equal(await including('None'), undefined);
  assert.ok((await including('Object'))?.spec);
  const partial = await server.call<List>({
    path: `${PODS}?limit=1`,
    headers: accept('PartialObjectMetadataList'),
  });
  assert.deepEqual(
    [partial.body.kind, Object.keys(partial.body.items[0] ?? {})],
    ['PartialObjectMetadataList', ['kind', 'apiVersion', 'metadata']],
  );
});

test('what was compacted is gone', async () => {
  const { body } = await list('?limit=5');
  await create('newest', 'b');
  await server.store.compact(server.store.revision);
  const gone = await list(`?limit=5&continue=${body.metadata.continue ?? ''}`);
  assert.match(
    refusal(gone),
    /^410 Expired: The provided continue parameter is too old to display a consistent/,
  );
  const rest = await list(`?limit=5&continue=${gone.body.metadata.continue ?? ''}`);
  assert.deepEqual(
    [rest.status, rest.body.items.length, rest.body.metadata.resourceVersion],
    [200, 5, String(server.store.revision)],
  );
  assert.notEqual(rest.body.items[0]?.metadata.name, body.items[0]?.metadata.name);
  assert.match(refusal(await list(`?resourceVersion=${whole}&resourceVersionMatch=Exact`)), /^410 Expired/);
  assert.equal((await list(`?resourceVersion=${whole}`)).status, 200);
});
