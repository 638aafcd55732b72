import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';
import type { Clock } from '#system/clock.ts';

/** The status codes of gRPC by number (grpc.io, "Status codes and their use in gRPC"). */
const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

export type GrpcCode = (typeof CODES)[number];

/** A call that ended with another status than OK. UNAVAILABLE also says that nothing answered, or that the session broke. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly code: GrpcCode;
  constructor(code: GrpcCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** The largest message received, in bytes; a larger one ends its call with RESOURCE_EXHAUSTED. The kubelet's own limit. */
export const GRPC_MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

/** Where the server is: a unix socket, or a host with or without TLS. */
export type GrpcTarget =
  | { readonly type: 'unix'; readonly path: string }
  | {
      readonly type: 'tcp';
      readonly host: string;
      readonly port: number;
      readonly tls?: tls.ConnectionOptions;
    };

export interface GrpcCallOptions {
  /** Ends the call with DEADLINE_EXCEEDED after so many milliseconds, here and at the server; no limit where absent. */
  readonly timeoutMs?: number;
  /** Ends the call at once with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A call with any number of messages both ways. The messages that arrive are iterated once; a failed call throws there. */
export interface GrpcStream extends AsyncIterable<Uint8Array> {
  send(message: Uint8Array): void;
  /** No more will be sent. */
  finish(): void;
}

/**
 * A gRPC client over one HTTP/2 session, bytes in and bytes out. The session is opened by the first call and again by
 * the first call after it broke; a call is never repeated. Paths are `/package.Service/Method`.
 */
export interface GrpcClient extends AsyncDisposable {
  unary(path: string, request: Uint8Array, options?: GrpcCallOptions): Promise<Uint8Array>;
  serverStream(path: string, request: Uint8Array, options?: GrpcCallOptions): AsyncIterable<Uint8Array>;
  stream(path: string, options?: GrpcCallOptions): GrpcStream;
  /** Leaves the session to the calls that are under way: the next call opens another. For a peer that has gone silent. */
  abandonSession(): void;
}

export function createGrpcClient(target: GrpcTarget, clock: Clock): GrpcClient {
  let current: http2.ClientHttp2Session | undefined;
  let disposed = false;

  const session = (): http2.ClientHttp2Session => {
    if (disposed) throw new GrpcError('CANCELLED', 'the client was closed');
    if (current !== undefined && !current.closed && !current.destroyed) return current;
    const opened = openSession(target);
    const forget = (): void => {
      if (current === opened) current = undefined;
    };
    // An error of the session also reaches each of its streams, where the calls report it.
    opened.on('error', forget);
    opened.on('goaway', forget);
    opened.on('close', forget);
    current = opened;
    return opened;
  };

  const stream = (path: string, options: GrpcCallOptions = {}): GrpcStream => {
    const call = startCall(session(), path, { options, clock, target });
    return {
      send: (message) => void call.stream.write(frame(message)),
      finish: () => void call.stream.end(),
      [Symbol.asyncIterator]: () => receive(call),
    };
  };

  const serverStream = async function* (path: string, request: Uint8Array, options: GrpcCallOptions = {}) {
    options.signal?.throwIfAborted();
    const call = stream(path, options);
    call.send(request);
    call.finish();
    yield* call;
  };

  return {
    stream,
    serverStream,
    async unary(path, request, options) {
      let response: Uint8Array | undefined;
      for await (const message of serverStream(path, request, options)) response = message;
      if (response === undefined) throw new GrpcError('INTERNAL', `${path}: answered OK without a message`);
      return response;
    },
    abandonSession() {
      current?.close();
      current = undefined;
    },
    async [Symbol.asyncDispose]() {
      disposed = true;
      const open = current;
      if (open === undefined || open.destroyed) return;
      const closed = new Promise<void>((resolve) => open.once('close', () => resolve()));
      open.destroy();
      await closed;
    },
  };
}

function openSession(target: GrpcTarget): http2.ClientHttp2Session {
  const options: http2.ClientSessionOptions = { settings: { enablePush: false } };
  if (target.type === 'unix') {
    return http2.connect('http://localhost', {
      ...options,
      createConnection: () => net.connect(target.path),
    });
  }
  const { host, port, tls: secure } = target;
  if (secure === undefined) return http2.connect(`http://${host}:${port}`, options);
  const createConnection = (): tls.TLSSocket =>
    tls.connect({
      servername: net.isIP(host) === 0 ? host : '',
      ...secure,
      host,
      port,
      ALPNProtocols: ['h2'],
    });
  return http2.connect(`https://${host}:${port}`, { ...options, createConnection });
}

/** One call under way. `stopped` is why this end gave it up, `broken` what the transport said, if either happened. */
interface Call {
  readonly path: string;
  readonly target: GrpcTarget;
  readonly stream: http2.ClientHttp2Stream;
  readonly closed: Promise<void>;
  headers: http2.IncomingHttpHeaders;
  stopped?: { readonly reason: unknown };
  broken?: Error;
}

function startCall(
  session: http2.ClientHttp2Session,
  path: string,
  { options, clock, target }: { options: GrpcCallOptions; clock: Clock; target: GrpcTarget },
): Call {
  const { timeoutMs, signal } = options;
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc+proto',
    te: 'trailers',
    ...(timeoutMs === undefined ? {} : { 'grpc-timeout': timeoutHeader(timeoutMs) }),
  });
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
  const call: Call = { path, target, stream, closed, headers: {} };
  const stop = (reason: unknown): void => {
    call.stopped ??= { reason };
    // A peer that does not even let connect is not waited for: closing would, until the kernel gives up.
    if (stream.pending) stream.destroy();
    else stream.close(http2.constants.NGHTTP2_CANCEL);
  };
  const onAbort = (): void => stop(signal?.reason);
  const timer =
    timeoutMs === undefined
      ? undefined
      : clock.after(timeoutMs, () =>
          stop(new GrpcError('DEADLINE_EXCEEDED', `${path}: no answer within ${timeoutMs} ms`)),
        );
  signal?.addEventListener('abort', onAbort, { once: true });
  stream.on('response', (headers) => {
    call.headers = headers;
  });
  stream.on('trailers', (trailers) => {
    call.headers = { ...call.headers, ...trailers };
  });
  // Iterating reports the error; a stream that nobody iterates must not end the process.
  stream.on('error', (error: Error) => {
    call.broken ??= error;
  });
  stream.on('close', () => {
    timer?.cancel();
    signal?.removeEventListener('abort', onAbort);
    onClosed();
  });
  return call;
}

