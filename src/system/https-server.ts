import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { gzip } from 'node:zlib';
import { errorCode } from '#system/disk.ts';
import type { Connection, PeerCertificate } from '#system/network.ts';
import { peerCertificate, socketConnection } from '#system/real-network.ts';
import { readRequestBody } from '#system/request-body.ts';

/** A request as it came in: header names in lower case, the body read whole. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query, as on the request line. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  /** The client's verified certificate. */
  readonly certificate: PeerCertificate | undefined;
}

/** Where a streamed answer goes; see `Sink` of the API server, whose shape this is. */
export interface HttpSink {
  write(bytes: Uint8Array): void;
  readonly bufferedBytes: number;
  drained(): Promise<void>;
  end(): void;
  destroy(): void;
  readonly closed: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body:
    | { readonly type: 'bytes'; readonly chunks: readonly Uint8Array[] }
    | { readonly type: 'stream'; readonly start: (sink: HttpSink) => void };
}

export interface HttpsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly certificate: string; readonly key: string; readonly clientAuthority: string };
  readonly handle: (request: HttpRequest) => Promise<HttpResponse>;
  /** Takes over an upgraded HTTP/1.1 connection (WebSocket, SPDY). */
  readonly upgrade?: (request: Omit<HttpRequest, 'body'>, socket: Duplex, head: Buffer) => void;
  /** Takes over connections that speak another protocol on the same port, by ALPN name. */
  readonly protocols?: Readonly<Record<string, (connection: Connection) => void>>;
  /** A body above this is 413, in bytes. */
  readonly bodyBytesMax: number;
  /** How long a client may take for a whole request, in milliseconds; {@link REQUEST_MS_MAX} where absent. */
  readonly requestMsMax?: number;
}

export interface HttpsServer extends AsyncDisposable {
  readonly port: number;
}

/** How long a client may take for its headers, in milliseconds; then it is cut off. */
const HEADERS_MS_MAX = 10_000;

/** How long a client may take for its whole request, in milliseconds; then the answer is 408. */
export const REQUEST_MS_MAX = 60_000;

/** A connection on which nothing is asked for this long is closed, in milliseconds. */
const IDLE_MS_MAX = 120_000;

/** Connections at the same time; more are dropped as they come. */
const CONNECTIONS_MAX = 16_384;

/** After this long without a word, TCP asks whether a client is still there, in milliseconds. */
const KEEP_ALIVE_MS = 60_000;

/** Concurrent HTTP/2 streams of one connection; more are refused by the protocol. */
const STREAMS_MAX = 1000;

/** Answers from this size on are compressed for clients that accept it, in bytes: upstream's limit. */
const GZIP_BYTES_MIN = 128 * 1024;

type Incoming = Http2ServerRequest | IncomingMessage;
type Outgoing = Http2ServerResponse | ServerResponse;

/**
 * One TLS port for HTTP/2, HTTP/1.1 with upgrades, and further protocols by ALPN. Client certificates are asked for, and
 * reported where they verify; a client without one is let in as nobody.
 */
export async function serveHttps(options: HttpsServerOptions): Promise<HttpsServer> {
  const http = createSecureServer({ allowHTTP1: true, settings: { maxConcurrentStreams: STREAMS_MAX } });
  http.on('request', (request, response) => {
    answer(options, request, response).catch((error: Error) => response.destroy(error));
  });
  http.on('sessionError', () => undefined);
  http.on('session', closeWhenIdle);
  limitHttp1(http, options.requestMsMax ?? REQUEST_MS_MAX);
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    if (options.upgrade === undefined) return void socket.destroy();
    options.upgrade(headOf(request), socket, head);
  });
  const protocols = options.protocols ?? {};
  const server = createTlsServer({
    cert: options.tls.certificate,
    key: options.tls.key,
    ca: options.tls.clientAuthority,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ALPNProtocols: [...Object.keys(protocols), 'h2', 'http/1.1'],
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  });
  server.maxConnections = CONNECTIONS_MAX;
  const sockets = new Set<TLSSocket>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const protocol = typeof socket.alpnProtocol === 'string' ? protocols[socket.alpnProtocol] : undefined;
    if (protocol === undefined) http.emit('secureConnection', socket);
    else protocol(socketConnection(socket));
  });
  server.on('tlsClientError', () => undefined);
  await listen(server, options);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return { port, [Symbol.asyncDispose]: () => close({ server, http, sockets }) };
}

/** HTTP/1.1 has its limits as fields of the server, and begins to hold clients to them when that listens: here TLS does. */
function limitHttp1(http: Http2SecureServer, requestMsMax: number): void {
  const limits = {
    headersTimeout: HEADERS_MS_MAX,
    requestTimeout: requestMsMax,
    keepAliveTimeout: IDLE_MS_MAX,
  };
  Object.assign(http, limits).emit('listening');
}

function closeWhenIdle(session: ServerHttp2Session): void {
  let streams = 0;
  session.on('stream', (stream) => {
    streams += 1;
    stream.once('close', () => {
      streams -= 1;
    });
  });
  session.setTimeout(IDLE_MS_MAX);
  session.on('timeout', () => {
    if (streams === 0) session.close();
  });
}

