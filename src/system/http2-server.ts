import {
  createSecureServer,
  type Http2SecureServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import {
  certificateOf,
  type ExchangeOptions,
  plainHeaders,
  refusalOf,
  sendAnswer,
} from '#system/http-exchange.ts';
import { readRequestBody } from '#system/request-body.ts';

/** Concurrent HTTP/2 streams of one connection; more are refused by the protocol. */
const STREAMS_MAX = 1000;

/**
 * Speaks HTTP/2 on connections that it is given as `secureConnection`. Works on streams themselves: the requests and
 * responses that Node.js can make of them cost as much again.
 */
export function createHttp2Server(options: ExchangeOptions): Http2SecureServer {
  const server = createSecureServer({ settings: { maxConcurrentStreams: STREAMS_MAX } });
  // Node.js shows no session's own socket to anybody but the one who gives it.
  let given: TLSSocket | undefined;
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    given = socket;
  });
  server.on('session', (session) => {
    if (given !== undefined) sockets.set(session, given);
  });
  server.on('stream', (stream, headers) => {
    answer(options, stream, headers).catch((error: Error) => stream.destroy(error));
  });
  server.on('sessionError', () => undefined);
  server.on('session', (session) => closeWhenIdle(session, options));
  return server;
}

/** Closes a session on which nothing is asked any more; one that is only quiet must answer a ping. */
function closeWhenIdle(session: ServerHttp2Session, { idleMsMax, stalledMsMax }: ExchangeOptions): void {
  let streams = 0;
  session.on('stream', (stream) => {
    streams += 1;
    stream.once('close', () => {
      streams -= 1;
    });
  });
  session.setTimeout(idleMsMax);
  session.on('timeout', () => {
    if (streams > 0) return dropUnlessHeard(session, stalledMsMax);
    session.close();
    // It closes once its client has read what was sent to it: if he does.
    const socket = sockets.get(session);
    const patience = setTimeout(() => socket?.destroy(), stalledMsMax);
    socket?.once('close', () => clearTimeout(patience));
  });
}

/** The connection of each session. */
const sockets = new WeakMap<object, TLSSocket>();

/** Sessions whose clients have been sent a ping, for they may have stopped to read. */
const asked = new WeakSet<object>();

/**
 * Drops a connection whose client does not even answer a ping: what it was sent waits in memory, beyond its streams. The
 * socket is dropped, for a session that is destroyed still waits until its client has read.
 */
function dropUnlessHeard(session: Http2Session | undefined, patienceMs: number): void {
  if (session === undefined || session.destroyed || asked.has(session)) return;
  asked.add(session);
  const patience = setTimeout(() => sockets.get(session)?.destroy(), patienceMs);
  session.ping(() => {
    asked.delete(session);
    clearTimeout(patience);
  });
}

async function answer(
  options: ExchangeOptions,
  stream: ServerHttp2Stream,
  raw: IncomingHttpHeaders,
): Promise<void> {
  // A client that goes away is no error of ours.
  stream.on('error', () => undefined);
  const { stalledMsMax } = options;
  const { session } = stream;
  stream.on('timeout', () => {
    if (stream.writableLength > 0) dropUnlessHeard(session, stalledMsMax);
  });
  const method = raw[':method'] ?? 'GET';
  const headers = plainHeaders(raw);
  const body = await readRequestBody(stream, {
    method,
    announcedBytes: Number(headers['content-length'] ?? 0),
    bytesMax: options.bodyBytesMax,
    limitMs: options.requestMsMax,
    headers,
  });
  if (stream.destroyed) return;
  if (typeof body === 'string') {
    const refusal = refusalOf(body, options);
    // What still comes of the body passes by unread.
    stream.once('finish', () => stream.close());
    if (refusal === undefined) return void stream.end();
    return sendAnswer(stream, refusal, { acceptEncoding: undefined, stalledMsMax });
  }
  const socket = session?.socket as TLSSocket | undefined;
  const certificate = socket === undefined ? undefined : certificateOf(socket);
  const url = raw[':path'] ?? '/';
  const remoteAddress = socket?.remoteAddress;
  const answered = await options.handle({ method, url, headers, body, certificate, remoteAddress });
  // The client may have gone meanwhile.
  if (stream.destroyed) return;
  sendAnswer(stream, answered, { acceptEncoding: headers['accept-encoding'], stalledMsMax });
}
