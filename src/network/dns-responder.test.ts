import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as packet from 'dns-packet';
import fc from 'fast-check';
import { clusterNames } from '#network/cluster-names.ts';
import type { DnsForwarder } from '#network/dns-forwarder.ts';
import { createDnsResponder } from '#network/dns-responder.ts';
import { service, slice, testNetwork } from '#network/service-objects.fixture.ts';
import { rangesOf } from '#network/site-network.ts';
import type { DnsHandler } from '#system/dns-sockets.ts';

const many = Array.from({ length: 60 }, (_, index) => `10.60.1.${index + 10}`);
const names = clusterNames({
  services: [
    service('web', '10.61.1.10'),
    service('many', 'None'),
    service('inner', '', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }),
    service('outer', '', { type: 'ExternalName', externalName: 'www.example.com' }),
    service('loop', '', { type: 'ExternalName', externalName: 'loop.default.svc.cluster.local' }),
  ],
  slices: [slice('web', ['10.60.1.5']), slice('many', many)],
  pods: [],
});

function responder(forward: DnsForwarder['forward'] = async () => undefined): DnsHandler {
  const lookup = { names, ranges: rangesOf(testNetwork), dnsAddress: '10.60.1.1' };
  return createDnsResponder({ lookup: () => lookup, forwarder: { forward } });
}

interface Asked {
  readonly id?: number;
  readonly type?: packet.RecordType;
  readonly edns?: number;
  readonly ednsVersion?: number;
  readonly questionClass?: packet.RecordClass;
}

function queryOf(
  name: string,
  { id = 7, type = 'A', edns, ednsVersion = 0, questionClass = 'IN' }: Asked = {},
): Buffer {
  const opt: packet.OptAnswer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: edns ?? 0,
    extendedRcode: 0,
    ednsVersion,
    flags: 0,
    flag_do: false,
    options: [],
  };
  return packet.encode({
    type: 'query',
    id,
    flags: packet.RECURSION_DESIRED,
    questions: [{ name, type, class: questionClass }],
    additionals: edns === undefined ? [] : [opt],
  });
}

type Decoded = packet.DecodedPacket & { rcode: string };

async function ask(
  handler: DnsHandler,
  query: Buffer,
  transport: 'udp' | 'tcp' = 'udp',
): Promise<Decoded & { size: number }> {
  const bytes = await handler(query, transport);
  assert.ok(bytes !== undefined);
  return { ...(packet.decode(Buffer.from(bytes)) as Decoded), size: bytes.length };
}

const dataOf = (answers: packet.Answer[] | undefined): unknown[] =>
  (answers ?? []).map((answer) => ('data' in answer ? answer.data : undefined));

test('a name of the site is answered with authority, the id and the question as asked', async () => {
  const answer = await ask(responder(), queryOf('Web.default.SVC.cluster.local', { id: 4242 }));
  assert.deepEqual(
    [answer.id, answer.flag_qr, answer.flag_aa, answer.flag_ra, answer.flag_rd],
    [4242, true, true, true, true],
  );
  assert.equal(answer.questions?.[0]?.name, 'Web.default.SVC.cluster.local');
  assert.deepEqual(dataOf(answer.answers), ['10.61.1.10']);
});

test('a denial and an empty answer carry the SOA with a short memory', async () => {
  for (const [name, rcode] of [
    ['none.default.svc.cluster.local', 'NXDOMAIN'],
    ['default.svc.cluster.local', 'NOERROR'],
  ] as const) {
    const answer = await ask(responder(), queryOf(name));
    assert.equal(answer.rcode, rcode);
    assert.deepEqual(
      answer.authorities?.map((record) => [record.type, record.name, 'ttl' in record && record.ttl]),
      [['SOA', 'cluster.local', 5]],
    );
  }
});

test('an answer is cut to what the client takes over UDP, and whole over TCP', async () => {
  const name = 'many.default.svc.cluster.local';
  for (const [edns, sizeMax] of [
    [undefined, 512],
    [200, 512],
    [1_232, 1_232],
    [4_096, 1_232],
  ] as const) {
    const cut = await ask(responder(), queryOf(name, edns === undefined ? {} : { edns }));
    assert.equal(cut.flag_tc, true);
    assert.ok(cut.size <= sizeMax && cut.size > sizeMax - 64, `${cut.size} bytes of ${sizeMax}`);
  }
  const whole = await ask(responder(), queryOf(name), 'tcp');
  assert.equal(whole.flag_tc, false);
  assert.deepEqual(dataOf(whole.answers).toSorted(), many.toSorted());
});