function listen(server: TlsServer, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, { host, port })));
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

/** What kept a server from listening, and what to do about it. */
function listenError(cause: Error, { host, port }: { host: string; port: number }): Error {
  switch (errorCode(cause)) {
    case 'EADDRINUSE':
      return new Error(
        `port ${port} of ${host} is taken by another program: stop that one, or choose another port`,
        { cause },
      );
    case 'EACCES':
      return new Error(`port ${port} of ${host} may be opened by root only: choose one from 1024 on`, {
        cause,
      });
    case 'EADDRNOTAVAIL':
      return new Error(`${host} is no address of this machine: choose one that "ip address" shows`, {
        cause,
      });
    default:
      return new Error(`port ${port} of ${host} cannot be opened: ${cause.message}`, { cause });
  }
}

function close({
  server,
  http,
  sockets,
}: {
  server: TlsServer;
  http: Http2SecureServer;
  sockets: Set<TLSSocket>;
}): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    http.close();
    for (const socket of sockets) socket.destroy();
  });
}

async function answer(options: HttpsServerOptions, request: Incoming, response: Outgoing): Promise<void> {
  // A client that goes away is no error of ours.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  const limitMs = options.requestMsMax ?? REQUEST_MS_MAX;
  const body = await readRequestBody(request, { bytesMax: options.bodyBytesMax, limitMs });
  switch (body) {
    case 'tooLarge':
      return refuse(request, response, {
        status: 413,
        reason: 'RequestEntityTooLarge',
        message: `the body of the request is larger than ${options.bodyBytesMax} bytes`,
      });
    case 'tooSlow':
      return refuse(request, response, {
        status: 408,
        reason: 'Timeout',
        message: `the body of the request was not whole after ${limitMs} ms`,
      });
    case 'broken':
      return void response.end();
    default:
      send(request, response, await options.handle({ ...headOf(request), body }));
  }
}

function headOf(request: Incoming): Omit<HttpRequest, 'body'> {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (name === ':authority') headers.host ??= String(value);
    else if (!name.startsWith(':')) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const socket = ('stream' in request ? request.stream?.session?.socket : request.socket) as
    | TLSSocket
    | undefined;
  const certificate = socket === undefined ? undefined : certificateOf(socket);
  return { method: request.method ?? 'GET', url: request.url ?? '/', headers, certificate };
}

/** A connection's certificate, read once: it costs a parse. */
const certificates = new WeakMap<object, { readonly certificate: PeerCertificate | undefined }>();

function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const known = certificates.get(socket);
  if (known !== undefined) return known.certificate;
  const certificate = peerCertificate(socket);
  certificates.set(socket, { certificate });
  return certificate;
}

/** Answers a request whose body has not come, or not all of it. What still comes of it passes by unread. */
function refuse(
  request: Incoming,
  response: Outgoing,
  { status, reason, message }: { status: number; reason: string; message: string },
): void {
  const body = JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code: status,
  });
  if ('stream' in request) response.once('finish', () => request.stream.close());
  writeHead(response, status, {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  });
  response.end(body);
}

function writeHead(response: Outgoing, status: number, headers: Readonly<Record<string, string>>): void {
  (response as ServerResponse).writeHead(status, headers);
}

function send(request: Incoming, response: Outgoing, answered: HttpResponse): void {
  if (answered.body.type === 'stream') return stream(response, answered, answered.body.start);
  const { chunks } = answered.body;
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const compressible =
    total >= GZIP_BYTES_MIN && /\bgzip\b/u.test(String(request.headers['accept-encoding'] ?? ''));
  if (compressible) return sendCompressed(response, answered, chunks);
  writeHead(response, answered.status, { ...answered.headers, 'content-length': String(total) });
  const outgoing = response as ServerResponse;
  outgoing.cork?.();
  for (const chunk of chunks) outgoing.write(chunk);
  outgoing.end();
}

/** Fast compression, off the main thread. */
function sendCompressed(response: Outgoing, answered: HttpResponse, chunks: readonly Uint8Array[]): void {
  gzip(Buffer.concat(chunks), { level: 1 }, (error, compressed) => {
    if (error !== null) return void response.end();
    const headers = {
      ...answered.headers,
      'content-encoding': 'gzip',
      'content-length': String(compressed.length),
    };
    writeHead(response, answered.status, headers);
    response.end(compressed);
  });
}

function stream(response: Outgoing, answered: HttpResponse, start: (sink: HttpSink) => void): void {
  writeHead(response, answered.status, answered.headers);
  const outgoing = response as ServerResponse;
  outgoing.flushHeaders?.();
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  start({
    write: (bytes) => void outgoing.write(bytes),
    get bufferedBytes() {
      return outgoing.writableLength;
    },
    drained: () => whenDrained(outgoing),
    end: () => void outgoing.end(),
    destroy: () => void outgoing.destroy(),
    closed: closed.signal,
  });
}

function whenDrained(response: ServerResponse): Promise<void> {
  if (!response.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    response.once('drain', resolve);
    response.once('close', resolve);
  });
}
