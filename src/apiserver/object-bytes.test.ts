import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KubeObject } from '#api/object.ts';
import { partialMetadataBytes, withoutManagedFields } from '#apiserver/object-bytes.ts';
import { encodeObject } from '#apiserver/stored-object.ts';

function bytesOf(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function valueOf(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString('utf8'));
}

test('managed fields are cut out wherever they stand in the metadata', () => {
  const managedFields = [{ manager: 'a', fieldsV1: { 'f:x': { 'k:{"name":"}]\\""}': {} } } }];
  const table: [object, object][] = [
    [{ name: 'a', managedFields }, { name: 'a' }],
    [{ managedFields, name: 'a' }, { name: 'a' }],
    [{ managedFields }, {}],
    [
      { a: 1, managedFields, generation: 2 },
      { a: 1, generation: 2 },
    ],
    [{ name: 'a' }, { name: 'a' }],
    [{}, {}],
    [
      { annotations: { x: ',"managedFields":[{"manager":"b"}]' } },
      { annotations: { x: ',"managedFields":[{"manager":"b"}]' } },
    ],
  ];
  for (const [metadata, expected] of table) {
    const object = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { metadata: { managedFields } } };
    const bytes = bytesOf(object);
    assert.deepEqual(valueOf(withoutManagedFields(bytes)), { ...object, metadata: expected });
    const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };
    const cut = partialMetadataBytes(bytes, { withManagedFields: false });
    assert.deepEqual(valueOf(cut), { ...partial, metadata: expected });
    assert.deepEqual(valueOf(partialMetadataBytes(bytes, { withManagedFields: true })), {
      ...partial,
      metadata,
    });
  }
});

test('metadata is found wherever it stands', () => {
  const metadata = { name: 'a', managedFields: [] };
  for (const object of [
    { metadata },
    { x: [{ metadata: 1 }], metadata, y: 1 },
    { x: null, y: -1.5, metadata },
  ]) {
    assert.deepEqual(valueOf(withoutManagedFields(bytesOf(object))), { ...object, metadata: { name: 'a' } });
  }
  assert.deepEqual(valueOf(withoutManagedFields(bytesOf({ a: 1 }))), { a: 1 });
});

test('any object comes out as it is, but for its managed fields', () => {
  const json = fc.object({
    maxDepth: 3,
    values: [fc.string(), fc.integer(), fc.boolean(), fc.constant(null)],
  });
  fc.assert(
    fc.property(json, json, fc.array(json), (annotations, spec, managedFields) => {
      const metadata = { name: 'a', resourceVersion: '', annotations, managedFields };
      const object = { apiVersion: 'v1', kind: 'Pod', metadata, spec } as unknown as KubeObject;
      const { value } = encodeObject(object);
      const expected = JSON.parse(
        JSON.stringify({ ...object, metadata: { ...metadata, managedFields: undefined } }),
      ) as unknown;
      assert.deepEqual(valueOf(withoutManagedFields(value)), expected);
    }),
  );
});
