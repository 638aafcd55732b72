import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { TokenRequest } from '#api/authentication/token-request.ts';
import type { TokenReview } from '#api/authentication/token-review.ts';
import { podResource } from '#api/core/pod.ts';
import type { Status } from '#api/status.ts';
import type { User } from '#apiserver/request.ts';
import { refusalOf, startTestServer, type TestAnswer, type TestServer } from '#apiserver/test-server.ts';
import { parseToken, signToken } from '#pki/json-web-token.ts';

const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';
const WHO = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const ISSUER = 'https://kubernetes.default.svc.cluster.local';

let server: TestServer;
before(async () => {
  server = await startTestServer();
  await made('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } });
  await made('/api/v1/nodes', { metadata: { name: 'host-1' } });
});
after(async () => {
  assert.deepEqual(server.complaints, []);
  await server.stop();
});

async function made<T = { metadata: { uid: string } }>(path: string, body: object): Promise<T> {
  const answer = await server.call<T>({ method: 'POST', path, body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

async function madePod(name: string, serviceAccountName = 'robot'): Promise<string> {
  const spec = { serviceAccountName, nodeName: 'host-1', containers: [{ name: 'main', image: 'x' }] };
  return (await made('/api/v1/namespaces/default/pods', { metadata: { name }, spec })).metadata.uid;
}

function ask(
  spec: object,
  account = 'robot',
): Promise<TestAnswer<Pick<TokenRequest, 'metadata'> & { status?: { token?: string } }>> {
  const body = { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec };
  return server.call({ method: 'POST', path: `${ACCOUNTS}/${account}/token`, body });
}

async function tokenOf(spec: object): Promise<string> {
  const answer = await ask(spec);
  assert.equal(answer.status, 201, answer.text);
  return answer.body.status?.token ?? '';
}

function whoIs(token: string): Promise<TestAnswer<{ status: { userInfo: unknown } } & Partial<Status>>> {
  const headers = { authorization: `Bearer ${token}` };
  return server.call({ method: 'POST', path: WHO, user: undefined, headers, body: {} });
}

test('a token says what upstream says, and stands for its account', async () => {
  const uid = await madePod('web');
  const answer = await ask({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web', uid } });
  assert.equal(answer.status, 201);
  const token = answer.body.status?.token ?? '';
  const claims = parseToken(token)?.claims ?? {};
  const { jti, iat, nbf, exp, ...rest } = claims;
  const bound = claims['kubernetes.io'] as { serviceaccount: { uid: string }; node: { uid: string } };
  assert.deepEqual(rest, {
    aud: [ISSUER],
    iss: ISSUER,
    sub: 'system:serviceaccount:default:robot',
    'kubernetes.io': {
      namespace: 'default',
      serviceaccount: { name: 'robot', uid: bound.serviceaccount.uid },
      pod: { name: 'web', uid },
      node: { name: 'host-1', uid: bound.node.uid },
    },
  });
  assert.deepEqual([Number(exp) - Number(iat), nbf], [3600, iat]);
  assert.deepEqual((await whoIs(token)).body.status.userInfo, {
    username: 'system:serviceaccount:default:robot',
    uid: bound.serviceaccount.uid,
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    extra: {
      'authentication.kubernetes.io/credential-id': [`JTI=${String(jti)}`],
      'authentication.kubernetes.io/pod-name': ['web'],
      'authentication.kubernetes.io/pod-uid': [uid],
      'authentication.kubernetes.io/node-name': ['host-1'],
      'authentication.kubernetes.io/node-uid': [bound.node.uid],
    },
  });
});

test('a token ends with the pod, the Secret and the account that it is bound to, and with its time', async () => {
  const uid = await madePod('short');
  await made('/api/v1/namespaces/default/secrets', { metadata: { name: 'holder' } });
  const ofPod = await tokenOf({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'short', uid } });
  const ofSecret = await tokenOf({ boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'holder' } });
  const ofNode = await tokenOf({ boundObjectRef: { apiVersion: 'v1', kind: 'Node', name: 'host-1' } });
  const ofTime = await tokenOf({ expirationSeconds: 600 });
  for (const token of [ofPod, ofSecret, ofNode, ofTime]) assert.equal((await whoIs(token)).status, 201);
  await server.client.delete(podResource, { namespace: 'default', name: 'short' }, { gracePeriodSeconds: 0 });
  assert.equal(refusalOf(await whoIs(ofPod)), '401 Unauthorized: Unauthorized');
  await madePod('short');
  assert.equal((await whoIs(ofPod)).status, 401, 'a namesake is another pod');
  await server.call({ method: 'DELETE', path: '/api/v1/namespaces/default/secrets/holder' });
  assert.equal((await whoIs(ofSecret)).status, 401);
  await server.clock.advance(601_000);
  assert.deepEqual([(await whoIs(ofTime)).status, (await whoIs(ofNode)).status], [401, 201]);
  await made(ACCOUNTS, { metadata: { name: 'gone' } });
  const ofAccount = (await ask({}, 'gone')).body.status?.token ?? '';
  assert.equal((await whoIs(ofAccount)).status, 201);
  await server.call({ method: 'DELETE', path: `${ACCOUNTS}/gone` });
  assert.equal((await whoIs(ofAccount)).status, 401);
});

test('a request for a token that cannot be is refused with the field', async () => {
  const uid = await madePod('other', 'default');
  const pod = { apiVersion: 'v1', kind: 'Pod', name: 'other', uid };
  const table: [object, string, string?][] = [
    [
      { expirationSeconds: 599 },
      '422 Invalid: TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    ],
    [
      { expirationSeconds: 2 ** 32 + 1 },
      '422 Invalid: TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
    ],
    [{}, '404 NotFound: serviceaccounts "nobody" not found', 'nobody'],
    [
      { boundObjectRef: pod },
      '400 BadRequest: cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.',
    ],
    [{ boundObjectRef: { ...pod, name: 'none' } }, '404 NotFound: pods "none" not found'],
    [
      { boundObjectRef: { ...pod, uid: 'x' } },
      '409 Conflict: Operation cannot be fulfilled on Pod "other": the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated',
    ],
    [
      { boundObjectRef: { apiVersion: 'v1', kind: 'ConfigMap', name: 'x' } },
      '400 BadRequest: cannot bind token to object of type /v1, Kind=ConfigMap',
    ],
  ];
  for (const [spec, refusal, account] of table)
    assert.equal(refusalOf((await ask(spec, account)) as never), refusal);
});

test('B20: a token that is forged, meant for others, or too long lets nobody in', async () => {
  const good = await tokenOf({});
  const [head = '', body = '', tail = ''] = good.split('.');
  const claims = parseToken(good)?.claims ?? {};
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kid = '' } = parseToken(good)?.header ?? {};
  const bad: Record<string, string> = {
    none: `${encode({ alg: 'none' })}.${body}.`,
    noneSigned: `${encode({ alg: 'none', kid })}.${body}.${tail}`,
    shared: `${encode({ alg: 'HS256', kid })}.${body}.${tail}`,
    claims: `${head}.${encode({ ...claims, sub: 'system:serviceaccount:kube-system:admin' })}.${tail}`,
    key: signToken(claims, { id: kid, privateKey }),
    unknownKey: signToken(claims, { id: 'x', privateKey }),
    audience: await tokenOf({ audiences: ['vault'] }),
    issuer: signToken({ ...claims, iss: 'https://elsewhere' }, server.access.tokens.keys.signing),
    expired: signToken({ ...claims, exp: 1 }, server.access.tokens.keys.signing),
    early: signToken({ ...claims, nbf: Number(claims.exp) }, server.access.tokens.keys.signing),
    noExpiry: signToken({ ...claims, exp: undefined }, server.access.tokens.keys.signing),
    huge: 'x'.repeat(1024 * 1024),
    hugeToken: `${head}.${'A'.repeat(1024 * 1024)}.${tail}`,
    garbage: 'a.b.c',
    empty: '',
  };
  for (const [name, token] of Object.entries(bad))
    assert.equal(refusalOf(await whoIs(token)), '401 Unauthorized: Unauthorized', name);
  for (const authorization of ['Basic YTpi', good, `Bearer  `, `Token ${good}`]) {
    const answer = await server.call({ path: '/api', user: undefined, headers: { authorization } });
    assert.equal(answer.status, 401, authorization.slice(0, 20));
  }
  assert.equal((await whoIs(good)).status, 201);
});

test('TokenReview says whom a token stands for, and for which audiences', async () => {
  const review = async (spec: object) =>
    (await server.call<TokenReview>({ method: 'POST', path: REVIEWS, body: { spec } })).body.status;
  const token = await tokenOf({ audiences: ['vault', 'bank'] });
  const own = await review({ token });
  assert.deepEqual([own?.authenticated, own?.user], [undefined, {}]);
  assert.match(own?.error ?? '', /^\[invalid bearer token, token audiences/);
  const found = await review({ token, audiences: ['bank', 'x'] });
  assert.deepEqual(
    [found?.authenticated, found?.audiences, found?.user?.username],
    [true, ['bank'], 'system:serviceaccount:default:robot'],
  );
  assert.equal(
    refusalOf(await server.call({ method: 'POST', path: REVIEWS, body: { spec: { token: '' } } })),
    '400 BadRequest: token is required for TokenReview in authentication',
  );
  const eve: User = { name: 'eve', groups: ['system:authenticated'] };
  assert.match(
    refusalOf(await server.call({ method: 'POST', path: REVIEWS, user: eve, body: { spec: { token } } })),
    /^403 Forbidden: tokenreviews.authentication.k8s.io is forbidden: User "eve" cannot create resource/,
  );
});

test('the discovery documents carry the keys, for service accounts to read', async () => {
  const headers = { authorization: `Bearer ${await tokenOf({})}`, host: 'api:6443' };
  const get = <T>(path: string) => server.call<T>({ path, user: undefined, headers });
  const configuration = await get<Record<string, unknown>>('/.well-known/openid-configuration');
  assert.deepEqual(configuration.body, {
    issuer: ISSUER,
    jwks_uri: 'https://api:6443/openid/v1/jwks',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  });
  const { body } = await get<{ keys: Record<string, string>[] }>('/openid/v1/jwks');
  assert.deepEqual(
    body.keys.map(({ kid, alg, d }) => [kid, alg, d]),
    [[server.access.tokens.keys.signing.id, 'ES256', undefined]],
  );
  assert.equal((await server.call({ path: '/openid/v1/jwks', user: undefined })).status, 401);
});

test('a bootstrap token lets in as what its Secret says', async () => {
  const data = (fields: Record<string, string>) => ({
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
    ...fields,
  });
  const path = '/api/v1/namespaces/kube-system/secrets';
  const put = async (fields: Record<string, string>): Promise<number> => {
    await server.call({ method: 'DELETE', path: `${path}/bootstrap-token-abcdef` });
    const type = 'bootstrap.kubernetes.io/token';
    await made(path, { metadata: { name: 'bootstrap-token-abcdef' }, type, stringData: data(fields) });
    return (await whoIs('abcdef.0123456789abcdef')).status;
  };
  assert.equal((await whoIs('abcdef.0123456789abcdef')).status, 401);
  const past = new Date(server.clock.now() - 1000).toISOString();
  const future = new Date(server.clock.now() + 60_000).toISOString();
  assert.equal(await put({ expiration: past }), 401);
  assert.equal(await put({ expiration: 'soon' }), 401);
  assert.equal(await put({ 'usage-bootstrap-authentication': 'false' }), 401);
  assert.equal(await put({ 'auth-extra-groups': 'system:masters' }), 401);
  assert.equal(await put({ expiration: future, 'auth-extra-groups': 'system:bootstrappers:edge' }), 201);
  assert.deepEqual((await whoIs('abcdef.0123456789abcdef')).body.status.userInfo, {
    username: 'system:bootstrap:abcdef',
    groups: ['system:bootstrappers', 'system:bootstrappers:edge', 'system:authenticated'],
  });
  assert.equal((await whoIs('abcdef.0123456789abcdeX')).status, 401);
  assert.equal((await whoIs('abcdef.1123456789abcdef')).status, 401);
});
