import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDnsForwarder, type DnsForwarder, parseResolvConf } from '#network/dns-forwarder.ts';
import { sleep } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';
import type { DnsSockets } from '#system/dns-sockets.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

const QUERY = Buffer.from('abcd01000001000000000000', 'hex');

/** Resolvers by address: an answer after so many milliseconds, or undefined for none. */
function start(behaviour: { resolvConf?: string; delaysMs: Record<string, number | undefined> }): {
  clock: SimulatedClock;
  asked: string[];
  forwarder: DnsForwarder;
  settle: (
    promise: Promise<Uint8Array | undefined>,
  ) => Promise<{ answer: Uint8Array | undefined; tookMs: number }>;
  resolvConf: { text: string | undefined };
} {
  const clock = new SimulatedClock();
  const asked: string[] = [];
  const resolvConf = { text: behaviour.resolvConf ?? 'nameserver 192.0.2.1\nnameserver 192.0.2.2\n' };
  const exchange: DnsSockets['exchange'] = async (query, { address, timeoutMs, signal }) => {
    asked.push(address);
    assert.notDeepEqual(Buffer.from(query).subarray(0, 2), QUERY.subarray(0, 2), 'the id is drawn anew');
    const delayMs = behaviour.delaysMs[address];
    await sleep(clock, Math.min(delayMs ?? timeoutMs, timeoutMs), signal);
    if (delayMs === undefined || delayMs > timeoutMs) throw new Error('no answer');
    return Buffer.concat([Buffer.from(query), Buffer.from(address)]);
  };
  const disk = { read: async () => Buffer.from(resolvConf.text) } as unknown as Disk;
  const sockets = { exchange, listen: () => assert.fail() } as DnsSockets;
  const { signal } = new AbortController();
  const forwarder = createDnsForwarder({
    sockets,
    disk,
    clock,
    random: seededRandom(3),
    dnsAddress: '10.60.1.1',
    signal,
  });
  const settle = async (
    promise: Promise<Uint8Array | undefined>,
  ): Promise<{ answer: Uint8Array | undefined; tookMs: number }> => {
    const startMs = clock.monotonic();
    let result: { answer: Uint8Array | undefined; tookMs: number } | undefined;
    void promise.then((answer) => {
      result = { answer, tookMs: clock.monotonic() - startMs };
    });
    for (let waitedMs = 0; result === undefined && waitedMs < 10_000; waitedMs += 50)
      await clock.advance(waitedMs === 0 ? 0 : 50);
    assert.ok(result !== undefined, 'a question ends within 10 s');
    return result;
  };
  return { clock, asked, forwarder, settle, resolvConf };
}

test('resolv.conf names at most three resolvers, and never the site itself', () => {
  const text =
    '# nameserver 1.1.1.1\nsearch example.com\nnameserver 10.60.1.1\n nameserver\t192.0.2.1 \nnameserver fe80::1%eth0\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n';
  assert.deepEqual(parseResolvConf(text, '10.60.1.1'), ['192.0.2.1', 'fe80::1%eth0', '192.0.2.3']);
});

test("the first resolver answers, with the client's id", async () => {
  const { forwarder, asked, settle } = start({ delaysMs: { '192.0.2.1': 20 } });
  const { answer } = await settle(forwarder.forward(QUERY, 'udp'));
  assert.equal(Buffer.from(answer ?? []).toString('latin1', 12), '192.0.2.1');
  assert.deepEqual(Buffer.from(answer ?? []).subarray(0, 12), QUERY);
  assert.deepEqual(asked, ['192.0.2.1']);
});

test('the next resolver is asked where one is silent, and one that recovers a second time', async () => {
  const delaysMs: Record<string, number | undefined> = { '192.0.2.2': 20 };
  const { forwarder, asked, settle } = start({ delaysMs });
  assert.equal((await settle(forwarder.forward(QUERY, 'udp'))).tookMs, 1_520);
  assert.deepEqual(asked, ['192.0.2.1', '192.0.2.2']);
});

test('a host without resolvers gets no answer at once', async () => {
  const { forwarder, settle } = start({ resolvConf: 'search example.com\n', delaysMs: {} });
  assert.deepEqual(await settle(forwarder.forward(QUERY, 'udp')), { answer: undefined, tookMs: 0 });
});

test('a question ends in 4 s where no resolver answers; the next ones at once, but for a probe now and then', async () => {
  const delaysMs: Record<string, number | undefined> = {};
  const { clock, forwarder, asked, settle } = start({ delaysMs });
  assert.deepEqual(await settle(forwarder.forward(QUERY, 'udp')), { answer: undefined, tookMs: 4_000 });
  asked.length = 0;
  for (let i = 0; i < 100; i++) assert.equal((await settle(forwarder.forward(QUERY, 'udp'))).tookMs, 0);
  await clock.advance(100);
  assert.deepEqual(asked, ['192.0.2.1'], 'one question is a probe');
  await clock.advance(10_000);
  delaysMs['192.0.2.1'] = 20;
  assert.equal((await settle(forwarder.forward(QUERY, 'udp'))).answer, undefined);
  await clock.advance(100);
  assert.ok(
    (await settle(forwarder.forward(QUERY, 'udp'))).answer !== undefined,
    'the probe has found the resolver again',
  );
});

test('a resolver that a new network brings is found within seconds', async () => {
  const { clock, forwarder, settle, resolvConf } = start({
    resolvConf: 'nameserver 192.0.2.1\n',
    delaysMs: { '192.0.2.1': 1, '192.0.2.9': 1 },
  });
  await settle(forwarder.forward(QUERY, 'udp'));
  resolvConf.text = 'nameserver 192.0.2.9\n';
  await clock.advance(5_000);
  const { answer } = await settle(forwarder.forward(QUERY, 'udp'));
  assert.equal(Buffer.from(answer ?? []).toString('latin1', 12), '192.0.2.9');
});

test('questions beyond the limit fail at once', async () => {
  const { forwarder, settle } = start({ delaysMs: { '192.0.2.1': 1_000 } });
  const pending = Array.from({ length: 500 }, () => forwarder.forward(QUERY, 'udp'));
  assert.deepEqual(await settle(forwarder.forward(QUERY, 'udp')), { answer: undefined, tookMs: 0 });
  assert.ok((await settle(Promise.all(pending).then((answers) => answers.at(-1)))).answer !== undefined);
});
