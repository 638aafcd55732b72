import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** A signature over a bundle's digest. */
export interface BundleSignature {
  /** The first 16 hexadecimal digits of the SHA-256 of the public key's DER. */
  readonly keyId: string;
  /** Ed25519 (RFC 8032), base64. */
  readonly value: string;
}

/** Signs the digests of bundles. Deterministic: the same digest, the same signature. */
export interface BundleSigner {
  readonly keyId: string;
  /** The public key that a site verifies with, SPKI PEM. */
  readonly publicKey: string;
  sign(digest: string): BundleSignature;
}

/** What is signed: a context first, so that no other signature of this key passes for one of a bundle. */
function signedText(digest: string): Buffer {
  return Buffer.from(`skerry bundle v1\n${digest}\n`);
}

/** PKCS #8 of an Ed25519 key is this prefix and the 32 bytes of its seed (RFC 8410). */
const ED25519_PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A new private key of 32 random bytes, PKCS #8 PEM. */
export function bundleKeyFromSeed(seed: Uint8Array): string {
  const der = Buffer.concat([ED25519_PKCS8_PREFIX, seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

export function createBundleSigner(privateKeyPem: string): BundleSigner {
  const key = createPrivateKey(privateKeyPem);
  const publicKey = createPublicKey(key);
  const keyId = keyIdOf(publicKey);
  return {
    keyId,
    publicKey: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    sign: (digest) => ({ keyId, value: sign(null, signedText(digest), key).toString('base64') }),
  };
}

/** Whether one of the trusted public keys (SPKI PEM) signed this digest. */
export function verifyBundle(
  digest: string,
  signature: BundleSignature,
  trustedKeys: readonly string[],
): boolean {
  return trustedKeys.some((pem) => {
    const key = createPublicKey(pem);
    return (
      keyIdOf(key) === signature.keyId &&
      verify(null, signedText(digest), key, Buffer.from(signature.value, 'base64'))
    );
  });
}

function keyIdOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('hex')
    .slice(0, 16);
}
