import { canonicalJson } from '#api/canonical-json.ts';
import type { CertificateRequest, KeyPair } from '#pki/authority.ts';
import { sha256Digest } from '#pki/digest.ts';
import type { Disk } from '#system/disk.ts';

/** How long authorities and certificates live, in milliseconds. */
export const AUTHORITY_LIFETIME_MS = 10 * 365 * 24 * 3600_000;
export const CERTIFICATE_LIFETIME_MS = 365 * 24 * 3600_000;

/** A certificate is replaced once less than this is left of its life, in milliseconds. */
export const RENEW_BEFORE_MS = 90 * 24 * 3600_000;

/** A certificate's end, and what it was made for, are kept beside it: looking at it takes no certificate parser. */
interface Stored extends KeyPair {
  readonly notAfterMs: number;
  /** Digest of what it says and of the authority that signed it; empty for an authority. */
  readonly purpose: string;
}

/** The authority in `folder`, made at the first call. Keys are written with mode 0600. */
export async function ensureAuthority(
  disk: Disk,
  { folder, commonName, nowMs }: { folder: string; commonName: string; nowMs: number },
): Promise<KeyPair> {
  const known = await readPair(disk, `${folder}/authority`);
  if (known !== undefined) return known;
  const { CLOCK_SKEW_MS, createAuthority } = await import('#pki/authority.ts');
  const notAfterMs = nowMs + AUTHORITY_LIFETIME_MS;
  const made = await createAuthority({ commonName, notBeforeMs: nowMs - CLOCK_SKEW_MS, notAfterMs });
  await writePair(disk, `${folder}/authority`, { ...made, notAfterMs, purpose: '' });
  return made;
}

/**
 * A key pair called `name` in `folder`, made at the first call, and anew in time, or where it is to say something else, or
 * the authority is another one.
 */
export async function ensureKeyPair(
  disk: Disk,
  {
    folder,
    name,
    authority,
    nowMs,
    request,
  }: {
    folder: string;
    name: string;
    authority: KeyPair;
    nowMs: number;
    request: Omit<CertificateRequest, 'notBeforeMs' | 'notAfterMs'>;
  },
): Promise<KeyPair> {
  const known = await readPair(disk, `${folder}/${name}`);
  const purpose = sha256Digest(canonicalJson({ request, authority: authority.certificate }));
  if (known?.purpose === purpose && known.notAfterMs - nowMs > RENEW_BEFORE_MS) return known;
  const { CLOCK_SKEW_MS, issueKeyPair } = await import('#pki/authority.ts');
  const notAfterMs = nowMs + CERTIFICATE_LIFETIME_MS;
  const made = await issueKeyPair(authority, { ...request, notBeforeMs: nowMs - CLOCK_SKEW_MS, notAfterMs });
  await writePair(disk, `${folder}/${name}`, { ...made, notAfterMs, purpose });
  return made;
}

async function readPair(disk: Disk, path: string): Promise<Stored | undefined> {
  const [certificate, key, life] = await Promise.all([
    disk.read(`${path}.crt`),
    disk.read(`${path}.key`),
    disk.read(`${path}.life`),
  ]);
  if (certificate === undefined || key === undefined || life === undefined) return undefined;
  const [notAfter = '', purpose = ''] = text(life).trim().split(' ');
  return { certificate: text(certificate), key: text(key), notAfterMs: Number(notAfter), purpose };
}

/** The life is written last: without it the pair is made anew. */
async function writePair(disk: Disk, path: string, pair: Stored): Promise<void> {
  await disk.write(`${path}.key`, pair.key);
  await disk.write(`${path}.crt`, pair.certificate);
  await disk.write(`${path}.life`, `${`${pair.notAfterMs} ${pair.purpose}`.trim()}\n`);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
