import type { Clock } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';
import type { DnsSockets, DnsTransport } from '#system/dns-sockets.ts';
import { type Random, randomInteger } from '#system/random.ts';

/** The resolvers of a host (resolv.conf(5)). */
const RESOLV_CONF_PATH = '/etc/resolv.conf';

/** How long the list of resolvers is taken to be current, in milliseconds: a new network brings new ones. */
const RESOLVERS_MS_MAX = 5_000;

/** How many resolvers are asked, as in resolv.conf(5); further ones are not. */
const RESOLVERS_MAX = 3;

/** How long one resolver gets for one question, and all of them together, in milliseconds. Clients wait 5 seconds. */
const ATTEMPT_MS_MAX = 1_500;
const QUESTION_MS_MAX = 4_000;

/** Questions on their way at once; further ones fail at once. */
const QUESTIONS_MAX = 500;

/** After so many attempts in a row without any answer, the resolvers count as out of reach. */
const SILENT_ATTEMPTS = 3;

/** While they are out of reach, one question in so many milliseconds is let through to find out; others fail at once. */
const PROBE_INTERVAL_MS = 1_000;

export interface DnsForwarderOptions {
  readonly sockets: DnsSockets;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  /** The site's own server, which must not ask itself. */
  readonly dnsAddress: string;
  readonly signal: AbortSignal;
}

/** Asks the host's resolvers. Bytes go through as they are, but for the id, which is drawn anew. */
export interface DnsForwarder {
  /** The answer with the query's own id; undefined where none came in time: at once while no resolver is in reach. */
  forward(query: Uint8Array, transport: DnsTransport): Promise<Uint8Array | undefined>;
}

/**
 * A forwarder over the resolvers of /etc/resolv.conf, in their order, each again once while there is time. A site without
 * a connection must not hang: once the resolvers have gone silent, questions fail at once and only a probe now and then
 * waits for them, unseen by its client.
 */
export function createDnsForwarder(options: DnsForwarderOptions): DnsForwarder {
  const { clock } = options;
  const readResolvers = cachedResolvers(options);
  let questions = 0;
  let silentAttempts = 0;
  let probedAtMs = Number.NEGATIVE_INFINITY;

  async function ask(query: Uint8Array, transport: DnsTransport): Promise<Uint8Array | undefined> {
    const resolvers = await readResolvers();
    const deadlineMs = clock.monotonic() + QUESTION_MS_MAX;
    for (const address of [...resolvers, ...resolvers]) {
      const timeoutMs = Math.min(ATTEMPT_MS_MAX, deadlineMs - clock.monotonic());
      if (timeoutMs <= 0 || options.signal.aborted) break;
      try {
        const request = { address, port: 53, transport, timeoutMs, signal: options.signal };
        const answer = await options.sockets.exchange(query, request);
        silentAttempts = 0;
        return answer;
      } catch {
        // Silent, unreachable or refusing: the next one may answer; that none did is the caller's to tell.
        silentAttempts += 1;
      }
    }
    return undefined;
  }

  async function forward(query: Uint8Array, transport: DnsTransport): Promise<Uint8Array | undefined> {
    if (questions >= QUESTIONS_MAX || query.length < 12) return undefined;
    const isSilent = silentAttempts >= SILENT_ATTEMPTS;
    if (isSilent && clock.monotonic() - probedAtMs < PROBE_INTERVAL_MS) return undefined;
    probedAtMs = clock.monotonic();
    questions += 1;
    const id = randomInteger(options.random, 65_536);
    const asked = ask(withId(query, id), transport).finally(() => {
      questions -= 1;
    });
    if (isSilent) {
      void asked;
      return undefined;
    }
    const answer = await asked;
    return answer && withId(answer, Buffer.from(query).readUInt16BE(0));
  }

  return { forward };
}

/** The addresses of `nameserver` lines, in order, without the site's own server. */
export function parseResolvConf(text: string, dnsAddress: string): string[] {
  const addresses = [...text.matchAll(/^\s*nameserver\s+(\S+)/gmu)].map(([, address = '']) => address);
  return addresses.filter((address) => address !== dnsAddress).slice(0, RESOLVERS_MAX);
}

function cachedResolvers({ disk, clock, dnsAddress }: DnsForwarderOptions): () => Promise<string[]> {
  let resolvers: Promise<string[]> = Promise.resolve([]);
  let readAtMs = Number.NEGATIVE_INFINITY;
  const read = async (): Promise<string[]> => {
    // A host without the file, or with one that cannot be read just now, has no resolvers.
    const content = await disk.read(RESOLV_CONF_PATH).catch(() => undefined);
    return content === undefined ? [] : parseResolvConf(new TextDecoder().decode(content), dnsAddress);
  };
  return () => {
    if (clock.monotonic() - readAtMs >= RESOLVERS_MS_MAX) {
      readAtMs = clock.monotonic();
      resolvers = read();
    }
    return resolvers;
  };
}

function withId(message: Uint8Array, id: number): Uint8Array {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(id, 0);
  return copy;
}
