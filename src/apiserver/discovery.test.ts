import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { APIService } from '#api/apiregistration/api-service.ts';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { apiVersionOf } from '#api/resource.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';
import { UNSTORED_KINDS } from '#apiserver/unstored-kinds.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

async function get<T>(path: string, headers: Record<string, string> = {}) {
  const answer = await server.call<T>({ path, headers });
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer;
}

interface ResourceList {
  groupVersion: string;
  resources: {
    name: string;
    namespaced: boolean;
    kind: string;
    verbs: string[];
    shortNames?: string[];
    group?: string;
    version?: string;
  }[];
}

test('the groups that are served, with the version that is preferred', async () => {
  const { body } = await get<{ groups: { name: string; preferredVersion: { groupVersion: string } }[] }>(
    '/apis',
  );
  const kinds = [...BUILTIN_RESOURCES, ...UNSTORED_KINDS];
  const expected = [...new Set(kinds.map(({ group }) => group))].filter((group) => group !== '');
  assert.deepEqual(body.groups.map(({ name }) => name).toSorted(), expected.toSorted());
  assert.equal(
    body.groups.find(({ name }) => name === 'autoscaling')?.preferredVersion.groupVersion,
    'autoscaling/v2',
  );
  assert.deepEqual((await get<{ versions: string[] }>('/api')).body.versions, ['v1']);
  assert.equal((await get<{ kind: string }>('/apis/apps')).body.kind, 'APIGroup');
});

test('every kind is listed under its group and version, and its list can be read', async () => {
  for (const type of BUILTIN_RESOURCES) {
    const root = type.group === '' ? `/api/${type.version}` : `/apis/${apiVersionOf(type)}`;
    const { body } = await get<ResourceList>(root);
    const found = body.resources.find(({ name }) => name === type.plural);
    assert.deepEqual([found?.kind, found?.namespaced], [type.kind, type.namespaced]);
    for (const subresource of type.subresources)
      assert.ok(body.resources.some(({ name }) => name === `${type.plural}/${subresource}`));
    const list = await get<{ kind: string; apiVersion: string }>(`${root}/${type.plural}`);
    assert.deepEqual([list.body.kind, list.body.apiVersion], [`${type.kind}List`, apiVersionOf(type)]);
  }
});

test('subresources of pods, and verbs that a kind lacks', async () => {
  const { body } = await get<ResourceList>('/api/v1');
  const named = (name: string) => body.resources.find((resource) => resource.name === name);
  assert.deepEqual(named('pods')?.shortNames, ['po']);
  assert.deepEqual(
    [named('pods/eviction')?.group, named('pods/eviction')?.version, named('pods/eviction')?.kind],
    ['policy', 'v1', 'Eviction'],
  );
  assert.deepEqual(named('pods/exec')?.verbs, ['create', 'get']);
  assert.ok(named('pods')?.verbs.includes('deletecollection'));
  assert.ok(!named('namespaces')?.verbs.includes('deletecollection'));
});

