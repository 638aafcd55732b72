import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleKeyFromSeed, createBundleSigner, verifyBundle } from '#pki/bundle-signature.ts';
import { sha256Digest } from '#pki/digest.ts';

const signer = createBundleSigner(bundleKeyFromSeed(new Uint8Array(32).fill(7)));
const other = createBundleSigner(bundleKeyFromSeed(new Uint8Array(32).fill(8)));
const digest = sha256Digest('a bundle');

test('a signature verifies with the key that made it, among others', () => {
  assert.ok(verifyBundle(digest, signer.sign(digest), [other.publicKey, signer.publicKey]));
});

test('the same digest has the same signature', () => {
  assert.deepEqual(signer.sign(digest), signer.sign(digest));
});

test('a signature of another digest, of another key, or edited, does not verify', () => {
  const signature = signer.sign(digest);
  assert.equal(verifyBundle(sha256Digest('another'), signature, [signer.publicKey]), false);
  assert.equal(verifyBundle(digest, signature, [other.publicKey]), false);
  assert.equal(
    verifyBundle(digest, { ...signature, keyId: other.keyId }, [signer.publicKey, other.publicKey]),
    false,
  );
  const edited = Buffer.from(signature.value, 'base64');
  edited[0] = (edited[0] ?? 0) ^ 1;
  assert.equal(
    verifyBundle(digest, { ...signature, value: edited.toString('base64') }, [signer.publicKey]),
    false,
  );
  assert.equal(verifyBundle(digest, { ...signature, value: '' }, [signer.publicKey]), false);
});
