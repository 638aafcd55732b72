import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';

interface Container {
  name: string;
  image: string;
  env?: { name: string; value: string }[];
}
type Deployment = KubeObject & {
  spec: { replicas: number; paused?: boolean; template: { spec: { containers: Container[] } } };
};

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(async () => {
  assert.deepEqual(server.complaints, []);
  await server.stop();
});

function manifest(name: string, replicas = 2): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            { name: 'a', image: 'a:1' },
            { name: 'b', image: 'b:1' },
          ],
        },
      },
    },
  };
}

async function create(name: string): Promise<void> {
  const answer = await server.call({
    method: 'POST',
    path: DEPLOYMENTS,
    body: manifest(name),
    headers: { 'user-agent': 'maker/1' },
  });
  assert.equal(answer.status, 201, answer.text);
}

function patch(name: string, type: string, body: unknown, query = '') {
  const headers = { 'content-type': `application/${type}`, 'user-agent': 'patcher/1' };
  return server.call<Deployment>({ method: 'PATCH', path: `${DEPLOYMENTS}/${name}${query}`, headers, body });
}

function containersOf({ body }: { body: Deployment }): string[] {
  return body.spec.template.spec.containers.map(({ name, image }) => `${name}=${image}`);
}

test('a JSON patch does all of its operations or none', async () => {
  await create('json');
  const done = await patch('json', 'json-patch+json', [
    { op: 'test', path: '/spec/replicas', value: 2 },
    { op: 'replace', path: '/spec/replicas', value: 3 },
    { op: 'remove', path: '/spec/template/spec/containers/0' },
  ]);
  assert.deepEqual([done.status, done.body.spec.replicas, containersOf(done)], [200, 3, ['b=b:1']]);
  const failed = await patch('json', 'json-patch+json', [
    { op: 'replace', path: '/spec/replicas', value: 4 },
    { op: 'test', path: '/spec/replicas', value: 5 },
  ]);
  assert.match(
    refusalOf(failed as never),
    /^422 Invalid: the server rejected our request due to an error in our request/,
  );
  assert.equal((await server.call<Deployment>({ path: `${DEPLOYMENTS}/json` })).body.spec.replicas, 3);
});

test('a merge patch replaces lists, a strategic one merges them by their keys', async () => {
  await create('merge');
  await create('strategic');
  const body = { spec: { template: { spec: { containers: [{ name: 'b', image: 'b:2' }] } } } };
  assert.deepEqual(containersOf(await patch('merge', 'merge-patch+json', body)), ['b=b:2']);
  assert.deepEqual(containersOf(await patch('strategic', 'strategic-merge-patch+json', body)).toSorted(), [
    'a=a:1',
    'b=b:2',
  ]);
});

test('server-side apply makes an object, changes what its manager owns, and removes what that leaves out', async () => {
  const made = await patch('applied', 'apply-patch+yaml', manifest('applied'), '?fieldManager=one');
  assert.equal(made.status, 201);
  const { spec, ...rest } = manifest('applied', 3) as {
    spec: { template: { spec: { containers: Container[] } } };
  };
  spec.template.spec.containers.pop();
  const changed = await patch('applied', 'apply-patch+yaml', { ...rest, spec }, '?fieldManager=one');
  assert.deepEqual([changed.status, changed.body.spec.replicas, containersOf(changed)], [200, 3, ['a=a:1']]);
  const same = await patch('applied', 'apply-patch+yaml', { ...rest, spec }, '?fieldManager=one');
  assert.equal(same.body.metadata.resourceVersion, changed.body.metadata.resourceVersion);
});

test('whoever applies the same owns it too; whoever applies another value is told of the conflict, or takes it', async () => {
  await patch('owned', 'apply-patch+yaml', manifest('owned'), '?fieldManager=one');
  const shared = await patch('owned', 'apply-patch+yaml', manifest('owned'), '?fieldManager=two');
  const managers = ({ body }: { body: KubeObject }) =>
    (body.metadata.managedFields as { manager: string; operation: string }[]).map(
      ({ manager, operation }) => `${manager} ${operation}`,
    );
  assert.deepEqual(managers(shared).toSorted(), ['one Apply', 'two Apply']);
  const refused = await patch('owned', 'apply-patch+yaml', manifest('owned', 5), '?fieldManager=two');
  assert.match(
    refusalOf(refused as never),
    /^409 Conflict: Apply failed with 1 conflict: conflict with "one": \.spec\.replicas/,
  );
  const forced = await patch(
    'owned',
    'apply-patch+yaml',
    manifest('owned', 5),
    '?fieldManager=two&force=true',
  );
  assert.equal(forced.body.spec.replicas, 5);
  const back = await patch('owned', 'apply-patch+yaml', manifest('owned', 2), '?fieldManager=one');
  assert.match(
    refusalOf(back as never),
    /^409 Conflict: Apply failed with 1 conflict: conflict with "two": \.spec\.replicas/,
  );
});

