import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createJoinSecret,
  decodeJoinTicket,
  encodeJoinTicket,
  isSameHash,
  joinSecretHash,
} from '#pki/join-token.ts';
import { seededRandom } from '#system/simulated-time.ts';

test('a join token reads back as it was written', () => {
  const ticket = {
    hub: 'hub.example:6443',
    authorityHash: 'ab12',
    secret: createJoinSecret(seededRandom(1)),
  };
  assert.deepEqual(decodeJoinTicket(encodeJoinTicket(ticket)), ticket);
});

test('anything else is refused with a sentence that says what is wanted', () => {
  for (const text of [
    '',
    'token',
    'skerry-join.',
    'skerry-join.%%%',
    `skerry-join.${Buffer.from('{}').toString('base64url')}`,
  ]) {
    assert.throws(() => decodeJoinTicket(text), /this is not a join token: expected the whole text/u);
  }
});

test('a secret is known again by its hash alone', () => {
  const secret = createJoinSecret(seededRandom(2));
  assert.ok(isSameHash(joinSecretHash(secret), joinSecretHash(secret)));
  assert.equal(isSameHash(joinSecretHash(secret), joinSecretHash(`${secret}x`)), false);
  assert.equal(isSameHash('short', 'longer'), false);
});
