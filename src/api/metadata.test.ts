import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateMetadata } from '#api/metadata.ts';
import { labelNameErrors, pathSegmentErrors } from '#api/name-syntax.ts';
import type { ObjectMeta, OwnerReference } from '#api/object.ts';
import { fieldErrorMessage } from '#api/status.ts';

const META: ObjectMeta = {
  name: 'web',
  namespace: 'default',
  uid: 'u',
  resourceVersion: '7',
  creationTimestamp: '2026-11-21T10:00:00Z',
};
const OWNER: OwnerReference = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name: 'web-1',
  uid: 'r',
  controller: true,
};

function messages(metadata: Partial<ObjectMeta>, old?: ObjectMeta): string[] {
  return validateMetadata({ ...META, ...metadata }, { namespaced: true }, old).map(fieldErrorMessage);
}

test('sound metadata has no errors', () => {
  const sound = {
    labels: { app: 'web', 'app.kubernetes.io/name': '' },
    annotations: { 'Example.com/Note': 'anything\n' },
    ownerReferences: [OWNER],
    finalizers: ['example.com/keep', 'orphan'],
  };
  assert.deepEqual(messages(sound), []);
  assert.deepEqual(messages(sound, META), []);
});

test('each wrong field is named in the words of Kubernetes', () => {
  const cases: [Partial<ObjectMeta>, RegExp][] = [
    [{ name: '' }, /^metadata.name: Required value: name or generateName is required$/],
    [
      { name: 'Web_1' },
      /^metadata.name: Invalid value: "Web_1": a lowercase RFC 1123 subdomain must consist of/,
    ],
    [{ namespace: '' }, /^metadata.namespace: Required value$/],
    [{ namespace: 'a.b' }, /^metadata.namespace: Invalid value: "a.b": must not contain dots$/],
    [{ labels: { 'bad key': 'x' } }, /^metadata.labels: Invalid value: "bad key": name part must consist of/],
    [
      { labels: { app: '-x' } },
      /^metadata.labels: Invalid value: "-x": a valid label must be an empty string or/,
    ],
    [
      { annotations: { 'bad key': 'x' } },
      /^metadata.annotations: Invalid value: "bad key": name part must consist of/,
    ],
    [
      { annotations: { a: 'x'.repeat(256 * 1024) } },
      /^metadata.annotations: Too long: may not be more than 262144 bytes$/,
    ],
    [
      { finalizers: ['keep'] },
      /^metadata.finalizers\[0\]: Invalid value: "keep": name is neither a standard finalizer name nor is it fully qualified$/,
    ],
    [
      { finalizers: ['orphan', 'foregroundDeletion'] },
      /^metadata.finalizers: .*: finalizer orphan and foregroundDeletion cannot be both set$/,
    ],
    [
      { ownerReferences: [{ ...OWNER, uid: '' }] },
      /^metadata.ownerReferences.uid: Invalid value: "": uid must not be empty$/,
    ],
    [
      { ownerReferences: [{ ...OWNER, apiVersion: 'v1', kind: 'Event' }] },
      /is disallowed from being an owner$/,
    ],
    [
      { ownerReferences: [OWNER, { ...OWNER, name: 'web-2' }] },
      /Only one reference can have Controller set to true. Found "true" in references for ReplicaSet\/web-1 and ReplicaSet\/web-2$/,
    ],
  ];
  for (const [metadata, wanted] of cases) {
    const found = messages(metadata);
    assert.equal(found.length, 1, found.join());
    assert.match(found[0] ?? '', wanted);
  }
});

test('names follow the rule of their kind, and namespaces their scope', () => {
  const check = (metadata: Partial<ObjectMeta>, rule?: (name: string) => string[]): string[] =>
    validateMetadata(
      { ...META, ...metadata },
      { namespaced: false, ...(rule === undefined ? {} : { nameRule: rule }) },
    ).map(fieldErrorMessage);
  assert.deepEqual(check({}), ['metadata.namespace: Forbidden: not allowed on this type']);
  assert.equal(check({ namespace: '', name: 'a.b' }, labelNameErrors).length, 1);
  assert.deepEqual(check({ namespace: '', name: 'system:node:a' }, pathSegmentErrors), []);
  assert.deepEqual(check({ namespace: '', name: 'a/b' }, pathSegmentErrors), [
    'metadata.name: Invalid value: "a/b": may not contain \'/\'',
  ]);
});

test('some kinds keep finalizers without a domain', () => {
  const check = (group: string): number =>
    validateMetadata({ ...META, finalizers: ['keep'] }, { namespaced: true, group }).length -
    validateMetadata(META, { namespaced: true, group }).length;
  assert.deepEqual(['', 'apps', 'policy', 'node.k8s.io'].map(check), [1, 1, 0, 0]);
});

test('a prefix for generated names may end with a hyphen', () => {
  assert.deepEqual(messages({ generateName: 'web-' }), []);
  assert.match(messages({ generateName: 'Web-' }).join(), /^metadata.generateName: Invalid value: "Web-"/);
});

test('what identifies an object stays', () => {
  assert.deepEqual(messages({ uid: 'v' }, META), ['metadata.uid: Invalid value: "v": field is immutable']);
  assert.deepEqual(messages({ resourceVersion: '' }, META), [
    'metadata.resourceVersion: Required value: must be specified for an update',
  ]);
  assert.deepEqual(messages({ generation: 1 }, { ...META, generation: 2 }), [
    'metadata.generation: Invalid value: 1: must not be decremented',
  ]);
});

test('an object that is being deleted gets no new finalizers', () => {
  const deletionTimestamp = '2026-11-21T10:00:00Z';
  const old = { ...META, deletionTimestamp, finalizers: ['a.io/x'] };
  assert.deepEqual(messages({ deletionTimestamp, finalizers: [] }, old), []);
  assert.deepEqual(messages({ deletionTimestamp, finalizers: ['a.io/x', 'a.io/y'] }, old), [
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a.io/y"}',
  ]);
});