test('every manager is noted by what it changed, spec and status apart', async () => {
  await create('managed');
  await patch('managed', 'merge-patch+json', { spec: { paused: true } });
  await patch('managed/status', 'merge-patch+json', { status: { replicas: 1 } }, '?fieldManager=counter');
  const { body } = await server.call<Deployment>({ path: `${DEPLOYMENTS}/managed` });
  const fields = body.metadata.managedFields as {
    manager: string;
    operation: string;
    subresource?: string;
    fieldsV1: object;
  }[];
  assert.deepEqual(
    fields
      .map(({ manager, operation, subresource }) => `${manager} ${operation} ${subresource ?? ''}`.trim())
      .toSorted(),
    ['counter Update status', 'maker Update', 'patcher Update'],
  );
  assert.deepEqual(fields.find(({ manager }) => manager === 'patcher')?.fieldsV1, {
    'f:spec': { 'f:paused': {} },
  });
  assert.deepEqual(fields.find(({ manager }) => manager === 'counter')?.fieldsV1, {
    'f:status': { 'f:replicas': {} },
  });
});

test('fields that are unknown or stand twice: refused, warned of, or let pass', async () => {
  const twice = '{"metadata":{"name":"strictN"},"spec":{"replicas":1,"replicas":2,"color":"red"}}';
  const complete = (manifest('strictN') as { spec: object }).spec;
  const text = (name: string) =>
    twice
      .replace('strictN', name)
      .replace(
        '"color"',
        `"selector":${JSON.stringify((complete as { selector: object }).selector)},"template":${JSON.stringify((complete as { template: object }).template)},"color"`,
      );
  const post = (name: string, validation: string) =>
    server.call<Deployment>({
      method: 'POST',
      path: `${DEPLOYMENTS}?fieldValidation=${validation}`,
      body: text(name),
    });
  assert.equal(
    refusalOf((await post('s1', 'Strict')) as never),
    '400 BadRequest: Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.color", duplicate field "spec.replicas"',
  );
  const warned = await post('s2', 'Warn');
  assert.deepEqual(
    [warned.status, warned.body.spec.replicas, warned.headers.warning],
    [201, 2, '299 - "unknown field \\"spec.color\\"", 299 - "duplicate field \\"spec.replicas\\""'],
  );
  assert.equal(
    (await post('s3', '')).headers.warning,
    warned.headers.warning,
    'a warning where the client does not say',
  );
  assert.deepEqual(
    [(await post('s4', 'Ignore')).headers.warning, (await post('s5', 'Loud')).status],
    [undefined, 422],
  );
  const merge = await patch(
    's2',
    'merge-patch+json',
    '{"spec":{"paused":true,"paused":false,"size":1}}',
    '?fieldValidation=Strict',
  );
  assert.match(
    refusalOf(merge as never),
    /strict decoding error: duplicate field "spec.paused", unknown field "spec.size"/,
  );
  const applied = await patch('s2', 'apply-patch+yaml', text('s2'), '?fieldManager=m&fieldValidation=Strict');
  assert.match(refusalOf(applied as never), /strict decoding error: duplicate field "spec.replicas"/);
});

