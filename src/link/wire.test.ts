import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WIRE_SCHEMA, WIRE_VERSION } from '#link/wire.ts';
import { sha256Digest } from '#pki/digest.ts';

/** The hash of the schema by version. A change of the schema is a new version: add a line, never change one. */
const HASHES: Readonly<Record<number, string>> = {
  1: 'sha256:5a8eb1614e97ab80620e17f94322a359da395d881a3db915da3586cbd3e7ba9e',
};

test('the schema of the link is the one that its version is pinned to', () => {
  assert.equal(sha256Digest(JSON.stringify(WIRE_SCHEMA)), HASHES[WIRE_VERSION]);
});
