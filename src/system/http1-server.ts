import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import {
  certificateOf,
  type ExchangeOptions,
  type HttpRequest,
  plainHeaders,
  refusalOf,
  sendAnswer,
} from '#system/http-exchange.ts';
import { readRequestBody } from '#system/request-body.ts';

/** How long a client may take for its headers, in milliseconds; then the answer is 408, and it is cut off. */
export const HEADERS_MS_MAX = 10_000;

/** How often connections are looked over for clients that take too long, in milliseconds. */
const CHECK_INTERVAL_MS = 1000;

export interface Http1Options extends ExchangeOptions {
  /** Takes over an upgraded connection (WebSocket, SPDY). */
  readonly upgrade?: (request: Omit<HttpRequest, 'body'>, socket: Duplex, head: Buffer) => void;
}

/** Speaks HTTP/1.1 on TLS connections that it is given as `connection`. */
export function createHttp1Server(options: Http1Options): Server {
  const server = createServer({
    headersTimeout: Math.min(HEADERS_MS_MAX, options.requestMsMax),
    requestTimeout: options.requestMsMax,
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, options.requestMsMax),
    keepAliveTimeout: options.idleMsMax,
  });
  server.on('request', (request, response) => {
    answer(options, request, response).catch((error: Error) => response.destroy(error));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    if (options.upgrade === undefined) return void socket.destroy();
    options.upgrade(headOf(request), socket, head);
  });
  // It begins to hold clients to its limits when it listens: here TLS does.
  server.emit('listening');
  return server;
}

async function answer(
  options: Http1Options,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A client that goes away is no error of ours.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  const head = headOf(request);
  const body = await readRequestBody(request, {
    headers: head.headers,
    method: request.method ?? 'GET',
    announcedBytes: Number(request.headers['content-length'] ?? 0),
    bytesMax: options.bodyBytesMax,
    limitMs: options.requestMsMax,
  });
  const { stalledMsMax } = options;
  if (typeof body === 'string') {
    const refusal = refusalOf(body, options);
    if (refusal === undefined) return void response.end();
    return sendAnswer(response, refusal, { acceptEncoding: undefined, stalledMsMax });
  }
  const acceptEncoding = head.headers['accept-encoding'];
  sendAnswer(response, await options.handle({ ...head, body }), { acceptEncoding, stalledMsMax });
}

function headOf(
  request: IncomingMessage,
): Omit<HttpRequest, 'body' | 'headers'> & { headers: Record<string, string | undefined> } {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: plainHeaders(request.headers),
    certificate: certificateOf(request.socket as TLSSocket),
    remoteAddress: request.socket.remoteAddress,
  };
}
