import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { CLOCK_SKEW_MS, type KeyPair, signPublicKey } from '#pki/authority.ts';

/** The largest signing request that is read, in characters of PEM: a hundred names fit in. */
export const REQUEST_CHARS_MAX = 64 * 1024;

/** The smallest RSA key that is certified, in bits. */
const RSA_BITS_MIN = 2048;

/** What a signing request asks for. */
export interface SigningRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** Names of other kinds: e-mail addresses, URIs. */
  readonly otherNames: readonly string[];
  /** It wants to be an authority itself. */
  readonly wantsAuthority: boolean;
}

/** Reads a PKCS #10 request (PEM) that its own key has signed. Throws a sentence for people where it is none, or its key is weak. */
export async function readSigningRequest(pem: string): Promise<SigningRequest> {
  const parsed = parseRequest(pem);
  if (!(await parsed.verify().catch(() => false)))
    throw new Error('the signing request is not signed by its own key');
  const { algorithm } = parsed.publicKey;
  assertStrong(algorithm as { name: string; modulusLength?: number; namedCurve?: string });
  const alternative = parsed.extensions.find(
    (extension) => extension instanceof x509.SubjectAlternativeNameExtension,
  );
  const names = alternative?.names.items ?? [];
  const ofType = (type: string): string[] =>
    names.filter((name) => name.type === type).map(({ value }) => value);
  return {
    commonName: parsed.subjectName.getField('CN')[0] ?? '',
    organizations: parsed.subjectName.getField('O'),
    dnsNames: ofType('dns'),
    ipAddresses: ofType('ip'),
    otherNames: names.filter(({ type }) => type !== 'dns' && type !== 'ip').map(({ value }) => value),
    wantsAuthority: parsed.extensions.some(
      (extension) => extension instanceof x509.BasicConstraintsExtension && extension.ca,
    ),
  };
}

function parseRequest(pem: string): x509.Pkcs10CertificateRequest {
  if (pem.length > REQUEST_CHARS_MAX)
    throw new Error(
      `the signing request has ${pem.length} characters, at most ${REQUEST_CHARS_MAX} are read`,
    );
  if (!/^\s*-----BEGIN CERTIFICATE REQUEST-----/u.test(pem))
    throw new Error('PEM block type must be CERTIFICATE REQUEST');
  return new x509.Pkcs10CertificateRequest(pem);
}

function assertStrong({
  name,
  modulusLength = 0,
  namedCurve = '',
}: {
  name: string;
  modulusLength?: number;
  namedCurve?: string;
}): void {
  if (name.startsWith('RSA')) {
    if (modulusLength >= RSA_BITS_MIN) return;
    throw new Error(`its RSA key has ${modulusLength} bits: at least ${RSA_BITS_MIN} are wanted`);
  }
  if (name === 'ECDSA' && ['P-256', 'P-384', 'P-521'].includes(namedCurve)) return;
  if (name === 'Ed25519') return;
  throw new Error(`a key of the kind ${name} ${namedCurve} is not certified`);
}

/** For what a certificate may be used, in the words of `certificates.k8s.io`. */
const KEY_USAGES: Readonly<Record<string, x509.KeyUsageFlags>> = {
  'digital signature': x509.KeyUsageFlags.digitalSignature,
  'key encipherment': x509.KeyUsageFlags.keyEncipherment,
  'data encipherment': x509.KeyUsageFlags.dataEncipherment,
  'key agreement': x509.KeyUsageFlags.keyAgreement,
  'content commitment': x509.KeyUsageFlags.nonRepudiation,
};
const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  'client auth': x509.ExtendedKeyUsage.clientAuth,
  'server auth': x509.ExtendedKeyUsage.serverAuth,
};

/** A certificate (PEM) for the key, subject and names of a request; what else the request asks for is left out. */
export async function certifyRequest(
  authority: KeyPair,
  pem: string,
  options: { readonly usages: readonly string[]; readonly nowMs: number; readonly notAfterMs: number },
): Promise<string> {
  const request = await readSigningRequest(pem);
  const { usages, nowMs } = options;
  const end = new x509.X509Certificate(authority.certificate).notAfter.getTime();
  const flags = usages.reduce((sum, usage) => sum | (KEY_USAGES[usage] ?? 0), 0);
  return signPublicKey(authority, await parseRequest(pem).publicKey.export(), {
    commonName: request.commonName,
    organizations: request.organizations,
    dnsNames: request.dnsNames,
    ipAddresses: request.ipAddresses,
    keyUsages: flags,
    extendedUsages: usages.flatMap((usage) => EXTENDED_USAGES[usage] ?? []),
    notBeforeMs: nowMs - CLOCK_SKEW_MS,
    notAfterMs: Math.min(options.notAfterMs, end),
  });
}
