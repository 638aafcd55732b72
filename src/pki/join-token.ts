import { createHash, timingSafeEqual } from 'node:crypto';
import { sha256Digest } from '#pki/digest.ts';
import type { Random } from '#system/random.ts';

/** What a join token tells a new host: which hub, how to know it, and the secret that lets it in. */
export interface JoinTicket {
  /** `host:port` of the hub. */
  readonly hub: string;
  /** SHA-256 of the DER of the hub's authority, hexadecimal: the host trusts no other hub. */
  readonly authorityHash: string;
  readonly secret: string;
}

const PREFIX = 'skerry-join.';

/** A new secret of 160 random bits. */
export function createJoinSecret(random: Random): string {
  return Buffer.from(random.bytes(20)).toString('base64url');
}

/** The text that is handed to a host. */
export function encodeJoinTicket({ hub, authorityHash, secret }: JoinTicket): string {
  return PREFIX + Buffer.from(JSON.stringify({ hub, authorityHash, secret })).toString('base64url');
}

/** Reads a join token; throws with a sentence for people where it is none. */
export function decodeJoinTicket(text: string): JoinTicket {
  const wrong = (cause?: unknown): Error =>
    new Error(
      'this is not a join token: expected the whole text that "skerry token create" printed, beginning with "skerry-join."',
      { cause },
    );
  if (!text.startsWith(PREFIX)) throw wrong();
  let ticket: Partial<JoinTicket>;
  try {
    ticket = JSON.parse(
      Buffer.from(text.slice(PREFIX.length), 'base64url').toString('utf8'),
    ) as Partial<JoinTicket>;
  } catch (cause) {
    throw wrong(cause);
  }
  const { hub, authorityHash, secret } = ticket;
  if (typeof hub !== 'string' || typeof authorityHash !== 'string' || typeof secret !== 'string')
    throw wrong();
  return { hub, authorityHash, secret };
}

/** What the hub keeps of a secret: `JoinToken.spec.tokenHash`. */
export function joinSecretHash(secret: string): string {
  return sha256Digest(secret);
}

/** Compares hashes in constant time. */
export function isSameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** The hash of a certificate (PEM) by which a join token pins it. */
export function certificateHash(pem: string): string {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/gu, ''), 'base64');
  return createHash('sha256').update(der).digest('hex');
}
