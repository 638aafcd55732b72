import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PROTOBUF_MESSAGES } from '#api/gen/protobuf-fields.ts';
import { decodeProtobuf, isProtobuf, PROTOBUF_BYTES_MAX } from '#api/protobuf/decode.ts';
import { findMessage } from '#api/protobuf/message-table.ts';
import { RECORDED_BODIES } from '#api/protobuf/recorded-bodies.fixture.ts';
import { StatusError } from '#api/status.ts';

type Bytes = number[];

function varint(value: number | bigint): Bytes {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: Bytes = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

function text(value: string): Bytes {
  return [...new TextEncoder().encode(value)];
}

/** A field of a message: a number becomes a varint, bytes are length-delimited. */
function field(number: number, value: number | bigint | string | Bytes): Bytes {
  if (typeof value === 'number' || typeof value === 'bigint')
    return [...varint(number * 8), ...varint(value)];
  const bytes = typeof value === 'string' ? text(value) : value;
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
}

function body(apiVersion: string, kind: string, message: Bytes): Uint8Array {
  const typeMeta = [...field(1, apiVersion), ...field(2, kind)];
  return Uint8Array.from([...text('k8s\0'), ...field(1, typeMeta), ...field(2, message)]);
}

function decode(apiVersion: string, kind: string, message: Bytes): unknown {
  const { apiVersion: _apiVersion, kind: _kind, ...object } = decodeProtobuf(body(apiVersion, kind, message));
  return object;
}

for (const { client, base64, object } of RECORDED_BODIES) {
  test(`decodes what was sent by ${client}`, () => {
    const bytes = Buffer.from(base64, 'base64');
    assert.ok(isProtobuf(bytes));
    assert.deepEqual(decodeProtobuf(bytes), object);
  });
}

test('every message of the table can be parsed and names messages of the table only', () => {
  for (const name of Object.keys(PROTOBUF_MESSAGES)) {
    for (const { type } of findMessage(name)?.values() ?? []) {
      if (type.kind === 'message') assert.ok(findMessage(type.message), `${name} names ${type.message}`);
    }
  }
});

test('zero values are left out unless the client writes them always or the field is a pointer', () => {
  assert.deepEqual(
    decode('v1', 'ConfigMap', [...field(1, [...field(1, ''), ...field(7, 0)]), ...field(4, 0)]),
    {
      metadata: {},
      immutable: false,
    },
  );
  assert.deepEqual(
    decode('v1', 'Pod', field(2, [...field(2, field(1, '')), ...field(11, 0), ...field(4, 0)])),
    {
      spec: { containers: [{ name: '' }], terminationGracePeriodSeconds: 0 },
    },
  );
});

test('maps: entries without a value, keys named __proto__, bytes in base64', () => {
  const entry = (key: string, value?: string): Bytes =>
    field(2, [...field(1, key), ...(value === undefined ? [] : field(2, value))]);
  const result = decode('v1', 'ConfigMap', [...entry('a'), ...entry('__proto__', 'x')]) as { data: object };
  assert.equal(JSON.stringify(result), '{"data":{"a":"","__proto__":"x"}}');
  assert.equal(Object.getPrototypeOf(result.data), Object.prototype);
  assert.deepEqual(decode('v1', 'Secret', field(2, [...field(1, 'k'), ...field(2, [0, 255, 16])])), {
    data: { k: 'AP8Q' },
  });
});

test('integers, packed or not, negative ones too', () => {
  const security = (message: Bytes): unknown => decode('v1', 'Pod', field(2, field(14, message)));
  const expected = { spec: { securityContext: { supplementalGroups: [1, 300, -1] } } };
  assert.deepEqual(security([...field(4, 1), ...field(4, 300), ...field(4, -1n)]), expected);
  assert.deepEqual(security(field(4, [...varint(1), ...varint(300), ...varint(-1n)])), expected);
  const generation = (value: bigint): unknown => decode('v1', 'ConfigMap', field(1, field(7, value)));
  assert.deepEqual(generation(2n ** 53n - 1n), { metadata: { generation: Number.MAX_SAFE_INTEGER } });
  assert.throws(() => generation(2n ** 53n), {
    reason: 'BadRequest',
    message: /integer 9007199254740992 is out of range/,
  });
  assert.throws(() => generation(-(2n ** 63n)), { reason: 'BadRequest' });
});

test('times: whole seconds, microseconds, the zero time is absent, what is no time is refused', () => {
  const created = (message: Bytes): unknown => decode('v1', 'ConfigMap', field(1, field(8, message)));
  assert.deepEqual(created([...field(1, 1_767_323_045), ...field(2, 999)]), {
    metadata: { creationTimestamp: '2026-01-02T03:04:05Z' },
  });
  assert.deepEqual(created([]), { metadata: {} });
  assert.throws(() => created(field(1, 10 ** 13)), { reason: 'BadRequest', message: /are no time/ });
  assert.throws(() => created([...field(1, 1), ...field(2, -1n)]), { reason: 'BadRequest' });
  assert.deepEqual(
    decode('coordination.k8s.io/v1', 'Lease', field(2, field(4, [...field(1, 1), ...field(2, 7000)]))),
    {
      spec: { renewTime: '1970-01-01T00:00:01.000007Z' },
    },
  );
});

test('an embedded object may be JSON or Protobuf', () => {
  const revision = (raw: Bytes): unknown =>
    decode('apps/v1', 'ControllerRevision', [...field(2, field(1, raw)), ...field(3, 1)]);
  assert.deepEqual(revision(text('{"a":[1]}')), { data: { a: [1] }, revision: 1 });
  assert.deepEqual(revision([...body('v1', 'ConfigMap', field(4, 1))]), {
    data: { apiVersion: 'v1', kind: 'ConfigMap', immutable: true },
    revision: 1,
  });
  assert.throws(() => revision(text('{')), { reason: 'BadRequest', message: /JSON inside the message/ });
  assert.throws(() => revision(text('['.repeat(100_000) + ']'.repeat(100_000))), { reason: 'BadRequest' });
});

test('a body without a kind is of the kind that the endpoint expects', () => {
  const bytes = Uint8Array.from([...text('k8s\0'), ...field(2, field(4, 1))]);
  const object = { apiVersion: 'v1', kind: 'ConfigMap', immutable: true };
  assert.deepEqual(decodeProtobuf(bytes, { apiVersion: 'v1', kind: 'ConfigMap' }), object);
  assert.throws(() => decodeProtobuf(bytes), { reason: 'UnsupportedMediaType' });
});

test('options belong to every group, also to groups of custom resources', () => {
  assert.deepEqual(decode('example.com/v1', 'DeleteOptions', field(1, 30)), { gracePeriodSeconds: 30 });
});

test('fields that the table does not know are skipped', () => {
  const unknown = [
    ...field(900, 1),
    ...field(901, 'x'),
    ...varint(902 * 8 + 1),
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    ...varint(903 * 8 + 5),
    1,
    2,
    3,
    4,
  ];
  assert.deepEqual(decode('v1', 'ConfigMap', [...unknown, ...field(4, 1)]), { immutable: true });
});

test('bad bytes are client errors', () => {
  const situations: [Uint8Array, string][] = [
    [new Uint8Array(), 'BadRequest'],
    [Uint8Array.from(text('{"kind":"Pod"}')), 'BadRequest'],
    [Uint8Array.from(text('k8s\0')), 'UnsupportedMediaType'],
    [body('v1', 'Pod', [0x0a]), 'BadRequest'],
    [body('v1', 'Pod', [0x0a, 0x7f, 1]), 'BadRequest'],
    [body('v1', 'Pod', [0x0b]), 'BadRequest'],
    [body('v1', 'Pod', [0x00]), 'BadRequest'],
    [
      body(
        'v1',
        'Pod',
        Array.from({ length: 11 }, () => 0xff),
      ),
      'BadRequest',
    ],
    [body('v1', 'Pod', field(1, 7)), 'BadRequest'],
    [body('v1', 'ConfigMap', field(4, 'x')), 'BadRequest'],
    [body('v1', 'ConfigMap', field(1, field(1, [0xff, 0xfe]))), 'BadRequest'],
    [body('example.com/v1', 'Widget', []), 'UnsupportedMediaType'],
    [body('v1', 'toString', []), 'UnsupportedMediaType'],
    [body('constructor/v1', 'Pod', []), 'UnsupportedMediaType'],
    [body('v1', 'ObjectMeta', []), 'UnsupportedMediaType'],
    [
      Uint8Array.from([...text('k8s\0'), ...field(1, field(2, 'Pod')), ...field(4, 'application/json')]),
      'BadRequest',
    ],
    [new Uint8Array(PROTOBUF_BYTES_MAX + 1), 'RequestEntityTooLarge'],
  ];
  for (const [bytes, reason] of situations) {
    assert.throws(
      () => decodeProtobuf(bytes),
      { reason },
      Buffer.from(bytes.subarray(0, 40)).toString('hex'),
    );
  }
});

test('messages that nest without end are refused', () => {
  let schema: Bytes = [];
  for (let depth = 0; depth < 2000; depth += 1) schema = field(28, schema);
  const version = field(4, field(1, schema));
  const bytes = body('apiextensions.k8s.io/v1', 'CustomResourceDefinition', field(2, field(7, version)));
  assert.throws(() => decodeProtobuf(bytes), { reason: 'BadRequest', message: /nest deeper than 100/ });
});

test('recorded bodies with any bytes changed or cut off give an object or a client error', () => {
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255) });
  const bodies = RECORDED_BODIES.map(({ base64 }) => Buffer.from(base64, 'base64'));
  fc.assert(
    fc.property(
      fc.constantFrom(...bodies),
      fc.array(change, { maxLength: 3 }),
      fc.option(fc.nat()),
      (original, changes, cut) => {
        const bytes = Uint8Array.from(original);
        for (const { at, byte } of changes) bytes[4 + (at % (bytes.length - 4))] = byte;
        try {
          JSON.stringify(decodeProtobuf(cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1))));
        } catch (error) {
          assert.ok(error instanceof StatusError && error.code < 500, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});