test('B11: what no patch may do', async () => {
  await create('guarded');
  const table: [string, unknown, string, RegExp][] = [
    ['text', {}, '', /^415 UnsupportedMediaType/],
    [
      'json',
      {},
      '',
      /^415 UnsupportedMediaType: .*application\/json-patch\+json, application\/merge-patch\+json/,
    ],
    [
      'merge-patch+json',
      [],
      '',
      /^400 BadRequest: error decoding patch: a merge patch must be a JSON object/,
    ],
    ['merge-patch+json', 'null', '', /^400 BadRequest/],
    [
      'merge-patch+json',
      { metadata: null },
      '',
      /^400 BadRequest: the name of the object .* was undeterminable/,
    ],
    [
      'merge-patch+json',
      { kind: 'Pod' },
      '',
      /^422 Invalid:  "" is invalid: patch: Invalid value: .*: the object provided is a "apps\/v1 Pod"/,
    ],
    ['merge-patch+json', { metadata: { name: 'other' } }, '', /^400 BadRequest: the name of the object/],
    [
      'merge-patch+json',
      { metadata: { namespace: 'kube-system' } },
      '',
      /^400 BadRequest: the namespace of the provided/,
    ],
    ['merge-patch+json', { metadata: { resourceVersion: '1' } }, '', /^409 Conflict/],
    ['merge-patch+json', { spec: { replicas: -1 } }, '', /^422 Invalid: .*spec.replicas: Invalid value: -1/],
    [
      'merge-patch+json',
      { spec: { replicas: 'many' } },
      '',
      /^422 Invalid:  "" is invalid: patch: .*spec.replicas: expected int32, got string "many"/,
    ],
    [
      'merge-patch+json',
      { spec: { selector: { matchLabels: { app: 'x' } } } },
      '',
      /^422 Invalid: .*field is immutable/,
    ],
    ['json-patch+json', {}, '', /^400 BadRequest: error decoding patch: a JSON patch must be an array/],
    ['json-patch+json', [{ op: 'jump', path: '/a' }], '', /^400 BadRequest/],
    [
      'json-patch+json',
      Array(10_001).fill({ op: 'test', path: '/kind', value: 'Deployment' }),
      '',
      /^413 RequestEntityTooLarge: .*10000, got 10001/,
    ],
    [
      'json-patch+json',
      [
        { op: 'add', path: '/metadata/annotations', value: { a: 'x'.repeat(100_000) } },
        ...Array(40).fill({ op: 'copy', from: '/metadata/annotations/a', path: '/metadata/annotations/b' }),
      ],
      '',
      /^422 Invalid/,
    ],
    ['merge-patch+json', {}, '?force=true', /^422 Invalid: .*force: Forbidden: may not be specified/],
    [
      'apply-patch+yaml',
      { ...manifest('guarded'), spec: { ...(manifest('guarded') as { spec: object }).spec, size: 3 } },
      '?fieldManager=m&force=true',
      /^400 BadRequest: failed to create typed patch object .*: \.spec\.size: field not declared in schema/,
    ],
    [
      'apply-patch+yaml',
      manifest('guarded'),
      '',
      /^422 Invalid: PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required/,
    ],
    [
      'apply-patch+yaml',
      manifest('guarded'),
      `?fieldManager=${'m'.repeat(129)}`,
      /^422 Invalid: .*fieldManager: Too long: may not be more than 128 bytes/,
    ],
    [
      'apply-patch+yaml',
      manifest('guarded'),
      '?fieldManager=a%0Ab',
      /^422 Invalid: .*fieldManager: Invalid value: .*printable/,
    ],
    [
      'apply-patch+yaml',
      manifest('other'),
      '?fieldManager=m',
      /^400 BadRequest: the name of the object \(other\)/,
    ],
    [
      'apply-patch+yaml',
      { ...manifest('guarded'), metadata: { name: 'guarded', managedFields: [] } },
      '?fieldManager=m',
      /^400 BadRequest: metadata.managedFields must be nil/,
    ],
  ];
  for (const [type, body, query, expected] of table) {
    assert.match(
      refusalOf((await patch('guarded', type, body, query)) as never),
      expected,
      `${type} ${JSON.stringify(body).slice(0, 80)}`,
    );
  }
  assert.match(refusalOf((await patch('nobody', 'merge-patch+json', {})) as never), /^404 NotFound/);
});

test('an apply may be written in YAML', async () => {
  const yaml = [
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata:',
    '  name: from-yaml',
    'data:',
    '  text: |',
    '    [a, b] {c}',
    '  number: "1"',
  ].join('\n');
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const path = '/api/v1/namespaces/default/configmaps/from-yaml?fieldManager=m';
  const answer = await server.call<KubeObject & { data: object }>({
    method: 'PATCH',
    path,
    headers,
    body: yaml,
  });
  assert.deepEqual([answer.status, answer.body.data], [201, { text: '[a, b] {c}\n', number: '1' }]);
});
