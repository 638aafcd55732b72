import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { utf8 } from '#apiserver/request.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';
import type { HttpResponse } from '#system/http-exchange.ts';
import type { ForwardedRequest } from '#system/http-forward.ts';

const PODS = '/api/v1/namespaces/default/pods';
const SERVICES = '/api/v1/namespaces/default/services';

async function start(
  context: TestContext,
  answer: Partial<HttpResponse> | Error = {},
): Promise<{ server: TestServer; sent: ForwardedRequest[] }> {
  const sent: ForwardedRequest[] = [];
  const server = await startTestServer({
    forward: async (request) => {
      sent.push(request);
      if (answer instanceof Error) throw answer;
      return { status: 200, headers: {}, body: { type: 'bytes', chunks: [utf8('behind')] }, ...answer };
    },
  });
  context.after(() => server.stop());
  return { server, sent };
}

async function make(server: TestServer, path: string, body: object): Promise<void> {
  const { status, text } = await server.call({ method: 'POST', path, body });
  assert.equal(status, 201, text);
}

/** A pod with an address, that declares port 8080. */
async function makePod(server: TestServer, name: string, podIP: string): Promise<void> {
  const containers = [{ name: 'main', image: 'x', ports: [{ containerPort: 8080 }] }];
  await make(server, PODS, { metadata: { name }, spec: { containers } });
  const path = `${PODS}/${name}/status`;
  const headers = { 'content-type': 'application/merge-patch+json' };
  const body = { status: { podIP, podIPs: [{ ip: podIP }] } };
  assert.equal((await server.call({ method: 'PATCH', path, headers, body })).status, 200);
}

async function makeService(server: TestServer, addresses: readonly object[]): Promise<void> {
  const ports = [
    { name: 'web', port: 80 },
    { name: 'tls', port: 443 },
  ];
  await make(server, SERVICES, { metadata: { name: 'web' }, spec: { ports } });
  const subsets = [
    {
      addresses,
      ports: [
        { name: 'web', port: 8080 },
        { name: 'tls', port: 8443 },
      ],
    },
  ];
  await make(server, '/api/v1/namespaces/default/endpoints', { metadata: { name: 'web' }, subsets });
}

const behind = (name: string, ip: string): object => ({ ip, targetRef: { kind: 'Pod', name } });

test('a pod is asked at its own address, with method, path, query and body as they came', async (context) => {
  const { server, sent } = await start(context);
  await makePod(server, 'a', '10.60.0.9');
  const answer = await server.call({
    method: 'PUT',
    path: `${PODS}/a/proxy/some/%7Epath//x?q=a%20b&dryRun=nonsense`,
    headers: {
      'content-type': 'text/plain',
      authorization: 'Bearer secret',
      'x-mine': 'yes',
      connection: 'x',
    },
    body: 'words',
  });
  assert.deepEqual([answer.status, answer.text], [200, 'behind']);
  const [first] = sent;
  assert.ok(first !== undefined);
  const { headers, body, ...request } = first;
  assert.deepEqual(request, {
    target: { scheme: 'http', address: '10.60.0.9', port: 8080 },
    method: 'PUT',
    path: '/some/%7Epath//x?q=a%20b&dryRun=nonsense',
  });
  assert.equal(Buffer.from(body).toString(), 'words');
  assert.deepEqual([headers['authorization'], headers['x-mine']], [undefined, 'yes']);
  assert.equal(headers['x-forwarded-uri'], `${PODS}/a/proxy/some/%7Epath//x`);
});

test('OPTIONS goes on, also where nothing follows the subresource', async (context) => {
  const { server, sent } = await start(context);
  await makePod(server, 'a', '10.60.0.9');
  for (const rest of ['?method=OPTIONS', '/x']) {
    const answer = await server.call({ method: 'OPTIONS', path: `${PODS}/a/proxy${rest}` });
    assert.equal(answer.status, 200, answer.text);
  }
  assert.deepEqual(
    sent.map(({ method }) => method),
    ['OPTIONS', 'OPTIONS'],
  );
});

test('names say scheme and port; a service leads to a pod behind it', async (context) => {
  const { server, sent } = await start(context);
  await makePod(server, 'a', '10.60.0.9');
  await makeService(server, [behind('a', '10.60.0.9')]);
  const names: [string, string][] = [
    [`${PODS}/a:81`, 'http 10.60.0.9:81'],
    [`${PODS}/https:a:`, 'https 10.60.0.9:8080'],
    [`${PODS}/https:a:444`, 'https 10.60.0.9:444'],
    [`${SERVICES}/web:80`, 'http 10.60.0.9:8080'],
    [`${SERVICES}/http:web:web`, 'http 10.60.0.9:8080'],
    [`${SERVICES}/https:web:443`, 'https 10.60.0.9:8443'],
    [`${SERVICES}/https%3Aweb%3Atls`, 'https 10.60.0.9:8443'],
  ];
  for (const [path, wanted] of names) {
    assert.equal((await server.call({ path: `${path}/proxy/` })).status, 200, path);
    const { scheme, address, port } = sent.at(-1)?.target ?? {};
    assert.equal(`${scheme} ${address}:${port}`, wanted, path);
  }
});

