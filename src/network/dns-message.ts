import * as packet from 'dns-packet';
import type { DnsRecord } from '#network/dns-answer.ts';
import { TTL_SECONDS } from '#network/dns-answer.ts';
import { CLUSTER_DOMAIN } from '#network/site-network.ts';

/** The largest answer over UDP, in bytes: to clients without EDNS (RFC 1035), and to any (DNS Flag Day 2020). */
const UDP_BYTES_PLAIN = 512;
const UDP_BYTES_MAX = 1_232;

/** Response codes (IANA, DNS RCODEs). */
export const RCODES = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  badVersion: 16,
} as const;

/** A query as far as it matters here. */
export interface DnsQuery {
  readonly id: number;
  readonly question: packet.Question;
  readonly recursionDesired: boolean;
  /** Absent where the client does not speak EDNS (RFC 6891). */
  readonly edns?: { readonly version: number; readonly udpBytesMax: number; readonly dnssec: boolean };
}

/** A query that cannot be answered as asked; `code` says why. */
export interface BadQuery {
  readonly id: number;
  readonly code: number;
}

/** Reads a query. Undefined for what must not be answered: fragments, and messages that are answers themselves. */
export function decodeQuery(bytes: Uint8Array): DnsQuery | BadQuery | undefined {
  if (bytes.length < 12) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const id = buffer.readUInt16BE(0);
  const flags = buffer.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return undefined;
  if ((flags & 0x7800) !== 0) return { id, code: RCODES.notImplemented };
  if (buffer.readUInt16BE(4) !== 1) return { id, code: RCODES.formatError };
  try {
    const { questions: [question] = [], additionals = [] } = packet.decode(buffer);
    if (question === undefined) return { id, code: RCODES.formatError };
    const edns = additionals.find((record) => record.type === 'OPT');
    return {
      id,
      question,
      recursionDesired: (flags & packet.RECURSION_DESIRED) !== 0,
      ...(edns?.type === 'OPT'
        ? { edns: { version: edns.ednsVersion, udpBytesMax: edns.udpPayloadSize, dnssec: edns.flag_do } }
        : {}),
    };
  } catch {
    // Not a DNS message that anyone could read.
    return { id, code: RCODES.formatError };
  }
}

/** What is to be said to a query. */
export interface DnsReply {
  readonly code: number;
  /** The zone that the site speaks for; absent where it passes on what others said. */
  readonly zone?: string;
  readonly answers: readonly packet.Answer[];
  readonly additionals: readonly packet.Answer[];
}

/**
 * The reply in wire form. Over UDP it is cut to what the client takes: additional records go first, then answers from
 * the end, with the truncation flag, so that clients without TCP still have some. An authoritative reply without answers
 * carries the zone's SOA, which says how long to remember that.
 */
export function encodeReply(query: DnsQuery, reply: DnsReply, transport: 'udp' | 'tcp'): Uint8Array {
  const bytesMax = transport === 'tcp' ? 65_535 : udpBytesMax(query);
  const { answers, additionals } = reply;
  const whole = encode(query, reply, { truncated: false });
  if (whole.length <= bytesMax) return whole;
  if (additionals.length > 0) return encodeReply(query, { ...reply, additionals: [] }, transport);
  const bytesEach = whole.length / answers.length;
  for (let kept = Math.min(answers.length - 1, Math.ceil(bytesMax / bytesEach)); ; kept--) {
    const cut = encode(query, { ...reply, answers: answers.slice(0, kept) }, { truncated: true });
    if (cut.length <= bytesMax || kept <= 0) return cut;
  }
}

/** A reply to what could not be read: a header alone. */
export function encodeRefusal({ id, code }: BadQuery): Uint8Array {
  return packet.encode({ type: 'response', id, flags: code });
}

/** A record of the site's own zone in the codec's form. */
export function toAnswer(record: DnsRecord): packet.Answer {
  switch (record.type) {
    case 'SOA':
      return startOfAuthority(record.name);
    case 'SRV':
      return { ...record, ttl: TTL_SECONDS, data: { ...record.data, priority: 0, weight: 100 } };
    case 'TXT':
      return { name: record.name, type: 'TXT', ttl: TTL_SECONDS, data: record.data };
    case 'A':
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return { name: record.name, type: record.type, ttl: TTL_SECONDS, data: record.data };
  }
}

function udpBytesMax({ edns }: DnsQuery): number {
  return edns === undefined
    ? UDP_BYTES_PLAIN
    : Math.min(Math.max(edns.udpBytesMax, UDP_BYTES_PLAIN), UDP_BYTES_MAX);
}

function encode(query: DnsQuery, reply: DnsReply, { truncated }: { truncated: boolean }): Uint8Array {
  const flags =
    (reply.code & 0xf) |
    packet.RECURSION_AVAILABLE |
    (query.recursionDesired ? packet.RECURSION_DESIRED : 0) |
    (reply.zone === undefined ? 0 : packet.AUTHORITATIVE_ANSWER) |
    (truncated ? packet.TRUNCATED_RESPONSE : 0);
  return packet.encode({
    type: 'response',
    id: query.id,
    flags,
    questions: [query.question],
    answers: [...reply.answers],
    authorities:
      reply.zone !== undefined && reply.answers.length === 0 && !truncated
        ? [startOfAuthority(reply.zone)]
        : [],
    additionals: [
      ...reply.additionals,
      ...(query.edns === undefined ? [] : [optRecord(reply.code, query.edns.dnssec)]),
    ],
  });
}

function optRecord(code: number, dnssec: boolean): packet.OptAnswer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: UDP_BYTES_MAX,
    extendedRcode: code >> 4,
    ednsVersion: 0,
    flags: dnssec ? packet.DNSSEC_OK : 0,
    flag_do: dnssec,
    options: [],
  };
}

function startOfAuthority(zone: string): packet.Answer {
  return {
    type: 'SOA',
    name: zone,
    ttl: TTL_SECONDS,
    data: {
      mname: `ns.dns.${CLUSTER_DOMAIN}`,
      rname: `hostmaster.${CLUSTER_DOMAIN}`,
      serial: 1,
      refresh: 7_200,
      retry: 1_800,
      expire: 86_400,
      minimum: TTL_SECONDS,
    },
  };
}
