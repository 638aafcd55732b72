import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cidrFamily, ipFamily } from '#api/ip-syntax.ts';

test('addresses by family', () => {
  for (const text of ['0.0.0.0', '10.9.8.7', '255.255.255.255']) assert.equal(ipFamily(text), 'IPv4', text);
  for (const text of [
    '::',
    '::1',
    '2001:db8::ffff',
    '1:2:3:4:5:6:7:8',
    '::ffff:10.0.0.1',
    '1::8',
    'FE80::A',
  ]) {
    assert.equal(ipFamily(text), 'IPv6', text);
  }
  const bad = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.4 ',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '10.0.0.1::',
  ];
  for (const text of bad) assert.equal(ipFamily(text), undefined, text);
});

test('networks by family', () => {
  assert.equal(cidrFamily('10.0.0.0/8'), 'IPv4');
  assert.equal(cidrFamily('::/0'), 'IPv6');
  for (const text of [
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '::/129',
    '10.0.0.0/',
    '/8',
    '10.0.0.0/8/8',
  ]) {
    assert.equal(cidrFamily(text), undefined, text);
  }
});
