import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  bool,
  bytes,
  enumeration,
  int,
  ints,
  list,
  map,
  message,
  nested,
  ProtobufError,
  string,
  strings,
  uint,
} from '#system/protobuf.ts';

const Leaf = message({ value: int(1) });
const Everything = message({
  text: string(1),
  raw: bytes(2),
  flag: bool(3),
  count: int(4),
  size: uint(5),
  mode: enumeration(6, ['POD', 'CONTAINER', 'NODE']),
  leaf: nested(7, Leaf),
  words: strings(8),
  numbers: ints(9),
  leaves: list(10, Leaf),
  labels: map(18),
});

const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
const fromHex = (value: string): Uint8Array => Buffer.from(value, 'hex');

describe('the protobuf codec', () => {
  it('writes the bytes that the encoding guide gives', () => {
    assert.equal(hex(message({ a: int(1) }).encode({ a: 150 })), '089601');
    assert.equal(hex(message({ b: string(2) }).encode({ b: 'testing' })), '120774657374696e67');
    assert.equal(hex(message({ f: ints(6) }).encode({ f: [3, 270, 86_942] })), '3206038e029ea705');
    assert.equal(hex(message({ a: int(1) }).encode({ a: -2 })), '08feffffffffffffffff01');
  });

  it('leaves zero values out, but not an empty message that is there', () => {
    const empty = {
      text: '',
      raw: new Uint8Array(0),
      flag: false,
      count: 0,
      size: 0,
      mode: 'POD',
      words: [],
    } as const;
    assert.equal(hex(Everything.encode({ ...empty, numbers: [], leaves: [], labels: {} })), '');
    assert.equal(hex(Everything.encode({ leaf: {} })), '3a00');
    assert.equal(hex(Everything.encode({ leaf: undefined })), '');
  });

  it('decodes absent fields to zero values', () => {
    const decoded = Everything.decode(new Uint8Array(0));
    assert.deepEqual(
      { ...decoded, raw: [...decoded.raw] },
      {
        text: '',
        raw: [],
        flag: false,
        count: 0,
        size: 0,
        mode: 'POD',
        leaf: undefined,
        words: [],
        numbers: [],
        leaves: [],
        labels: {},
      },
    );
  });

  it('skips fields of unknown numbers and every wire type', () => {
    const decoded = message({ a: int(1) }).decode(
      fromHex('18ff01' + '290102030405060708' + '32026869' + '3d01020304' + '0805'),
    );
    assert.deepEqual(decoded, { a: 5 });
  });

  it('reads repeated numbers packed and unpacked, and the last of a repeated scalar', () => {
    assert.deepEqual(
      message({ f: ints(6) }).decode(fromHex('3003308e023201ff01'.replace('3201ff01', '32020102'))).f,
      [3, 270, 1, 2],
    );
    assert.equal(message({ a: int(1) }).decode(fromHex('08010802')).a, 2);
  });

  it('keeps the sign of numbers and rounds only beyond 2^53', () => {
    const A = message({ a: int(1), b: uint(2) });
    for (const value of [-1, -998, 2 ** 31, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      assert.equal(A.decode(A.encode({ a: value })).a, value);
    }
    const stamp = 1_795_000_000_123_456_789n;
    const wire: number[] = [];
    for (let left = stamp; left > 0n; left >>= 7n)
      wire.push(Number(left & 0x7fn) | (left > 0x7fn ? 0x80 : 0));
    assert.ok(Math.abs(A.decode(Uint8Array.of(8, ...wire)).a - Number(stamp)) < 1000);
    assert.equal(A.decode(fromHex('10ffffffffffffffffff01')).b, 2 ** 64);
  });

  it('takes an enum of an unknown number for the first', () => {
    assert.equal(message({ m: enumeration(1, ['A', 'B']) }).decode(fromHex('0807')).m, 'A');
  });

  it('takes __proto__ for a key like any other', () => {
    const labels = message({ labels: map(1) });
    const decoded = labels.decode(fromHex('0a0e0a095f5f70726f746f5f5f120178'));
    assert.deepEqual(Object.keys(decoded.labels), ['__proto__']);
    assert.equal(Object.getPrototypeOf(decoded.labels), Object.prototype);
  });

  it('refuses bytes that are cut off or of the wrong type', () => {
    for (const [what, wire] of [
      ['a number without end', '0880'],
      ['a number of eleven bytes', '0880808080808080808080808001'],
      ['a text longer than the message', '0a05686f'],
      ['a text where a number belongs', '200a'.replace('200a', '220161')],
      ['a number where a text belongs', '0801'],
      ['an unknown wire type', 'ff07'],
    ] as const) {
      assert.throws(() => Everything.decode(fromHex(wire)), ProtobufError, what);
    }
  });

  it('gives back what it was given', () => {
    const whole = fc.maxSafeInteger();
    const value = fc.record({
      text: fc.string({ unit: 'grapheme' }),
      raw: fc.uint8Array(),
      flag: fc.boolean(),
      count: whole,
      size: fc.maxSafeNat(),
      mode: fc.constantFrom('POD', 'CONTAINER', 'NODE'),
      leaf: fc.option(fc.record({ value: whole }, { noNullPrototype: true }), { nil: undefined }),
      words: fc.array(fc.string()),
      numbers: fc.array(whole),
      leaves: fc.array(fc.record({ value: whole }, { noNullPrototype: true })),
      labels: fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        fc.string(),
        { noNullPrototype: true },
      ),
    });
    fc.assert(
      fc.property(value, (given) => {
        const decoded = Everything.decode(Everything.encode(given));
        assert.deepEqual({ ...decoded, raw: [...decoded.raw] }, { ...given, raw: [...given.raw] });
      }),
    );
  });

  it('never fails otherwise than with its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (wire) => {
        try {
          Everything.decode(wire);
        } catch (error) {
          assert.ok(error instanceof ProtobufError);
        }
      }),
    );
  });
});
