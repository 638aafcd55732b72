import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFields, strictDecodingError, unknownFieldWarning } from '#api/check-fields.ts';
import type { MutableJson } from '#api/json.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';
import { isStatus, StatusError } from '#api/status.ts';

function check(object: MutableJson, definition = 'apps/v1.Deployment'): string[] {
  const kind = definition.slice(definition.indexOf('.') + 1);
  return checkFields(object, {
    schemas: BUILTIN_SCHEMAS,
    schema: { type: 'ref', ref: definition },
    kind,
    version: 'v1',
  });
}

function messageOf(object: MutableJson, definition?: string): string {
  try {
    check(object, definition);
  } catch (error) {
    assert.ok(isStatus(error, 'BadRequest'));
    return error.message;
  }
  return '';
}

test('unknown fields are dropped, and named by their paths', () => {
  const deployment = {
    kind: 'Deployment',
    spec: { replica: 3, replicas: 2, template: { spec: { containers: [{ name: 'a', imagee: 'x' }] } } },
    constructor: 1,
  };
  assert.deepEqual(check(deployment), [
    'spec.replica',
    'spec.template.spec.containers[0].imagee',
    'constructor',
  ]);
  assert.deepEqual(deployment, {
    kind: 'Deployment',
    spec: { replicas: 2, template: { spec: { containers: [{ name: 'a' }] } } },
  });
});

test('a schema below a schema is checked as one, where an object stands for it', () => {
  const props = (schema: MutableJson) => ({ properties: { list: { items: schema } } });
  const definition = 'apiextensions/v1.JSONSchemaProps';
  assert.deepEqual(check(props({ type: 'string', typ: 'x' }), definition), ['properties[list].items.typ']);
  assert.deepEqual(check({ additionalProperties: { items: { a: 1 } } }, definition), [
    'additionalProperties.items.a',
  ]);
  assert.deepEqual(check({ additionalProperties: true, items: [{ a: 1 }] }, definition), []);
  assert.match(
    messageOf(props({ pattern: false }), definition),
    /properties\[list\]\.items\.pattern: expected string, got boolean false/,
  );
});

test('a strict request is told of all unknown fields, a lenient one warned of each', () => {
  assert.equal(unknownFieldWarning('spec.replica'), 'unknown field "spec.replica"');
  const error = strictDecodingError({ kind: 'Deployment', version: 'v1' }, [
    unknownFieldWarning('spec.a'),
    unknownFieldWarning('spec.b'),
  ]);
  assert.ok(error instanceof StatusError && error.code === 400);
  assert.equal(
    error.message,
    'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.a", unknown field "spec.b"',
  );
});

test('a value of the wrong type is refused with its place, what was wanted and what was found', () => {
  const cases: [MutableJson, string][] = [
    [{ spec: { replicas: 'x' } }, 'spec.replicas: expected int32, got string "x"'],
    [{ spec: { replicas: 1.5 } }, 'spec.replicas: expected int32, got number 1.5'],
    [{ spec: { replicas: 3e9 } }, 'spec.replicas: expected int32, got number 3000000000'],
    [
      { metadata: { generation: 2 ** 53 } },
      'metadata.generation: expected int64, got number 9007199254740992',
    ],
    [{ spec: { paused: 'true' } }, 'spec.paused: expected boolean, got string "true"'],
    [{ spec: [] }, 'spec: expected object, got array'],
    [{ metadata: { labels: { a: 1 } } }, 'metadata.labels[a]: expected string, got number 1'],
    [
      { spec: { template: { spec: { containers: {} } } } },
      'spec.template.spec.containers: expected array, got object',
    ],
    [
      { spec: { template: { spec: { containers: [null] } } } },
      'spec.template.spec.containers[0]: expected object, got null',
    ],
    [
      { metadata: { creationTimestamp: 'today' } },
      'metadata.creationTimestamp: expected RFC 3339 time, got string "today"',
    ],
    [
      { spec: { strategy: { rollingUpdate: { maxSurge: 1.5 } } } },
      'spec.strategy.rollingUpdate.maxSurge: expected integer or string, got number 1.5',
    ],
    ['text', 'body: expected object, got string "text"'],
  ];
  for (const [object, reason] of cases) {
    assert.equal(
      messageOf(object),
      `Deployment in version "v1" cannot be handled as a Deployment: ${reason}`,
    );
  }
});