test('answers start at another one for other queries', async () => {
  const firsts = new Set<unknown>();
  for (let id = 0; id < 60; id++)
    firsts.add(
      dataOf((await ask(responder(), queryOf('many.default.svc.cluster.local', { id }), 'tcp')).answers)[0],
    );
  assert.equal(firsts.size, 60);
});

test('EDNS is answered with EDNS, an unknown version of it with BADVERS', async () => {
  const answer = await ask(responder(), queryOf('web.default.svc.cluster.local', { edns: 4_096 }));
  assert.equal(answer.additionals?.find(({ type }) => type === 'OPT')?.name, '.');
  const refused = await ask(
    responder(),
    queryOf('web.default.svc.cluster.local', { edns: 4_096, ednsVersion: 1 }),
  );
  const opt = refused.additionals?.find((record) => record.type === 'OPT');
  assert.equal(opt?.type === 'OPT' && opt.extendedRcode, 1);
  assert.deepEqual(refused.answers, []);
  assert.deepEqual((await ask(responder(), queryOf('web.default.svc.cluster.local'))).additionals, []);
});

test('other names go to the resolvers byte for byte, and fail where these do not answer', async () => {
  const seen: [string, string][] = [];
  const echo = responder(async (bytes, transport) => {
    seen.push([Buffer.from(bytes).toString('hex'), transport]);
    return packet.encode({
      type: 'response',
      id: 7,
      answers: [{ type: 'A', name: 'example.com', data: '192.0.2.1' }],
    });
  });
  const query = queryOf('example.com', { edns: 1_400 });
  assert.deepEqual(dataOf((await ask(echo, query, 'tcp')).answers), ['192.0.2.1']);
  assert.deepEqual(seen, [[query.toString('hex'), 'tcp']]);
  assert.equal((await ask(responder(), query)).rcode, 'SERVFAIL');
  assert.equal(
    (await ask(responder(), queryOf('web.default.svc.cluster.local', { questionClass: 'CH' }))).rcode,
    'SERVFAIL',
  );
});

test('names that stand for others are followed, within the site and beyond', async () => {
  const inner = await ask(responder(), queryOf('inner.default.svc.cluster.local'));
  assert.deepEqual(dataOf(inner.answers), ['web.default.svc.cluster.local', '10.61.1.10']);
  const resolver: DnsForwarder['forward'] = async (bytes) => {
    const [question] = packet.decode(Buffer.from(bytes)).questions ?? [];
    assert.deepEqual([question?.name, question?.type], ['www.example.com', 'A']);
    return packet.encode({
      type: 'response',
      answers: [{ type: 'A', name: 'www.example.com', data: '192.0.2.7' }],
    });
  };
  assert.deepEqual(
    dataOf((await ask(responder(resolver), queryOf('outer.default.svc.cluster.local'))).answers),
    ['www.example.com', '192.0.2.7'],
  );
  assert.equal((await ask(responder(), queryOf('outer.default.svc.cluster.local'))).rcode, 'SERVFAIL');
  assert.equal((await ask(responder(), queryOf('loop.default.svc.cluster.local'))).rcode, 'SERVFAIL');
});

test('what is no query gets no answer, or says what is wrong with it', async () => {
  const handler = responder();
  assert.equal(await handler(Buffer.alloc(11), 'udp'), undefined);
  assert.equal(await handler(packet.encode({ type: 'response', id: 1 }), 'udp'), undefined);
  assert.equal((await ask(handler, packet.encode({ type: 'query', id: 1, questions: [] }))).rcode, 'FORMERR');
  assert.equal(
    (await ask(handler, queryOf('web.default.svc.cluster.local').subarray(0, 20))).rcode,
    'FORMERR',
  );
  const update = queryOf('web.default.svc.cluster.local');
  update.writeUInt16BE(0x2800, 2);
  assert.equal((await ask(handler, update)).rcode, 'NOTIMP');
});

test('no bytes make it throw', async () => {
  const handler = responder();
  const base = queryOf('_http._tcp.web.default.svc.cluster.local', { edns: 4_096, type: 'SRV' });
  const mangled = fc
    .array(fc.tuple(fc.integer({ min: 2, max: base.length - 1 }), fc.integer({ min: 0, max: 255 })), {
      maxLength: 6,
    })
    .map((changes) => {
      const copy = Buffer.from(base);
      for (const [at, value] of changes) copy[at] = value;
      return copy;
    });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        mangled,
        fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
      ),
      async (bytes) => {
        const answer = await handler(bytes, 'udp');
        if (answer !== undefined) assert.ok(answer.length >= 12 && answer.length <= 1_232);
      },
    ),
    { numRuns: 2_000 },
  );
});
