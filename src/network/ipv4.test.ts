import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  blockOf,
  blocksWithin,
  contains,
  formatBlock,
  formatIpv4,
  outermost,
  overlaps,
  parseBlock,
  parseIpv4,
} from '#network/ipv4.ts';

test('every address is read back as it is written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => parseIpv4(formatIpv4(value)) === value),
  );
});

test('anything but four plain octets is no address', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.',
    ' 1.2.3.4',
    '1.2.3.4/24',
    '::1',
    'a.b.c.d',
    '1..2.3',
  ]) {
    assert.equal(parseIpv4(text), undefined, text);
  }
});

test('a block drops host bits, and an address is a block of one', () => {
  assert.equal(formatBlock(blockOf('10.60.1.77/24')), '10.60.1.0/24');
  assert.equal(formatBlock(blockOf('10.60.1.77')), '10.60.1.77/32');
  assert.equal(formatBlock(blockOf('200.1.2.3/0')), '0.0.0.0/0');
  for (const text of ['10.0.0.0/33', '10.0.0.0/', '10.0.0/8', 'default', '10.0.0.0/8/8', 'fd00::/8']) {
    assert.equal(parseBlock(text), undefined, text);
    assert.throws(() => blockOf(text), new RegExp(`"${text}" is not an IPv4 network`, 'u'));
  }
});

test('blocks overlap where one holds the other', () => {
  const cases: [string, string, boolean][] = [
    ['10.60.0.0/16', '10.60.1.0/24', true],
    ['10.60.1.0/24', '10.60.0.0/16', true],
    ['10.60.1.0/24', '10.60.2.0/24', false],
    ['0.0.0.0/0', '255.255.255.255', true],
  ];
  for (const [a, b, expected] of cases) assert.equal(overlaps(blockOf(a), blockOf(b)), expected, `${a} ${b}`);
  assert.ok(contains(blockOf('192.168.0.0/16'), parseIpv4('192.168.255.255') ?? 0));
});

test('a pool gives its blocks in order, and none larger than itself', () => {
  const blocks = [...blocksWithin(blockOf('10.60.0.0/22'), 24)].map(formatBlock);
  assert.deepEqual(blocks, ['10.60.0.0/24', '10.60.1.0/24', '10.60.2.0/24', '10.60.3.0/24']);
  assert.deepEqual([...blocksWithin(blockOf('10.60.0.0/25'), 24)], []);
});

test('the outermost blocks hold the same addresses without overlap', () => {
  const blocks = ['10.61.1.0/24', '10.60.0.0/16', '10.60.1.0/24', '10.60.0.0/16'].map(blockOf);
  assert.deepEqual(outermost(blocks).map(formatBlock), ['10.60.0.0/16', '10.61.1.0/24']);
});