test('the aggregated form, in the version that the client names first', async () => {
  const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const v2beta1 = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList';
  interface Aggregated {
    kind: string;
    apiVersion: string;
    items: {
      metadata: { name: string };
      versions: {
        version: string;
        resources: { resource: string; scope: string; subresources?: { subresource: string }[] }[];
      }[];
    }[];
  }
  for (const [accept, version] of [
    [`${v2},${v2beta1},application/json`, 'v2'],
    [`${v2beta1},application/json`, 'v2beta1'],
  ] as const) {
    const { body, headers } = await get<Aggregated>('/apis', { accept });
    assert.deepEqual(
      [body.kind, body.apiVersion],
      ['APIGroupDiscoveryList', `apidiscovery.k8s.io/${version}`],
    );
    assert.equal(
      headers['content-type'],
      `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    );
    const autoscaling = body.items.find(({ metadata }) => metadata.name === 'autoscaling');
    assert.equal(autoscaling?.versions[0]?.version, 'v2');
  }
  const core = (await get<Aggregated>('/api', { accept: v2 })).body.items[0]?.versions[0];
  const pods = core?.resources.find(({ resource }) => resource === 'pods');
  assert.equal(pods?.scope, 'Namespaced');
  assert.deepEqual(pods?.subresources?.map(({ subresource }) => subresource).toSorted(), [
    'attach',
    'binding',
    'ephemeralcontainers',
    'eviction',
    'exec',
    'log',
    'portforward',
    'proxy',
    'status',
  ]);
  assert.equal(
    (await get<{ kind: string }>('/apis', { accept: `application/json,${v2}` })).body.kind,
    'APIGroupList',
  );
});

test('what is not served is not found, by whatever method', async () => {
  for (const path of [
    '/apis/none',
    '/apis/apps/v9',
    '/apis/apps/v1/none',
    '/api/v2',
    '/api/v1/none',
    '/none',
    '/',
    '',
    'api/v1',
    '/api/v1/namespaces//pods',
    '/api/v1//pods',
    '//api/v1/pods',
    '/api/v1/namespaces/default/pods/p/log/extra',
    '/api/v1/namespaces/default/pods/p/none',
    '/api/v1/nodes/n/scale',
    '/api/v1/namespaces/default/nodes',
    '/api/v1/namespaces/default/pods/a%2Fb',
    '/api/v1/namespaces/default%2Fpods/x/y',
    '/api/v1/namespaces/default/pods/a%00',
    '/api/v1/%zz',
    `/api/v1/namespaces/default/pods/${'x'.repeat(9000)}`,
    `/api/v1/namespaces/default/pods/${'x'.repeat(401)}`,
    `/api/v1/namespaces/${'x'.repeat(5000)}/pods/p`,
  ]) {
    assert.match(
      refusalOf(await server.call({ path })),
      /^404 NotFound: the server could not find the requested resource/,
      path,
    );
  }
  assert.match(
    refusalOf(await server.call({ method: 'POST', path: '/apis', body: {} })),
    /^405 MethodNotAllowed/,
  );
  assert.match(
    refusalOf(await server.call({ method: 'BREW', path: '/api/v1/pods' })),
    /^405 MethodNotAllowed: the server does not allow this method/,
  );
});

test('the version that clients ask for', async () => {
  const { body } = await get<{ major: string; minor: string; gitVersion: string; platform: string }>(
    '/version',
  );
  assert.match(body.gitVersion, /^v1\.\d+\.\d+$/);
  assert.equal(body.gitVersion.startsWith(`v${body.major}.${body.minor}.`), true);
});

test('OpenAPI documents are found by a hash, under which they never change', async () => {
  const { body: index } = await get<{ paths: Record<string, { serverRelativeURL: string }> }>('/openapi/v3');
  const groups = new Set(
    [...BUILTIN_RESOURCES, ...UNSTORED_KINDS].map((type) =>
      type.group === '' ? 'api/v1' : `apis/${apiVersionOf(type)}`,
    ),
  );
  assert.deepEqual(Object.keys(index.paths).toSorted(), [...groups].toSorted());
  const url = index.paths['apis/apps/v1']?.serverRelativeURL ?? '';
  assert.match(url, /^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{64}$/);
  const named = await get<{
    openapi: string;
    paths: Record<string, object>;
    components: { schemas: Record<string, object> };
  }>(url);
  assert.equal(named.headers['cache-control'], 'public, immutable, max-age=31536000');
  assert.equal(named.headers.etag, `"${url.split('=')[1] ?? ''}"`);
  assert.equal(named.body.openapi, '3.0.0');
  assert.ok(named.body.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']);
  const schema = named.body.components.schemas['io.k8s.api.apps.v1.Deployment'] as {
    'x-kubernetes-group-version-kind': object[];
  };
  assert.deepEqual(schema['x-kubernetes-group-version-kind'], [
    { group: 'apps', version: 'v1', kind: 'Deployment' },
  ]);
  for (const query of ['', '?hash=old']) {
    assert.equal(
      (await get('/openapi/v3/apis/apps/v1' + query)).headers['cache-control'],
      'no-cache, private',
    );
  }
  const again = await startTestServer();
  assert.equal(
    (await again.call({ path: '/openapi/v3' })).text,
    (await server.call({ path: '/openapi/v3' })).text,
    'the same in every process',
  );
  await again.stop();
  assert.equal((await server.call({ path: '/openapi/v3/apis/none/v1' })).status, 404);
});

test('every reference in an OpenAPI document leads somewhere', async () => {
  const { body: index } = await get<{ paths: Record<string, { serverRelativeURL: string }> }>('/openapi/v3');
  for (const { serverRelativeURL } of Object.values(index.paths)) {
    const { text, body } = await get<{ components: { schemas: object } }>(serverRelativeURL);
    const known = new Set(Object.keys(body.components.schemas));
    const missing = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/gu)].flatMap(([, name = '']) =>
      known.has(name) ? [] : name,
    );
    assert.deepEqual([...new Set(missing)], [], serverRelativeURL);
  }
});

/** The document is made in several turns, for which the clock has to go on. */
async function inTurns<T>(answer: Promise<T>): Promise<T> {
  let isThere = false;
  const noted = answer.finally(() => {
    isThere = true;
  });
  await server.clock.advanceUntil(() => isThere, 60_000);
  return noted;
}

test('Swagger 2.0 of all kinds, as JSON and as Protobuf, and nothing again to whoever has it', async () => {
  interface Swagger {
    swagger: string;
    paths: Record<string, { patch?: { parameters: { name: string }[] } }>;
    definitions: Record<string, { 'x-kubernetes-group-version-kind'?: object[] }>;
  }
  const { body, text, headers } = await inTurns(get<Swagger>('/openapi/v2'));
  assert.equal(body.swagger, '2.0');
  const deployment = body.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.patch;
  assert.ok(deployment?.parameters.some(({ name }) => name === 'fieldValidation'));
  assert.ok(body.paths['/api/v1/pods'] && body.paths['/api/v1/namespaces/{namespace}/pods/{name}/exec']);
  const marks = Object.values(body.definitions).flatMap(
    (one) => one['x-kubernetes-group-version-kind'] ?? [],
  );
  assert.ok(marks.length >= BUILTIN_RESOURCES.length * 2, 'each kind and its list');
  const missing = [...text.matchAll(/"#\/definitions\/([^"]+)"/gu)].filter(
    ([, name = '']) => !(name in body.definitions),
  );
  assert.deepEqual(missing, []);
  const ids = [...text.matchAll(/"operationId":"([^"]+)"/gu)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length, 'no two operations have one name');
  assert.match(headers.etag ?? '', /^"[0-9A-F]{64}-json"$/u);
  const wanted = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
  const bytes = await inTurns(get('/openapi/v2', { accept: `${wanted},application/json` }));
  assert.equal(
    bytes.headers['content-type'],
    'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
    'Go reads no media type with @',
  );
  assert.notEqual(bytes.headers.etag, headers.etag);
  const again = await server.call({
    path: '/openapi/v2',
    headers: { accept: wanted, 'if-none-match': bytes.headers.etag ?? '' },
  });
  assert.deepEqual([again.status, again.text], [304, '']);
  assert.equal((await server.call({ path: '/openapi/v2', headers: { accept: 'image/png' } })).status, 406);
});

test('a document tells what a field may be, what its parts are for, and how an operation ends', async () => {
  const { body } = await get<{
    paths: Record<string, Record<string, { tags: string[]; description: string; responses: object }>>;
    components: {
      schemas: Record<string, { properties: Record<string, { enum?: string[]; description?: string }> }>;
    };
  }>('/openapi/v3/apis/apps/v1');
  const { schemas } = body.components;
  assert.deepEqual(schemas['io.k8s.api.apps.v1.DeploymentStrategy']?.properties['type']?.enum, [
    'Recreate',
    'RollingUpdate',
  ]);
  assert.match(
    schemas['io.k8s.api.apps.v1.Deployment']?.properties['metadata']?.description ?? '',
    /metadata/,
  );
  const created = body.paths['/apis/apps/v1/namespaces/{namespace}/deployments']?.['post'];
  assert.deepEqual(Object.keys(created?.responses ?? {}), ['200', '201', '202', '401']);
  assert.deepEqual([created?.tags, created?.description], [['apps_v1'], 'create a Deployment']);
});

test('groups are listed in the order in which clients look into them, kinds by name, stored ones with a hash', async () => {
  const { body } = await get<{ groups: { name: string }[] }>('/apis');
  assert.deepEqual(body.groups.map(({ name }) => name).slice(0, 3), [
    'apiregistration.k8s.io',
    'apps',
    'events.k8s.io',
  ]);
  const { body: list } = await get<{ resources: { name: string; storageVersionHash?: string }[] }>(
    '/apis/apps/v1',
  );
  const names = list.resources.map(({ name }) => name);
  assert.deepEqual(names, names.toSorted());
  const hashOf = (wanted: string): string | undefined =>
    list.resources.find(({ name }) => name === wanted)?.storageVersionHash;
  assert.equal(hashOf('deployments'), '8aSe+NMegvE=');
  assert.equal(hashOf('deployments/status'), undefined);
});

test('discovery that has not changed is not sent again', async () => {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  for (const path of ['/api', '/apis']) {
    const { headers } = await get(path, { accept });
    const again = await server.call({ path, headers: { accept, 'if-none-match': headers.etag ?? '' } });
    assert.deepEqual([again.status, again.text], [304, ''], path);
  }
});

test('kinds that are only asked are listed with what they answer, and refuse the rest', async () => {
  const { body } = await get<ResourceList>('/apis/authorization.k8s.io/v1');
  assert.deepEqual(
    body.resources.map(({ name, namespaced, verbs }) => `${name} ${namespaced} ${verbs.join()}`),
    [
      'localsubjectaccessreviews true create',
      'selfsubjectaccessreviews false create',
      'selfsubjectrulesreviews false create',
      'subjectaccessreviews false create',
    ],
  );
  assert.match(
    refusalOf(await server.call({ path: '/apis/authorization.k8s.io/v1/subjectaccessreviews' })),
    /^405 MethodNotAllowed: the server does not allow this method on the requested resource$/u,
  );
});

test('every group and version has an APIService, served here', async () => {
  const path = '/apis/apiregistration.k8s.io/v1/apiservices';
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const table = await server.call<{ rows: { cells: string[] }[] }>({ path, headers: { accept } });
  const names = table.body.rows.map(({ cells: [name, service, available] }) => {
    assert.deepEqual([service, available], ['Local', 'True']);
    return name;
  });
  assert.deepEqual(names.slice(0, 2), ['v1.', 'v1.admissionregistration.k8s.io']);
  const one = await server.call<APIService>({ path: `${path}/v1.apps` });
  assert.deepEqual([one.body.spec.group, one.body.spec.version], ['apps', 'v1']);
  assert.match(refusalOf(await server.call({ method: 'POST', path, body: {} })), /^405 /u);
});

test('component statuses tell what works, as objects and as a table', async () => {
  const path = '/api/v1/componentstatuses';
  const { body, headers } = await server.call<{
    kind: string;
    items: { metadata: { name: string }; conditions: object[] }[];
  }>({ path });
  assert.equal(body.kind, 'ComponentStatusList');
  assert.equal(headers['warning'], '299 - "v1 ComponentStatus is deprecated in v1.19+"');
  assert.deepEqual(
    body.items.map(({ metadata, conditions }) => [metadata.name, conditions]),
    ['controller-manager', 'etcd-0'].map((name) => [
      name,
      [{ type: 'Healthy', status: 'True', message: 'ok' }],
    ]),
  );
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const table = await server.call<{ rows: { cells: string[] }[] }>({ path, headers: { accept } });
  assert.deepEqual(
    table.body.rows.map(({ cells }) => cells),
    [
      ['controller-manager', 'Healthy', 'ok', ''],
      ['etcd-0', 'Healthy', 'ok', ''],
    ],
  );
  const one = await server.call<{ kind: string; metadata: { name: string } }>({ path: `${path}/etcd-0` });
  assert.deepEqual([one.body.kind, one.body.metadata.name], ['ComponentStatus', 'etcd-0']);
  assert.equal(
    refusalOf(await server.call({ path: `${path}/none` })),
    '404 NotFound: componentstatuses "none" not found',
  );
  assert.match(refusalOf(await server.call({ method: 'POST', path, body: {} })), /^405 /u);
});
