import { constants, createPublicKey, type JsonWebKey, type KeyObject, sign, verify } from 'node:crypto';

/** The public half of a key: what verifies a token. */
export type TokenPublicKey = KeyObject;

/** A key that signs tokens, and the name by which verifiers find its public half. */
export interface TokenSigningKey {
  readonly id: string;
  /** ECDSA P-256. */
  readonly privateKey: KeyObject;
}

/** A token taken apart, its signature not yet looked at. */
export interface ParsedToken {
  readonly header: { readonly alg: string; readonly kid: string };
  readonly claims: Readonly<Record<string, unknown>>;
  /** The bytes that are signed. */
  readonly signed: string;
  readonly signature: Uint8Array;
}

/** The longest token that is looked at, in characters: no credential of Kubernetes is larger; a longer one is 401. */
export const TOKEN_CHARS_MAX = 16 * 1024;

interface Algorithm {
  readonly hash: string;
  readonly keyType: 'rsa' | 'ec';
  readonly curve?: string;
  readonly isPss?: boolean;
}

/** RFC 7518, section 3.1, without `none` and without shared secrets: the algorithms that Kubernetes takes. */
const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  RS256: { hash: 'sha256', keyType: 'rsa' },
  RS384: { hash: 'sha384', keyType: 'rsa' },
  RS512: { hash: 'sha512', keyType: 'rsa' },
  PS256: { hash: 'sha256', keyType: 'rsa', isPss: true },
  PS384: { hash: 'sha384', keyType: 'rsa', isPss: true },
  PS512: { hash: 'sha512', keyType: 'rsa', isPss: true },
  ES256: { hash: 'sha256', keyType: 'ec', curve: 'prime256v1' },
  ES384: { hash: 'sha384', keyType: 'ec', curve: 'secp384r1' },
  ES512: { hash: 'sha512', keyType: 'ec', curve: 'secp521r1' },
};

/** The algorithms by which tokens may be signed. */
export const TOKEN_ALGORITHMS: readonly string[] = Object.keys(ALGORITHMS);

/** The smallest RSA key whose signatures count, in bits. */
const RSA_BITS_MIN = 2048;

/** A JSON Web Token (RFC 7519) with `claims`, signed with ES256. */
export function signToken(
  claims: Readonly<Record<string, unknown>>,
  { id, privateKey }: TokenSigningKey,
): string {
  const signed = `${encode({ alg: 'ES256', kid: id })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A token's parts; undefined where the text is none, or one longer than {@link TOKEN_CHARS_MAX}. Nothing in it is proved yet. */
export function parseToken(text: string): ParsedToken | undefined {
  if (text.length > TOKEN_CHARS_MAX) return undefined;
  const match = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/u.exec(text);
  if (match === null) return undefined;
  const [, head = '', body = '', tail = ''] = match;
  const header = decode(head);
  const claims = decode(body);
  if (header === undefined || claims === undefined || typeof header.alg !== 'string') return undefined;
  // RFC 7515, section 4.1.11: whoever does not understand a critical header refuses the token.
  if (header.crit !== undefined) return undefined;
  const kid = typeof header.kid === 'string' ? header.kid : '';
  return {
    header: { alg: header.alg, kid },
    claims,
    signed: `${head}.${body}`,
    signature: Buffer.from(tail, 'base64url'),
  };
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    // No JSON: no token.
    return undefined;
  }
}

/** Whether `publicKey` verifies the token. The algorithm must be one for that kind of key: the token alone decides nothing. */
export function verifyToken(token: ParsedToken, publicKey: KeyObject): boolean {
  const algorithm = Object.hasOwn(ALGORITHMS, token.header.alg) ? ALGORITHMS[token.header.alg] : undefined;
  if (algorithm === undefined || !fits(algorithm, publicKey)) return false;
  try {
    const how =
      algorithm.keyType === 'ec'
        ? { key: publicKey, dsaEncoding: 'ieee-p1363' as const }
        : algorithm.isPss === true
          ? {
              key: publicKey,
              padding: constants.RSA_PKCS1_PSS_PADDING,
              saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
            }
          : { key: publicKey, padding: constants.RSA_PKCS1_PADDING };
    return verify(algorithm.hash, Buffer.from(token.signed), how, token.signature);
  } catch {
    // A signature of the wrong shape is none.
    return false;
  }
}

function fits(algorithm: Algorithm, { asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (asymmetricKeyType !== algorithm.keyType) return false;
  if (algorithm.keyType === 'rsa') return (asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS_MIN;
  return asymmetricKeyDetails?.namedCurve === algorithm.curve;
}

/** A public key as RFC 7517 writes it, for `/openid/v1/jwks`. */
export function publicJsonWebKey(id: string, publicKey: KeyObject): Record<string, unknown> {
  return { use: 'sig', kid: id, alg: 'ES256', ...publicKey.export({ format: 'jwk' }) };
}

/** The public key in a JWK; undefined where it is none that signs tokens. */
export function keyOfJsonWebKey(jwk: unknown): { id: string; key: KeyObject } | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  const { kid, use, kty } = jwk as Record<string, unknown>;
  if ((kty !== 'RSA' && kty !== 'EC') || (use !== undefined && use !== 'sig')) return undefined;
  try {
    return {
      id: typeof kid === 'string' ? kid : '',
      key: createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }),
    };
  } catch {
    // A key that cannot be read verifies nothing.
    return undefined;
  }
}
