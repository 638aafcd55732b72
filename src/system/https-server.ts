import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { gzip } from 'node:zlib';
import type { Connection, PeerCertificate } from '#system/network.ts';
import { peerCertificate, socketConnection } from '#system/real-network.ts';

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
  end(): void;
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
}

export interface HttpsServer extends AsyncDisposable {
  readonly port: number;
}

/** How long a client may take for its headers and for its whole request, in milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;

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
  http.on('request', (request, response) => void answer(options, request, response));
  http.on('sessionError', () => undefined);
  const http1 = http as unknown as { headersTimeout: number; requestTimeout: number };
  http1.headersTimeout = HEADERS_TIMEOUT_MS;
  http1.requestTimeout = REQUEST_TIMEOUT_MS;
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
  });
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

function listen(server: TlsServer, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
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
  const body = await readBody(request, options.bodyBytesMax);
  if (body === 'tooLarge')
    return refuse(response, {
      status: 413,
      reason: 'RequestEntityTooLarge',
      message: `the body of the request is larger than ${options.bodyBytesMax} bytes`,
    });
  if (body === 'broken') return void response.end();
  const { head, ...rest } = { head: headOf(request), body };
  send(request, response, await options.handle({ ...head, ...rest }));
}

function headOf(request: Incoming): Omit<HttpRequest, 'body'> {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (!name.startsWith(':')) headers[name] = Array.isArray(value) ? value.join(', ') : value;
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

function readBody(request: Incoming, bytesMax: number): Promise<Uint8Array | 'tooLarge' | 'broken'> {
  if (request.method === 'GET' || request.method === 'HEAD') return Promise.resolve(new Uint8Array());
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let total = 0;
    request.on('data', (chunk: Buffer) => {
      total += chunk.length;
      if (total <= bytesMax) chunks.push(chunk);
      else {
        request.pause();
        resolve('tooLarge');
      }
    });
    request.once('end', () =>
      resolve(chunks.length === 1 ? (chunks[0] ?? new Uint8Array()) : Buffer.concat(chunks)),
    );
    request.once('close', () => resolve('broken'));
  });
}

function refuse(
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
  writeHead(response, status, { 'content-type': 'application/json', connection: 'close' });
  response.end(body);
}

function writeHead(response: Outgoing, status: number, headers: Readonly<Record<string, string>>): void {
  const { connection, ...rest } = headers;
  // HTTP/2 knows no connection header.
  const allowed = connection === undefined || 'stream' in response ? rest : headers;
  (response as ServerResponse).writeHead(status, allowed);
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
    end: () => void outgoing.end(),
    closed: closed.signal,
  });
}
