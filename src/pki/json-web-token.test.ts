import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import {
  keyOfJsonWebKey,
  parseToken,
  publicJsonWebKey,
  signToken,
  TOKEN_CHARS_MAX,
  verifyToken,
} from '#pki/json-web-token.ts';
import { must } from '#system/assert.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

test('a token verifies with the public key of the one that signed it, and with no other', () => {
  const token = must(parseToken(signToken({ sub: 'ann' }, { id: 'k', privateKey })), 'a token');
  assert.deepEqual([token.header, token.claims], [{ alg: 'ES256', kid: 'k' }, { sub: 'ann' }]);
  assert.equal(verifyToken(token, publicKey), true);
  assert.equal(verifyToken(token, generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey), false);
  assert.equal(verifyToken(token, rsa.publicKey), false);
  const jwk = keyOfJsonWebKey(publicJsonWebKey('k', publicKey));
  assert.equal(jwk?.id, 'k');
  assert.equal(verifyToken(token, must(jwk, 'a key').key), true);
});

test('the algorithm of a token decides nothing that its key does not allow', () => {
  const claims = encode({ sub: 'ann' });
  const table: [string, string][] = [
    ['none', ''],
    ['None', 'AAAA'],
    ['HS256', 'AAAA'],
    ['RS256', 'AAAA'],
    ['ES384', 'AAAA'],
    ['constructor', 'AAAA'],
    ['__proto__', 'AAAA'],
  ];
  for (const [alg, signature] of table) {
    const token = parseToken(`${encode({ alg })}.${claims}.${signature}`);
    assert.equal(token !== undefined && verifyToken(token, publicKey), false, alg);
    assert.equal(token !== undefined && verifyToken(token, rsa.publicKey), false, alg);
  }
});

test('RSA signatures count from 2048 bits on', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const signed = `${encode({ alg: 'RS256', kid: 'r' })}.${encode({ sub: 'ann' })}`;
  for (const [pair, wanted] of [
    [rsa, true],
    [small, false],
  ] as const) {
    const token = `${signed}.${sign('sha256', Buffer.from(signed), pair.privateKey).toString('base64url')}`;
    assert.equal(verifyToken(must(parseToken(token), 'a token'), pair.publicKey), wanted);
  }
});

test('what is no token is none', () => {
  const whole = signToken({ sub: 'ann' }, { id: 'k', privateKey });
  const [head = '', , tail = ''] = whole.split('.');
  const critical = `${encode({ alg: 'ES256', crit: ['exp'] })}.${encode({})}.${tail}`;
  for (const text of ['', 'a', 'a.b', 'a.b.c', `${whole}.x`, ` ${whole}`, `${head}..${tail}`, critical])
    assert.equal(parseToken(text), undefined, text);
  assert.equal(parseToken(`${head}.${encode([1])}.${tail}`), undefined);
  assert.equal(parseToken(`${head}.${encode({ x: 'y'.repeat(TOKEN_CHARS_MAX) })}.${tail}`), undefined);
});
