import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DnsHandler, DnsListener } from '#system/dns-sockets.ts';
import { realDnsSockets } from '#system/real-dns-sockets.ts';

const QUERY = Buffer.from('0102030405060708090a0b0c0d', 'hex');
const never = new AbortController().signal;

function listen(onQuery: DnsHandler): Promise<DnsListener> {
  return realDnsSockets.listen({ address: '127.0.0.1', port: 0, onQuery });
}

test('a query is answered over UDP and over TCP on the same port', async () => {
  await using listener = await listen(async (query, transport) =>
    Buffer.concat([query, Buffer.from(transport)]),
  );
  for (const transport of ['udp', 'tcp'] as const) {
    const options = { address: '127.0.0.1', port: listener.port, transport, timeoutMs: 1_000, signal: never };
    const answer = await realDnsSockets.exchange(QUERY, options);
    assert.equal(Buffer.from(answer).toString('latin1').slice(-3), transport);
  }
});

test('a message of the longest size passes over TCP', async () => {
  const long = Buffer.concat([QUERY, Buffer.alloc(65_000, 7)]);
  await using listener = await listen(async () => long);
  const options = {
    address: '127.0.0.1',
    port: listener.port,
    transport: 'tcp' as const,
    timeoutMs: 1_000,
    signal: never,
  };
  assert.deepEqual(Buffer.from(await realDnsSockets.exchange(QUERY, options)), long);
});

test('an answer with another id is not taken', async () => {
  await using listener = await listen(async () => Buffer.alloc(20, 9));
  const options = {
    address: '127.0.0.1',
    port: listener.port,
    transport: 'udp' as const,
    timeoutMs: 50,
    signal: never,
  };
  await assert.rejects(realDnsSockets.exchange(QUERY, options), { name: 'TimeoutError' });
});

test('a server that does not answer, or does not listen, is an error in time', async () => {
  const listener = await listen(async () => undefined);
  const { port } = listener;
  for (const transport of ['udp', 'tcp'] as const) {
    await assert.rejects(
      realDnsSockets.exchange(QUERY, { address: '127.0.0.1', port, transport, timeoutMs: 50, signal: never }),
    );
  }
  await listener[Symbol.asyncDispose]();
  for (const transport of ['udp', 'tcp'] as const) {
    await assert.rejects(
      realDnsSockets.exchange(QUERY, {
        address: '127.0.0.1',
        port,
        transport,
        timeoutMs: 5_000,
        signal: never,
      }),
      { code: 'ECONNREFUSED' },
    );
  }
});

test("an address that is in use, or not the machine's, is refused by its error code", async () => {
  await using listener = await listen(async () => undefined);
  const onQuery: DnsHandler = async () => undefined;
  await assert.rejects(realDnsSockets.listen({ address: '127.0.0.1', port: listener.port, onQuery }), {
    code: 'EADDRINUSE',
  });
  await assert.rejects(realDnsSockets.listen({ address: '192.0.2.250', port: 0, onQuery }), {
    code: 'EADDRNOTAVAIL',
  });
});
