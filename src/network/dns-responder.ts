import * as packet from 'dns-packet';
import { answerQuestion, type DnsLookup } from '#network/dns-answer.ts';
import type { DnsForwarder } from '#network/dns-forwarder.ts';
import {
  type DnsQuery,
  type DnsReply,
  decodeQuery,
  encodeRefusal,
  encodeReply,
  RCODES,
  toAnswer,
} from '#network/dns-message.ts';
import type { DnsHandler, DnsTransport } from '#system/dns-sockets.ts';

/** Names that stand for names that stand for names: followed so far, then given up. */
const ALIASES_MAX = 8;

export interface DnsResponderOptions {
  /** The site's names as of now. */
  readonly lookup: () => DnsLookup;
  readonly forwarder: DnsForwarder;
}

/**
 * Answers DNS messages: names of the site from its objects, all else from the host's resolvers, SERVFAIL where these do
 * not answer. Names that stand for others (ExternalName) are followed, as clients expect of a resolver.
 */
export function createDnsResponder(options: DnsResponderOptions): DnsHandler {
  return async (bytes, transport) => {
    const query = decodeQuery(bytes);
    if (query === undefined) return undefined;
    if (!('question' in query)) return encodeRefusal(query);
    const reply = await replyTo(query, options);
    if (reply !== 'elsewhere') return encodeReply(query, rotate(reply, query), transport);
    const passedOn = await options.forwarder.forward(bytes, transport);
    return passedOn ?? encodeReply(query, failure(RCODES.serverFailure), transport);
  };
}

async function replyTo(query: DnsQuery, options: DnsResponderOptions): Promise<DnsReply | 'elsewhere'> {
  if (query.edns !== undefined && query.edns.version > 0) return failure(RCODES.badVersion);
  const { name, type, class: questionClass = 'IN' } = query.question;
  return questionClass === 'IN' ? await resolve({ name, type }, options) : 'elsewhere';
}

function failure(code: number): DnsReply {
  return { code, answers: [], additionals: [] };
}

async function resolve(
  question: packet.Question,
  options: DnsResponderOptions,
): Promise<DnsReply | 'elsewhere'> {
  const answers: packet.Answer[] = [];
  const { type } = question;
  let { name } = question;
  for (let aliases = 0; aliases <= ALIASES_MAX; aliases++) {
    const answer = answerQuestion({ name, type }, options.lookup());
    switch (answer.type) {
      case 'alias':
        answers.push(...answer.records.map(toAnswer));
        name = answer.target;
        break;
      case 'records':
        answers.push(...answer.records.map(toAnswer));
        return {
          code: RCODES.noError,
          zone: answer.zone,
          answers,
          additionals: answer.additionals.map(toAnswer),
        };
      case 'noSuchName':
        return { code: RCODES.noSuchName, zone: answer.zone, answers, additionals: [] };
      case 'elsewhere':
        if (aliases === 0) return 'elsewhere';
        return await completeElsewhere({ name, type }, answers, options.forwarder);
    }
  }
  return { code: RCODES.serverFailure, answers, additionals: [] };
}

/** The rest of an answer whose names lead out of the site. */
async function completeElsewhere(
  question: packet.Question,
  answers: readonly packet.Answer[],
  forwarder: DnsForwarder,
): Promise<DnsReply> {
  const query = packet.encode({
    type: 'query',
    id: 0,
    flags: packet.RECURSION_DESIRED,
    questions: [question],
  });
  const short = await askFor(query, 'udp', forwarder);
  const found = short === 'cut' ? await askFor(query, 'tcp', forwarder) : short;
  if (found === undefined || found === 'cut') return { code: RCODES.serverFailure, answers, additionals: [] };
  return { code: found.code, answers: [...answers, ...found.answers], additionals: [] };
}

/** What the resolvers say; undefined where nothing came that can be read, `cut` where it was too long to come whole. */
async function askFor(
  query: Uint8Array,
  transport: DnsTransport,
  forwarder: DnsForwarder,
): Promise<{ code: number; answers: packet.Answer[] } | 'cut' | undefined> {
  const bytes = await forwarder.forward(query, transport);
  if (bytes === undefined) return undefined;
  try {
    const buffer = Buffer.from(bytes);
    const { flag_tc: isCut, answers = [] } = packet.decode(buffer);
    return isCut ? 'cut' : { code: buffer.readUInt16BE(2) & 0xf, answers };
  } catch {
    // A resolver that cannot be understood has not answered.
    return undefined;
  }
}

/** Starts the answers at another one for each query, as its random id has it: clients often take the first. */
function rotate(reply: DnsReply, query: DnsQuery): DnsReply {
  const { answers } = reply;
  if (answers.length < 2 || answers.some(({ type }) => type === 'CNAME')) return reply;
  const start = query.id % answers.length;
  return { ...reply, answers: [...answers.slice(start), ...answers.slice(0, start)] };
}
