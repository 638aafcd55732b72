import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createAuthority, createSigningRequest, issueKeyPair, signRequest } from '#pki/authority.ts';

const notBeforeMs = Date.UTC(2026, 0, 1);
const notAfterMs = Date.UTC(2036, 0, 1);
const life = { notBeforeMs, notAfterMs };
const authority = await createAuthority({ commonName: 'test authority', ...life });

test('a key pair carries its names, its groups and its usage, and is signed by the authority', async () => {
  const pair = await issueKeyPair(authority, {
    commonName: 'admin',
    organizations: ['a', 'b'],
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    usage: 'server',
    ...life,
  });
  const certificate = new X509Certificate(pair.certificate);
  assert.equal(certificate.subject, 'CN=admin\nO=a\nO=b');
  assert.equal(certificate.subjectAltName, 'DNS:localhost, IP Address:127.0.0.1');
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.equal(certificate.ca, false);
  assert.ok(certificate.verify(new X509Certificate(authority.certificate).publicKey));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(pair.key)));
});

test('a signing request gets the subject that the authority chose, whatever it asked for', async () => {
  const { csr, key } = await createSigningRequest('system:masters');
  const text = await signRequest(authority, csr, {
    commonName: 'skerry:site:north',
    usage: 'client',
    ...life,
  });
  const certificate = new X509Certificate(text);
  assert.equal(certificate.subject, 'CN=skerry:site:north');
  assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
});

test('what is no signing request, or not signed by its own key, is refused', async () => {
  const request = { commonName: 'x', usage: 'client', ...life } as const;
  await assert.rejects(signRequest(authority, 'nonsense', request));
  const { csr } = await createSigningRequest('x');
  const bytes = Buffer.from(csr.replaceAll(/-----[^-]+-----|\s/gu, ''), 'base64');
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  const edited = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  await assert.rejects(signRequest(authority, edited, request));
});