test('what cannot or must not be reached is refused in the words of Kubernetes', async (context) => {
  const { server, sent } = await start(context);
  await makePod(server, 'a', '10.60.0.9');
  await makePod(server, 'own', '127.0.0.1');
  await makePod(server, 'link', '169.254.169.254');
  await make(server, PODS, { metadata: { name: 'new' }, spec: { containers: [{ name: 'm', image: 'x' }] } });
  await makeService(server, [{ ip: '10.0.0.1' }, behind('a', '10.60.0.10'), behind('none', '10.60.0.9')]);
  await make(server, SERVICES, { metadata: { name: 'empty' }, spec: { ports: [{ port: 80 }] } });
  await make(server, '/api/v1/nodes', { metadata: { name: 'n' } });
  const refusals: [string, string][] = [
    [`${PODS}/none`, '404 NotFound: pods "none" not found'],
    [`${PODS}/ftp:a:21`, '400 BadRequest: invalid pod request "ftp:a:21"'],
    [`${PODS}/own`, '400 BadRequest: address not allowed'],
    [`${PODS}/link`, '400 BadRequest: address not allowed'],
    [`${PODS}/new`, '400 BadRequest: address not allowed'],
    [`${SERVICES}/web:81`, '503 ServiceUnavailable: no service port 81 found for service "web"'],
    [`${SERVICES}/web:other`, '503 ServiceUnavailable: no endpoints available for service "web:other"'],
    [`${SERVICES}/web:web`, '503 ServiceUnavailable: no endpoints available for service "web:web"'],
    [`${SERVICES}/empty:80`, '404 NotFound: endpoints "empty" not found'],
    [
      '/api/v1/nodes/n',
      '503 ServiceUnavailable: node "n" serves no API of its own here: name a port, as in nodes/n:9100/proxy/',
    ],
  ];
  for (const [path, wanted] of refusals) {
    assert.equal(refusalOf((await server.call({ path: `${path}/proxy/` })) as never), wanted);
  }
  assert.equal(sent.length, 0);
  const away = await start(
    context,
    Object.assign(new Error('x'), { code: 'ECONNREFUSED', address: '10.60.0.9', port: 8080 }),
  );
  await makePod(away.server, 'a', '10.60.0.9');
  assert.equal(
    refusalOf((await away.server.call({ path: `${PODS}/a/proxy/` })) as never),
    '503 ServiceUnavailable: error trying to reach service: dial tcp 10.60.0.9:8080: connect: connection refused',
  );
});

test('an empty path is redirected, and redirections lead through the proxy again', async (context) => {
  const cases: [string, string][] = [
    ['/login?a=b', `${PODS}/a/proxy/login?a=b`],
    ['http://10.60.0.9:8080/login', `https://api.example${PODS}/a/proxy/login`],
    ['https://api.example/login', `https://api.example${PODS}/a/proxy/login`],
    ['https://elsewhere.example/login', 'https://elsewhere.example/login'],
    ['next', 'next'],
    [`${PODS}/a/proxy/there`, `${PODS}/a/proxy/there`],
  ];
  for (const [location, wanted] of cases) {
    const { server } = await start(context, {
      status: 302,
      headers: { location, 'access-control-allow-origin': '*' },
    });
    await makePod(server, 'a', '10.60.0.9');
    const answer = await server.call({ path: `${PODS}/a/proxy/`, headers: { host: 'api.example' } });
    assert.deepEqual([answer.status, answer.headers], [302, { location: wanted }]);
  }
  const { server, sent } = await start(context);
  await makePod(server, 'a', '10.60.0.9');
  const { status, headers } = await server.call({ path: `${PODS}/a/proxy?x=y` });
  assert.deepEqual([status, headers.location, sent.length], [301, `${PODS}/a/proxy/?x=y`, 0]);
});

test('the subresource is what must be allowed, by method and by the name as it stands', async (context) => {
  const { server } = await start(context);
  await makePod(server, 'a', '10.60.0.9');
  const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
  const rules = [
    { apiGroups: [''], resources: ['pods/proxy'], resourceNames: ['http:a:80'], verbs: ['get'] },
  ];
  await make(server, `${roles}/roles`, { metadata: { name: 'r' }, rules });
  await make(server, `${roles}/rolebindings`, {
    metadata: { name: 'r' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'eve' }],
  });
  await server.settle();
  const eve = { name: 'eve', groups: ['system:authenticated'] };
  const get = (name: string, method = 'GET') =>
    server.call({ method, path: `${PODS}/${name}/proxy/x`, user: eve });
  assert.equal((await get('http:a:80')).status, 200);
  assert.equal(
    refusalOf((await get('a')) as never),
    '403 Forbidden: pods "a" is forbidden: User "eve" cannot get resource "pods/proxy" in API group "" in the namespace "default"',
  );
  assert.match(refusalOf((await get('http:a:80', 'POST')) as never), /cannot create resource "pods\/proxy"/u);
});
