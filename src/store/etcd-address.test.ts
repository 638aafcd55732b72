import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEtcdMembers } from '#store/etcd-address.ts';

test('members of an etcd are read, with the port that etcd has by itself', () => {
  assert.deepEqual(
    parseEtcdMembers('https://192.0.2.1:2379, https://etcd.example:443,https://[2001:db8::1]'),
    [
      { host: '192.0.2.1', port: 2379, secure: true },
      { host: 'etcd.example', port: 443, secure: true },
      { host: '2001:db8::1', port: 2379, secure: true },
    ],
  );
  assert.deepEqual(parseEtcdMembers('http://127.0.0.1'), [{ host: '127.0.0.1', port: 2379, secure: false }]);
});

test('what is no member is refused with what was expected', () => {
  for (const [text, message] of [
    ['', /is no address of etcd/],
    ['192.0.2.1:2379', /is no address of etcd/],
    ['https://192.0.2.1/path', /is no address of etcd/],
    ['ftp://192.0.2.1', /is no address of etcd/],
    ['http://192.0.2.1:2379', /without TLS on loopback only/],
    ['http://127.0.0.1,https://127.0.0.2', /mixes http and https/],
    [Array.from({ length: 10 }, (_, n) => `https://192.0.2.${n}`).join(), /at most 9/],
  ] as const) {
    assert.throws(() => parseEtcdMembers(text), message);
  }
});
