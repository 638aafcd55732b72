import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { HttpResponse, HttpSink } from '#system/http-exchange.ts';

/** Where a request goes on to. The certificate of an `https` server is not verified: it is known by its address alone. */
export interface ForwardTarget {
  readonly scheme: 'http' | 'https';
  /** An IP address. */
  readonly address: string;
  readonly port: number;
}

/** One request on its way to another server. */
export interface ForwardedRequest {
  readonly target: ForwardTarget;
  readonly method: string;
  /** Path and query, as they stand on the request line. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Passes a request on. Resolves once the answer has begun, whose body follows as it comes; rejects where none came. */
export type Forward = (request: ForwardedRequest) => Promise<HttpResponse>;

/** How long a connection may take to be made, in milliseconds; then it has failed. */
const CONNECT_MS_MAX = 30_000;

/** How long a server may take to begin its answer, in milliseconds; then the request has failed. */
const ANSWER_MS_MAX = 10 * 60_000;

/** Bytes of an answer that may wait for a slow reader; above this no more is read until he has taken them. */
const BUFFER_BYTES_MAX = 256 * 1024;

/** Headers that speak of one connection, and are not passed on (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The headers of a message that may go on: without those of its connection, and those that its `Connection` names. */
export function endToEndHeaders<T>(headers: Readonly<Record<string, T>>): Record<string, T> {
  const named = String(headers['connection'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name) && !named.includes(name));
  return Object.fromEntries(kept) as Record<string, T>;
}

/** Real forwarding, each request over a connection of its own. */
export const forwardHttp: Forward = ({ target, method, path, headers, body }) => {
  const send = target.scheme === 'https' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = send(
      {
        host: target.address,
        port: target.port,
        method,
        path,
        headers: {
          ...endToEndHeaders(headers),
          ...(body.length > 0 ? { 'content-length': String(body.length) } : {}),
        },
        agent: false,
        rejectUnauthorized: false,
      },
      (incoming) => {
        clearTimeout(patience);
        resolve(answerOf(incoming));
      },
    );
    outgoing.on('socket', (socket: Socket) => limitConnect(socket, target));
    const patience = setTimeout(() => outgoing.destroy(new Error('i/o timeout')), ANSWER_MS_MAX);
    outgoing.on('error', (error) => {
      clearTimeout(patience);
      reject(error);
    });
    outgoing.end(body);
  });
};

function limitConnect(socket: Socket, { address, port }: ForwardTarget): void {
  socket.setTimeout(CONNECT_MS_MAX, () =>
    socket.destroy(new Error(`dial tcp ${address}:${port}: i/o timeout`)),
  );
  socket.once('connect', () => socket.setTimeout(0));
}

function answerOf(incoming: IncomingMessage): HttpResponse {
  const { 'set-cookie': cookies, ...headers } = endToEndHeaders<IncomingHttpHeaders[string]>(
    incoming.headers,
  );
  const plain = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  return {
    status: incoming.statusCode ?? 502,
    headers: Object.fromEntries(plain) as Record<string, string>,
    ...(Array.isArray(cookies) ? { cookies } : {}),
    body: { type: 'stream', start: (sink) => pass(incoming, sink) },
  };
}

function pass(incoming: IncomingMessage, sink: HttpSink): void {
  sink.closed.addEventListener('abort', () => incoming.destroy(), { once: true });
  incoming.on('data', (piece: Uint8Array) => {
    sink.write(piece);
    if (sink.bufferedBytes <= BUFFER_BYTES_MAX) return;
    incoming.pause();
    void sink.drained().then(() => incoming.resume());
  });
  incoming.on('end', () => sink.end());
  // A broken answer must not look like a whole one.
  incoming.on('error', () => sink.destroy());
}

/** An upgraded connection on its way to another server. */
export interface ForwardedUpgrade {
  readonly target: ForwardTarget;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The whole answer, as it stands on the wire, where the server cannot be reached. */
  readonly refusal: (error: Error) => Uint8Array;
}

/** Repeats an upgrade request to its target, and copies what follows both ways, whatever it is. Either end closing closes the other. */
export function spliceUpgrade(
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  { target, method, path, headers, refusal }: ForwardedUpgrade,
): void {
  const where = { host: target.address, port: target.port };
  const upstream =
    target.scheme === 'https' ? connectTls({ ...where, rejectUnauthorized: false }) : connectTcp(where);
  limitConnect(upstream, target);
  let begun = false;
  upstream.once(target.scheme === 'https' ? 'secureConnect' : 'connect', () => {
    begun = true;
    const kept = { ...endToEndHeaders(headers), connection: 'Upgrade', upgrade: headers['upgrade'] ?? '' };
    const lines = Object.entries(kept).map(([name, value]) => `${name}: ${value}`);
    upstream.write(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    if (head.length > 0) upstream.write(head);
    socket.pipe(upstream);
    upstream.pipe(socket);
  });
  upstream.once('error', (error) => {
    if (begun) socket.destroy();
    else socket.end(refusal(error));
  });
  upstream.once('close', () => begun && socket.destroy());
  socket.once('close', () => upstream.destroy());
  socket.once('error', () => upstream.destroy());
}
