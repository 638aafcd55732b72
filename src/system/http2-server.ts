import {
  createSecureServer,
  type Http2SecureServer,
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
export function createHttp2Server(options: ExchangeOptions, idleMsMax: number): Http2SecureServer {
  const server = createSecureServer({ settings: { maxConcurrentStreams: STREAMS_MAX } });
  server.on('stream', (stream, headers) => {
    answer(options, stream, headers).catch((error: Error) => stream.destroy(error));
  });
  server.on('sessionError', () => undefined);
  server.on('session', (session) => closeWhenIdle(session, idleMsMax));
  return server;
}

function closeWhenIdle(session: ServerHttp2Session, idleMsMax: number): void {
  let streams = 0;
  session.on('stream', (stream) => {
    streams += 1;
    stream.once('close', () => {
      streams -= 1;
    });
  });
  session.setTimeout(idleMsMax);
  session.on('timeout', () => {
    if (streams === 0) session.close();
  });
}

async function answer(
  options: ExchangeOptions,
  stream: ServerHttp2Stream,
  raw: IncomingHttpHeaders,
): Promise<void> {
  // A client that goes away is no error of ours.
  stream.on('error', () => undefined);
  const method = raw[':method'] ?? 'GET';
  const headers = plainHeaders(raw);
  const body = await readRequestBody(stream, {
    method,
    announcedBytes: Number(headers['content-length'] ?? 0),
    bytesMax: options.bodyBytesMax,
    limitMs: options.requestMsMax,
  });
  if (stream.destroyed) return;
  if (typeof body === 'string') {
    const refusal = refusalOf(body, options);
    // What still comes of the body passes by unread.
    stream.once('finish', () => stream.close());
    return refusal === undefined ? void stream.end() : sendAnswer(stream, refusal, undefined);
  }
  const socket = stream.session?.socket as TLSSocket | undefined;
  const certificate = socket === undefined ? undefined : certificateOf(socket);
  const answered = await options.handle({ method, url: raw[':path'] ?? '/', headers, body, certificate });
  // The client may have gone meanwhile.
  if (!stream.destroyed) sendAnswer(stream, answered, headers['accept-encoding']);
}
