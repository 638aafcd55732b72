import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate with its private key, PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate is to say. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usage: 'server' | 'client';
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Clocks of hosts differ: a certificate is valid from this long before it was made, in milliseconds. */
export const CLOCK_SKEW_MS = 24 * 3600_000;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

type CryptoKey = webcrypto.CryptoKey;

x509.cryptoProvider.set(webcrypto);

/** A new authority: P-256, self-signed, may sign certificates but no further authorities. */
export async function createAuthority(options: {
  commonName: string;
  notBeforeMs: number;
  notAfterMs: number;
}): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [options.commonName] }],
    serialNumber: randomSerial(),
    notBefore: new Date(options.notBeforeMs),
    notAfter: new Date(options.notAfterMs),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

/** A new key with a certificate for it, signed by the authority. */
export async function issueKeyPair(authority: KeyPair, request: CertificateRequest): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await sign(authority, request, keys.publicKey);
  return { certificate, key: await exportKey(keys.privateKey) };
}

/** A certificate for the key of a signing request (PEM) whose self-signature verifies; its subject and extensions are ignored. */
export async function signRequest(
  authority: KeyPair,
  csr: string,
  request: CertificateRequest,
): Promise<string> {
  const parsed = new x509.Pkcs10CertificateRequest(csr);
  if (!(await parsed.verify())) throw new Error('the signing request is not signed by its own key');
  const { algorithm } = parsed.publicKey as unknown as { algorithm: { name?: string; namedCurve?: string } };
  if (algorithm.name !== 'ECDSA' || algorithm.namedCurve !== 'P-256')
    throw new Error(
      `the key of the signing request is ${algorithm.name ?? 'unknown'} ${algorithm.namedCurve ?? ''}: an ECDSA P-256 key is wanted`,
    );
  return sign(authority, request, await parsed.publicKey.export());
}

/** A new key and a request for a certificate for it, PEM. */
export async function createSigningRequest(commonName: string): Promise<{ csr: string; key: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: ALGORITHM,
  });
  return { csr: csr.toString('pem'), key: await exportKey(keys.privateKey) };
}

async function sign(authority: KeyPair, request: CertificateRequest, publicKey: CryptoKey): Promise<string> {
  const usage =
    request.usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  return signPublicKey(authority, publicKey, {
    ...request,
    keyUsages: x509.KeyUsageFlags.digitalSignature,
    extendedUsages: [usage],
  });
}

/** A certificate (PEM) for a public key that says exactly this, and that its holder is no authority. */
export async function signPublicKey(
  authority: KeyPair,
  publicKey: CryptoKey,
  request: Omit<CertificateRequest, 'usage'> & {
    readonly keyUsages: x509.KeyUsageFlags;
    readonly extendedUsages: readonly string[];
  },
): Promise<string> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await importKey(authority.key);
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [
      { CN: [request.commonName] },
      ...(request.organizations ?? []).map((organization) => ({ O: [organization] })),
    ],
    issuer: issuer.subjectName.toJSON(),
    serialNumber: randomSerial(),
    notBefore: new Date(request.notBeforeMs),
    notAfter: new Date(request.notAfterMs),
    signingAlgorithm: ALGORITHM,
    publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      // An extension that allows nothing at all makes the certificate one that nobody reads.
      ...(Number(request.keyUsages) === 0 ? [] : [new x509.KeyUsagesExtension(request.keyUsages, true)]),
      new x509.ExtendedKeyUsageExtension([...request.extendedUsages]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
  return certificate.toString('pem');
}

/** A positive serial of 127 random bits, hexadecimal. */
function randomSerial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${(der.match(/.{1,64}/gu) ?? []).join('\n')}\n-----END PRIVATE KEY-----\n`;
}

async function importKey(pem: string): Promise<CryptoKey> {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/gu, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}