/** The messages of a call; throws unless it ends with status OK. Leaving the loop early cancels the call. */
async function* receive(call: Call): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* messages(call);
  } catch (error) {
    if (error instanceof GrpcError) throw error;
    call.broken ??= error as Error;
  } finally {
    if (!call.stream.closed) call.stream.close(http2.constants.NGHTTP2_CANCEL);
  }
  await call.closed;
  if (call.stopped !== undefined) throw call.stopped.reason;
  const error = statusError(call);
  if (error !== undefined) throw error;
}

/** Cuts the stream into its length-prefixed messages (gRPC over HTTP2, "Length-Prefixed-Message"). */
async function* messages(call: Call): AsyncGenerator<Uint8Array, void, undefined> {
  let pending: Buffer = Buffer.alloc(0);
  let wanted = 5;
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of call.stream as AsyncIterable<Buffer>) {
    parts.push(chunk);
    size += chunk.length;
    if (size < wanted) continue;
    pending = parts.length === 1 ? chunk : Buffer.concat(parts);
    while (pending.length >= 5) {
      const length = pending.readUInt32BE(1);
      if (pending[0] !== 0)
        throw new GrpcError('INTERNAL', `${call.path}: a compressed message was not asked for`);
      if (length > GRPC_MESSAGE_BYTES_MAX) {
        const limit = `${length} bytes are more than the limit of ${GRPC_MESSAGE_BYTES_MAX}`;
        throw new GrpcError('RESOURCE_EXHAUSTED', `${call.path}: a message of ${limit}`);
      }
      if (pending.length < 5 + length) break;
      yield pending.subarray(5, 5 + length);
      pending = pending.subarray(5 + length);
    }
    wanted = pending.length >= 5 ? 5 + pending.readUInt32BE(1) : 5;
    parts = [pending];
    size = pending.length;
  }
}

function statusError(call: Call): GrpcError | undefined {
  const { headers, path } = call;
  const status = headers['grpc-status'];
  if (status === '0') return undefined;
  if (typeof status === 'string') {
    const code = CODES[Number(status)] ?? 'UNKNOWN';
    return new GrpcError(code, decodeMessage(headers['grpc-message']) || `${path}: ${code}`);
  }
  const { target, broken } = call;
  const where = target.type === 'unix' ? target.path : `${target.host}:${target.port}`;
  const found =
    broken?.message ?? `ended without a gRPC status (HTTP status ${headers[':status'] ?? 'none'})`;
  return new GrpcError(resetCode(call.stream.rstCode), `${path} at ${where}: ${found}`, { cause: broken });
}

function resetCode(code: number | undefined): GrpcCode {
  if (code === http2.constants.NGHTTP2_ENHANCE_YOUR_CALM) return 'RESOURCE_EXHAUSTED';
  if (code === http2.constants.NGHTTP2_PROTOCOL_ERROR) return 'INTERNAL';
  return 'UNAVAILABLE';
}

function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(5 + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}

/** At most eight digits and a unit, as the protocol wants it. */
function timeoutHeader(timeoutMs: number): string {
  const ms = Math.max(1, Math.ceil(timeoutMs));
  return ms < 1e8 ? `${ms}m` : `${Math.min(99_999_999, Math.ceil(ms / 1000))}S`;
}

function decodeMessage(value: string | string[] | undefined): string {
  const text = typeof value === 'string' ? value : (value?.[0] ?? '');
  try {
    return decodeURIComponent(text);
  } catch (error) {
    // A server that sends a bare percent sign: its words are worth more than the encoding.
    if (error instanceof URIError) return text;
    throw error;
  }
}
