import type { ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { gzip } from 'node:zlib';
import { type HttpBytes, sizeOfBytes } from '#system/http-bytes.ts';
import type { PeerCertificate } from '#system/network.ts';
import { peerCertificate } from '#system/real-network.ts';

/** A request as it came in: header names in lower case, the body read whole. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query, as on the request line. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  /** The client's verified certificate. */
  readonly certificate: PeerCertificate | undefined;
  /** The address that the connection comes from, where it is still known. */
  readonly remoteAddress?: string | undefined;
}

/** Where a streamed answer goes. */
export interface HttpSink {
  /** Queues bytes; never blocks. */
  write(bytes: Uint8Array): void;
  /** Bytes queued and not yet taken by the reader: how slow it is. */
  readonly bufferedBytes: number;
  /** Resolves once the reader has taken what waits for it, or has gone. */
  drained(): Promise<void>;
  /** Nothing more comes: the reader takes what waits for it, and is closed. */
  end(): void;
  /** Closes at once, and drops what waits. */
  destroy(): void;
  /** Aborts when the reader has gone. */
  readonly closed: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `Set-Cookie` of a streamed answer, which alone may stand more than once. */
  readonly cookies?: readonly string[];
  readonly body: HttpBytes | { readonly type: 'stream'; readonly start: (sink: HttpSink) => void };
}

/** What both versions of HTTP need to know to answer. */
export interface ExchangeOptions {
  readonly handle: (request: HttpRequest) => Promise<HttpResponse>;
  /** A body above this is 413, in bytes. */
  readonly bodyBytesMax: number;
  /** How long a client may take for a whole request, in milliseconds; then the answer is 408. */
  readonly requestMsMax: number;
  /** How long a client may take nothing of an answer, in milliseconds; then it is cut off. */
  readonly stalledMsMax: number;
  /** A connection on which nothing is asked this long is closed, in milliseconds. */
  readonly idleMsMax: number;
}

/** Answers from this size on are compressed for clients that accept it, in bytes: upstream's limit. */
const GZIP_BYTES_MIN = 128 * 1024;

/** Where an answer goes, in either version of HTTP. */
export type Outgoing = ServerHttp2Stream | ServerResponse;

/** A connection's certificate, read once: it costs a parse. */
const certificates = new WeakMap<object, { readonly certificate: PeerCertificate | undefined }>();

/** The verified certificate of whoever is at the other end. */
export function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const known = certificates.get(socket);
  if (known !== undefined) return known.certificate;
  const certificate = peerCertificate(socket);
  certificates.set(socket, { certificate });
  return certificate;
}

/** Request headers by name, each as one text, without HTTP/2's own; its authority is the host. */
export function plainHeaders(
  raw: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = {};
  for (const name of Object.keys(raw)) {
    const value = raw[name];
    if (name === ':authority') headers.host ??= String(value);
    else if (!name.startsWith(':')) headers[name] = typeof value === 'object' ? value.join(', ') : value;
  }
  return headers;
}

/** Why the body of a request was not read, as a Status that answers it; undefined where the client has left. */
export function refusalOf(
  body: 'tooLarge' | 'tooSlow' | 'garbled' | 'broken',
  { bodyBytesMax, requestMsMax }: ExchangeOptions,
): HttpResponse | undefined {
  switch (body) {
    case 'tooLarge':
      return failure(413, {
        reason: 'RequestEntityTooLarge',
        message: `the body of the request is larger than ${bodyBytesMax} bytes`,
      });
    case 'tooSlow':
      return failure(408, {
        reason: 'Timeout',
        message: `the body of the request was not whole after ${requestMsMax} ms`,
      });
    case 'garbled':
      return failure(400, { reason: 'BadRequest', message: 'the body of the request is not valid gzip' });
    case 'broken':
      return undefined;
  }
}

function failure(code: number, { reason, message }: { reason: string; message: string }): HttpResponse {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  const chunks = [Buffer.from(JSON.stringify(status))];
  return { status: code, headers: { 'content-type': 'application/json' }, body: { type: 'bytes', chunks } };
}

