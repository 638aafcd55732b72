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

/** How long a client may take for its headers, in milliseconds; then it is cut off. */
const HEADERS_MS_MAX = 10_000;

export interface Http1Options extends ExchangeOptions {
  /** Takes over an upgraded connection (WebSocket, SPDY). */
  readonly upgrade?: (request: Omit<HttpRequest, 'body'>, socket: Duplex, head: Buffer) => void;
}

/** Speaks HTTP/1.1 on TLS connections that it is given as `connection`. */
export function createHttp1Server(options: Http1Options, idleMsMax: number): Server {
  const server = createServer({
    headersTimeout: Math.min(HEADERS_MS_MAX, options.requestMsMax),
    requestTimeout: options.requestMsMax,
    keepAliveTimeout: idleMsMax,
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
  const body = await readRequestBody(request, {
    method: request.method ?? 'GET',
    announcedBytes: Number(request.headers['content-length'] ?? 0),
    bytesMax: options.bodyBytesMax,
    limitMs: options.requestMsMax,
  });
  if (typeof body === 'string') {
    const refusal = refusalOf(body, options);
    return refusal === undefined ? void response.end() : sendAnswer(response, refusal, undefined);
  }
  const head = headOf(request);
  sendAnswer(response, await options.handle({ ...head, body }), head.headers['accept-encoding']);
}

function headOf(request: IncomingMessage): Omit<HttpRequest, 'body'> {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: plainHeaders(request.headers),
    certificate: certificateOf(request.socket as TLSSocket),
  };
}
