import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfigMap, configMapResource } from '#api/core/config-map.ts';
import { type Secret, secretResource } from '#api/core/secret.ts';
import type { ObjectMeta } from '#api/object.ts';
import { fieldErrorMessage } from '#api/status.ts';

const METADATA: ObjectMeta = {
  name: 'c',
  namespace: 'default',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '',
};

function configMap(fields: Partial<ConfigMap>): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: METADATA, ...fields };
}

function secret(fields: Partial<Secret>): Secret {
  const made: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: METADATA, ...fields };
  secretResource.applyDefaults(made);
  return made;
}

function secretMessages(fields: Partial<Secret>, old?: Partial<Secret>): string[] {
  return secretResource
    .validate(secret(fields), old === undefined ? undefined : secret(old))
    .map(fieldErrorMessage);
}

test('keys, sizes and doubles of a config map', () => {
  const messages = (fields: Partial<ConfigMap>): string[] =>
    configMapResource.validate(configMap(fields), undefined).map(fieldErrorMessage);
  assert.deepEqual(messages({ data: { 'app.conf': 'x' }, binaryData: { b: 'AAAA' } }), []);
  assert.match(
    messages({ data: { 'a/b': '' } }).join(),
    /^data\[a\/b\]: Invalid value: "a\/b": a valid config key must consist of/,
  );
  assert.match(messages({ data: { '..': '' } }).join(), /must not be '\.\.'/);
  assert.match(
    messages({ data: { a: '' }, binaryData: { a: '' } }).join(),
    /duplicate of key present in binaryData/,
  );
  assert.deepEqual(messages({ data: { a: 'é'.repeat(600_000) } }), [
    '[]: Too long: may not be more than 1048576 bytes',
  ]);
});

test('an immutable config map stays, and stays immutable', () => {
  const old = configMap({ immutable: true, data: { a: '1' } });
  const messages = (fields: Partial<ConfigMap>): string[] =>
    configMapResource.validate(configMap(fields), old).map(fieldErrorMessage);
  assert.deepEqual(messages({ immutable: true, data: { a: '1' } }), []);
  assert.deepEqual(messages({ data: { a: '2' } }), [
    'immutable: Forbidden: field is immutable when `immutable` is set',
    'data: Forbidden: field is immutable when `immutable` is set',
  ]);
});

test('text of a secret is encoded into its data, and not kept', () => {
  const made = secret({ data: { a: 'AAAA', b: 'AAAA' }, stringData: { b: 'héllo' } });
  assert.deepEqual(made.data, { a: 'AAAA', b: 'aMOpbGxv' });
  assert.equal(made.stringData, undefined);
  assert.equal(made.type, 'Opaque');
});

test('secrets of a type have its keys, and keep their type', () => {
  assert.deepEqual(secretMessages({ type: 'kubernetes.io/tls', data: { 'tls.crt': '' } }), [
    'data[tls.key]: Required value',
  ]);
  assert.deepEqual(secretMessages({ type: 'helm.sh/release.v1', data: { release: 'AAAA' } }), []);
  assert.deepEqual(secretMessages({ type: 'other' }, {}), [
    'type: Invalid value: "other": field is immutable',
  ]);
});