/**
 * Sends an answer. `acceptEncoding` is the request's header. A client that takes nothing of it for `stalledMsMax` while some
 * waits for it is cut off: else the answer would be held for as long as the client likes.
 */
export function sendAnswer(
  outgoing: Outgoing,
  answered: HttpResponse,
  { acceptEncoding, stalledMsMax }: { acceptEncoding: string | undefined; stalledMsMax: number },
): void {
  // Node.js tells of a timeout only where nothing has moved; a watch on which nothing happens is no stall.
  outgoing.setTimeout(stalledMsMax, () => {
    if (outgoing.writableLength > 0) outgoing.destroy();
  });
  if (answered.body.type === 'stream') return stream(outgoing, answered, answered.body.start);
  const { chunks } = answered.body;
  const total = sizeOfBytes(answered.body);
  if (total >= GZIP_BYTES_MIN && /\bgzip\b/u.test(acceptEncoding ?? ''))
    return sendCompressed(outgoing, answered, chunks);
  writeHead(outgoing, answered.status, { ...answered.headers, 'content-length': String(total) });
  // The answer to HEAD has ended with its head.
  if (outgoing.writableEnded) return;
  sendBody(outgoing, chunks, total);
}

function sendBody(outgoing: Outgoing, chunks: readonly Uint8Array[], total: number): void {
  const [only = NOTHING] = chunks;
  const isLong = !('respond' in outgoing) && total >= outgoing.writableHighWaterMark / 2;
  if (!isLong && chunks.length <= 1) return void outgoing.end(only);
  // All of them in one write: joining them first would cost more than it saves.
  outgoing.cork();
  for (const chunk of chunks.slice(0, -1)) outgoing.write(chunk);
  const last = chunks.at(-1) ?? NOTHING;
  if (!isLong) return void outgoing.end(last);
  outgoing.write(last.subarray(0, -1));
  outgoing.uncork();
  endWhenDrained(outgoing, last.subarray(-1));
}

/**
 * Lets a client see the end only when all before it is out. One that sends its next request on the same connection earlier finds
 * Node.js pausing its parser (`_http_server`, "needDrain"), and what TLS has decrypted by then breaks the connection (HPE_PAUSED).
 */
function endWhenDrained(outgoing: Outgoing, last: Uint8Array): void {
  void whenDrained(outgoing).then(() => outgoing.end(last));
}

const NOTHING = Buffer.alloc(0);

function writeHead(
  outgoing: Outgoing,
  status: number,
  headers: Readonly<Record<string, string | string[]>>,
): void {
  if ('respond' in outgoing) outgoing.respond({ ':status': status, ...headers });
  else outgoing.writeHead(status, headers);
}

/** Fast compression, off the main thread. */
function sendCompressed(outgoing: Outgoing, answered: HttpResponse, chunks: readonly Uint8Array[]): void {
  gzip(Buffer.concat(chunks), { level: 1 }, (error, compressed) => {
    // The client may have gone meanwhile.
    if (error !== null || outgoing.destroyed) return void outgoing.end();
    const headers = {
      ...answered.headers,
      'content-encoding': 'gzip',
      'content-length': String(compressed.length),
    };
    writeHead(outgoing, answered.status, headers);
    sendBody(outgoing, [compressed], compressed.length);
  });
}

function stream(outgoing: Outgoing, answered: HttpResponse, start: (sink: HttpSink) => void): void {
  const { cookies = [] } = answered;
  const headers =
    cookies.length === 0 ? answered.headers : { ...answered.headers, 'set-cookie': [...cookies] };
  writeHead(outgoing, answered.status, headers);
  if ('flushHeaders' in outgoing) outgoing.flushHeaders();
  const closed = new AbortController();
  outgoing.once('close', () => closed.abort());
  start({
    write: (bytes) => void outgoing.write(bytes),
    get bufferedBytes() {
      return outgoing.writableLength;
    },
    drained: () => whenDrained(outgoing),
    end: () => endWhenDrained(outgoing, NOTHING),
    destroy: () => void outgoing.destroy(),
    closed: closed.signal,
  });
}

function whenDrained(outgoing: Outgoing): Promise<void> {
  if (!outgoing.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    outgoing.once('drain', resolve);
    outgoing.once('close', resolve);
  });
}
