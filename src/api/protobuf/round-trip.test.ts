import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { isJsonObject, type JsonObject, setProperty } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { decodeProtobuf, hasProtobuf } from '#api/protobuf/decode.ts';
import { encodeObject } from '#api/protobuf/encode-object.fixture.ts';
import { apiVersionOf } from '#api/resource.ts';
import { schemaArbitrary } from '#api/schema-arbitrary.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';

/** Random objects for each kind. */
const RUNS = 60;

/** What is not a kind that is stored, but a body all the same. */
const BODIES: [apiVersion: string, kind: string, schema: string][] = [
  ['v1', 'Binding', 'core/v1.Binding'],
  ['policy/v1', 'Eviction', 'policy/v1.Eviction'],
  ['autoscaling/v1', 'Scale', 'autoscaling/v1.Scale'],
  ['authentication.k8s.io/v1', 'TokenRequest', 'authentication/v1.TokenRequest'],
  ['authentication.k8s.io/v1', 'TokenReview', 'authentication/v1.TokenReview'],
  ['authorization.k8s.io/v1', 'SubjectAccessReview', 'authorization/v1.SubjectAccessReview'],
  ['authorization.k8s.io/v1', 'SelfSubjectAccessReview', 'authorization/v1.SelfSubjectAccessReview'],
  ['authorization.k8s.io/v1', 'SelfSubjectRulesReview', 'authorization/v1.SelfSubjectRulesReview'],
  ['authorization.k8s.io/v1', 'LocalSubjectAccessReview', 'authorization/v1.LocalSubjectAccessReview'],
];

const KINDS = [
  ...BUILTIN_RESOURCES.filter(({ kind }) => kind !== 'CustomResourceDefinition')
    .map((type): [string, string, string] => [apiVersionOf(type), type.kind, type.schema])
    .filter(([apiVersion, kind]) => hasProtobuf({ apiVersion, kind })),
  ...BODIES,
];

for (const [apiVersion, kind, schema] of KINDS) {
  test(`${apiVersion} ${kind} says the same in JSON and in Protobuf`, () => {
    const objects = schemaArbitrary({ type: 'ref', ref: schema }, { schemas: BUILTIN_SCHEMAS, whole: false });
    fc.assert(
      fc.property(objects, (value) => {
        const object = value as JsonObject;
        const decoded = decodeProtobuf(encodeObject(object, { apiVersion, kind, name: schema }));
        const expected = { ...object, apiVersion, kind };
        assert.deepEqual(essence(decoded as Json), essence(expected));
      }),
      { numRuns: RUNS, seed: 7 },
    );
  });
}

test('every kind of Kubernetes can be sent as Protobuf', () => {
  const without = BUILTIN_RESOURCES.filter(({ group }) => group !== 'fleet.skerry.io').filter(
    (type) => !hasProtobuf({ apiVersion: apiVersionOf(type), kind: type.kind }),
  );
  assert.deepEqual(
    without.map(({ kind }) => kind),
    [],
  );
});

/** Objects inside of others: Protobuf does not say of them what they are. */
const EMBEDDED = new Set(['deleteOptions', 'volumeClaimTemplates']);

function withoutType(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => withoutType(item as Json));
  if (!isJsonObject(value)) return value;
  const { apiVersion: _version, kind: _kind, ...others } = value;
  return others;
}

/** Without what Protobuf cannot tell from nothing: zero values, empty lists and structs. Microseconds are zeros here. */
function essence(value: Json): Json | undefined {
  if (value === '' || value === 0 || value === false || value === null) return undefined;
  if (typeof value === 'string') return value.replace('.000000Z', 'Z');
  if (Array.isArray(value)) {
    const items = value.map((item) => essence(item as Json) ?? null);
    return items.length === 0 ? undefined : items;
  }
  if (!isJsonObject(value)) return value;
  const kept = {};
  for (const [key, item] of Object.entries(value)) {
    const inner = essence(EMBEDDED.has(key) ? withoutType(item) : item);
    if (inner !== undefined) setProperty(kept, key, inner as never);
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}
