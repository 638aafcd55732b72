import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import type { DnsHandler, DnsListener, DnsSockets, DnsTransport } from '#system/dns-sockets.ts';

/** Queries being answered at once on one listener; further datagrams are dropped, and their clients ask again. */
const QUERIES_MAX = 2_000;

/** TCP clients at once on one listener; further ones are closed at once. */
const CONNECTIONS_MAX = 100;

/** How long a TCP client may be silent, in milliseconds, before it is closed. */
const IDLE_MS_MAX = 10_000;

/** The machine's own sockets. */
export const realDnsSockets: DnsSockets = { listen, exchange };

async function listen(options: { address: string; port: number; onQuery: DnsHandler }): Promise<DnsListener> {
  const connections = new Set<net.Socket>();
  const tcp = net.createServer({ noDelay: true }, (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    void serveConnection(socket, options.onQuery);
  });
  tcp.maxConnections = CONNECTIONS_MAX;
  tcp.listen({ host: options.address, port: options.port });
  await once(tcp, 'listening');
  const { port } = tcp.address() as net.AddressInfo;
  const udp = dgram.createSocket({ type: 'udp4' });
  try {
    udp.bind({ address: options.address, port });
    await once(udp, 'listening');
  } catch (error) {
    tcp.close();
    throw error;
  }
  // A connection that could not be accepted (EMFILE): its client tries again.
  tcp.on('error', () => undefined);
  serveDatagrams(udp, options.onQuery);
  return {
    port,
    async [Symbol.asyncDispose]() {
      udp.close();
      tcp.close();
      for (const connection of connections) connection.destroy();
    },
  };
}

function serveDatagrams(socket: dgram.Socket, onQuery: DnsHandler): void {
  let answering = 0;
  // An error that ICMP reported of an earlier answer: it concerns a client that is gone.
  socket.on('error', () => undefined);
  socket.on('message', (query, from) => {
    if (answering >= QUERIES_MAX) return;
    answering += 1;
    void onQuery(query, 'udp').then((answer) => {
      answering -= 1;
      // The callback keeps an unreachable client from becoming an error of the socket; a closed socket answers nobody.
      if (answer !== undefined && isOpen(socket))
        socket.send(answer, from.port, from.address, () => undefined);
    });
  });
}

function isOpen(socket: dgram.Socket): boolean {
  try {
    socket.address();
    return true;
  } catch {
    // It was closed while the answer was being made.
    return false;
  }
}

async function serveConnection(socket: net.Socket, onQuery: DnsHandler): Promise<void> {
  socket.setTimeout(IDLE_MS_MAX, () => socket.destroy());
  try {
    for await (const query of messages(socket)) {
      const answer = await onQuery(query, 'tcp');
      if (answer === undefined) break;
      socket.write(framed(answer));
    }
    socket.end();
  } catch {
    // The client broke off.
    socket.destroy();
  }
}

/** Cuts a stream into messages. A client that ends in the middle of one has its rest dropped. */
async function* messages(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0);
      yield rest.subarray(2, end);
      rest = rest.subarray(end);
    }
  }
}

function framed(message: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

async function exchange(
  query: Uint8Array,
  options: { address: string; port: number; transport: DnsTransport; timeoutMs: number; signal: AbortSignal },
): Promise<Uint8Array> {
  const deadline = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
  deadline.throwIfAborted();
  return await (options.transport === 'udp' ? exchangeDatagrams : exchangeStream)(query, {
    ...options,
    deadline,
  });
}

interface Exchange {
  readonly address: string;
  readonly port: number;
  readonly deadline: AbortSignal;
}

/** A connected socket: the system passes on only what comes from that server, and tells when nothing listens there. */
async function exchangeDatagrams(
  query: Uint8Array,
  { address, port, deadline }: Exchange,
): Promise<Uint8Array> {
  const socket = dgram.createSocket({ type: net.isIPv6(address) ? 'udp6' : 'udp4' });
  try {
    return await new Promise((resolve, reject) => {
      deadline.addEventListener('abort', () => reject(deadline.reason as Error), { once: true });
      socket.once('error', reject);
      socket.on('message', (answer) => {
        if (hasSameId(answer, query)) resolve(answer);
      });
      // Not as a callback of connect: that would be called on failure too.
      socket.once('connect', () => socket.send(query));
      socket.connect(port, address);
    });
  } finally {
    socket.on('error', () => undefined);
    socket.close();
  }
}

async function exchangeStream(query: Uint8Array, { address, port, deadline }: Exchange): Promise<Uint8Array> {
  const socket = net.connect({ host: address, port, signal: deadline, noDelay: true });
  try {
    socket.write(framed(query));
    for await (const answer of messages(socket)) if (hasSameId(answer, query)) return answer;
    throw new Error(`${address} closed the connection without an answer`);
  } finally {
    socket.destroy();
  }
}

function hasSameId(answer: Uint8Array, query: Uint8Array): boolean {
  return answer.length >= 12 && answer[0] === query[0] && answer[1] === query[1];
}
