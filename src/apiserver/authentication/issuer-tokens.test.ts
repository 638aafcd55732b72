import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { readAuthenticationConfiguration } from '#apiserver/authentication/authentication-configuration.ts';
import { createAuthenticator, TokenError } from '#apiserver/authentication/authenticator.ts';
import { issuerTokenAuthenticator } from '#apiserver/authentication/issuer-tokens.ts';
import { publicJsonWebKey, signToken } from '#pki/json-web-token.ts';
import { silentLog } from '#system/log.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const CONFIGURATION = `
apiVersion: apiserver.config.k8s.io/v1beta1
kind: AuthenticationConfiguration
jwt:
- issuer: {url: https://login.example, audiences: [skerry, other]}
  claimMappings:
    username: {claim: email, prefix: "oidc:"}
    groups: {claim: groups, prefix: "oidc:"}
    uid: {claim: sub}
  claimValidationRules: [{claim: hd, requiredValue: example}]
- issuer: {url: https://second.example, discoveryURL: https://inside.example/discovery, audiences: [skerry]}
  claimMappings: {username: {claim: sub, prefix: ""}}
`;

function startIssuers() {
  const clock = new SimulatedClock();
  const first = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const second = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const fetched: string[] = [];
  const published = new Map([['k1', first.publicKey]]);
  const documents: Record<string, () => unknown> = {
    'https://login.example/.well-known/openid-configuration': () => ({
      issuer: 'https://login.example',
      jwks_uri: 'https://login.example/keys',
    }),
    'https://login.example/keys': () => ({
      keys: [...published].map(([id, key]) => publicJsonWebKey(id, key)),
    }),
    'https://inside.example/discovery': () => ({
      issuer: 'https://evil.example',
      jwks_uri: 'https://x/keys',
    }),
  };
  const fetchJson = (url: string): Promise<unknown> => {
    fetched.push(url);
    return Promise.resolve(documents[url]?.());
  };
  const tokens = readAuthenticationConfiguration(CONFIGURATION).map((issuer) =>
    issuerTokenAuthenticator(issuer, { fetchJson, clock, log: silentLog }),
  );
  const authenticator = createAuthenticator({ tokens, audiences: ['api'] });
  const nowSeconds = Math.floor(clock.now() / 1000);
  const claims = {
    iss: 'https://login.example',
    aud: 'skerry',
    sub: 'u-1',
    exp: nowSeconds + 600,
    email: 'ann@example',
    groups: ['dev'],
    hd: 'example',
  };
  const sign = (changed: object = {}, id = 'k1', pair = first): string =>
    signToken({ ...claims, ...changed }, { id, privateKey: pair.privateKey });
  const who = async (token: string): Promise<unknown> => {
    const found = await authenticator.review(token, ['api']);
    return found instanceof TokenError ? found.message : found.user;
  };
  return { clock, fetched, published, second, sign, who, nowSeconds };
}

test('a token of a trusted issuer stands for whom its claims name', async () => {
  const { sign, who, fetched } = startIssuers();
  const ann = { name: 'oidc:ann@example', uid: 'u-1', groups: ['oidc:dev', 'system:authenticated'] };
  assert.deepEqual(await who(sign()), ann);
  assert.deepEqual(await who(sign({ aud: ['x', 'other'] })), ann);
  assert.deepEqual(await who(sign({ groups: undefined })), { ...ann, groups: ['system:authenticated'] });
  assert.equal(fetched.length, 2, 'the keys are fetched once');
});

test('what is not as it must be lets nobody in', async () => {
  const { sign, who, nowSeconds, second } = startIssuers();
  const table: [string, RegExp][] = [
    [sign({ aud: 'elsewhere' }), /not meant for this API server/],
    [sign({ aud: undefined }), /not meant for this API server/],
    [sign({ exp: nowSeconds - 1 }), /expired/],
    [sign({ exp: undefined }), /expired/],
    [sign({ nbf: nowSeconds + 1000 }), /not valid yet/],
    [sign({ hd: 'other' }), /"hd" has not the required value/],
    [sign({ email: undefined }), /"email" names no user/],
    [sign({ email_verified: false }), /not verified/],
    [sign({ groups: [1] }), /"groups" lists no groups/],
    [sign({ iss: 'https://unknown.example' }), /^invalid bearer token$/],
    [sign({}, 'k1', second), /signature/],
    [sign({}, 'k2'), /signature/],
    [sign({ iss: 'https://second.example' }), /signature/],
  ];
  for (const [token, reason] of table) assert.match(String(await who(token)), reason);
});

test('a new key of an issuer is found, without asking it for every token', async () => {
  const { sign, who, fetched, published, second, clock } = startIssuers();
  await who(sign());
  published.set('k2', second.publicKey);
  await clock.advance(11_000);
  assert.equal(typeof (await who(sign({}, 'k2', second))), 'object');
  const count = fetched.length;
  for (const id of ['x', 'y', 'z']) await who(sign({}, id));
  assert.equal(fetched.length, count);
});

test('a configuration that cannot be followed is refused with its field', () => {
  const change = (from: string, to: string) => () =>
    readAuthenticationConfiguration(CONFIGURATION.replace(from, to));
  const table: [() => unknown, RegExp][] = [
    [change('v1beta1', 'v9'), /^Error: apiVersion and kind/],
    [
      change('https://login.example', 'http://login.example'),
      /jwt\[0\]\.issuer\.url: "http:.* is no https URL/,
    ],
    [change('[skerry, other]', '[]'), /jwt\[0\]\.issuer\.audiences: at least one/],
    [change('claim: email, prefix: "oidc:"', 'claim: email'), /jwt\[0\]\.claimMappings\.username\.prefix/],
    [change('claim: email, prefix: "oidc:"', 'expression: claims.email'), /"expression" is not supported/],
    [change('https://second.example', 'https://login.example'), /stands there twice/],
  ];
  for (const [read, reason] of table) assert.throws(read, (error: Error) => reason.test(String(error)));
});