test('several wrong values are named together, up to a limit', () => {
  const labels = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`l${index}`, index]));
  assert.equal(messageOf({ metadata: { labels } }).split('; ').length, 20);
});

test('nulls are absent, and in maps of texts the empty text', () => {
  const object = { metadata: { creationTimestamp: null, labels: { a: null, b: 'c' } }, status: null };
  assert.deepEqual(check(object), []);
  assert.deepEqual(object, { metadata: { labels: { a: '', b: 'c' } } });
});

test('an empty string is absent where it says nothing', () => {
  const pod = {
    spec: { nodeName: '', containers: [{ name: '', imagePullPolicy: '', env: [{ name: 'A', value: '' }] }] },
  };
  check(pod, 'core/v1.Pod');
  assert.deepEqual(pod, { spec: { containers: [{ name: '', env: [{ name: 'A' }] }] } });
  const claim = { spec: { storageClassName: '', volumeName: '' } };
  check(claim, 'core/v1.PersistentVolumeClaim');
  assert.deepEqual(claim, { spec: { storageClassName: '' } });
});

test('quantities and times get their canonical form', () => {
  const pod = {
    metadata: { deletionTimestamp: '2026-11-21T12:00:00.5+02:00' },
    spec: { containers: [{ name: 'a', resources: { limits: { cpu: 0.5, memory: '1024Mi' } } }] },
  };
  check(pod, 'core/v1.Pod');
  assert.deepEqual(pod.spec.containers[0]?.resources.limits, { cpu: '500m', memory: '1Gi' });
  assert.equal(pod.metadata.deletionTimestamp, '2026-11-21T10:00:00Z');
  const lease = { spec: { renewTime: '2026-11-21T10:00:00.123456Z' } };
  check(lease, 'coordination/v1.Lease');
  assert.equal(lease.spec.renewTime, '2026-11-21T10:00:00.123456Z');
});

test('secret data must be base64, quantities quantities', () => {
  assert.match(
    messageOf({ data: { a: 'x' } }, 'core/v1.Secret'),
    /data\[a\]: expected base64, got string "x"/,
  );
  const limits = { cpu: 'much' };
  assert.match(
    messageOf({ spec: { containers: [{ resources: { limits } }] } }, 'core/v1.Pod'),
    /limits\[cpu\]: expected quantity/,
  );
});

test('keys that JavaScript treats apart are data in maps, and unknown in structs', () => {
  const labels = JSON.parse('{"__proto__":"x","constructor":"y"}') as MutableJson;
  const object = { metadata: { labels } };
  assert.deepEqual(check(object), []);
  assert.equal(JSON.stringify(object), '{"metadata":{"labels":{"__proto__":"x","constructor":"y"}}}');
  const struct = JSON.parse('{"spec":{"__proto__":{"replicas":1}}}') as MutableJson;
  assert.deepEqual(check(struct), ['spec.__proto__']);
  assert.equal(({} as { replicas?: number }).replicas, undefined);
});

test('a schema that refers to itself is followed down to a limit', () => {
  let props: MutableJson = { type: 'object' };
  for (let level = 0; level < 600; level += 1) props = { type: 'object', properties: { a: props } };
  const definition = { spec: { versions: [{ schema: { openAPIV3Schema: props } }] } };
  assert.match(
    messageOf(definition, 'apiextensions/v1.CustomResourceDefinition'),
    /nests deeper than 512 levels/,
  );
});
