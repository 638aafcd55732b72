import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http2 from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  createGrpcClient,
  GRPC_MESSAGE_BYTES_MAX,
  type GrpcClient,
  GrpcError,
  type GrpcTarget,
} from '#system/grpc.ts';
import { realClock } from '#system/real.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

type Handler = (stream: http2.ServerHttp2Stream, request: Buffer, headers: http2.IncomingHttpHeaders) => void;

/** A server of one handler per path, in the plain words of the protocol. */
async function serve(
  path: string,
  handlers: Record<string, Handler>,
): Promise<http2.Http2Server & AsyncDisposable> {
  const server = http2.createServer();
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => session.destroy());
  });
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => stream.destroy());
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const handler = handlers[headers[':path'] ?? ''];
    assert(handler !== undefined);
    stream.on('end', () => handler(stream, Buffer.concat(chunks).subarray(5), headers));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function frame(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function answer(
  stream: http2.ServerHttp2Stream,
  status: Record<string, string>,
  messages: string[] = [],
): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(status));
  for (const message of messages) stream.write(frame(message));
  stream.end();
}

const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const coded = (code: string) => (error: unknown) => error instanceof GrpcError && error.code === code;

describe('a gRPC client', () => {
  let folder: string;
  let target: GrpcTarget & { path: string };
  let client: GrpcClient;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grpc-'));
    target = { type: 'unix', path: join(folder, 's') };
    client = createGrpcClient(target, realClock);
  });
  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it('sends a message and returns the answer', async () => {
    await using _server = await serve(target.path, {
      '/a.B/Echo': (stream, request) => answer(stream, { 'grpc-status': '0' }, [`got ${utf8(request)}`]),
    });
    assert.equal(utf8(await client.unary('/a.B/Echo', Buffer.from('x'))), 'got x');
    assert.equal(utf8(await client.unary('/a.B/Echo', Buffer.from(''))), 'got ');
  });

  it('carries large messages both ways', async () => {
    const large = 'y'.repeat(3_000_000);
    await using _server = await serve(target.path, {
      '/a.B/Echo': (stream, request) => answer(stream, { 'grpc-status': '0' }, [utf8(request)]),
    });
    assert.equal(utf8(await client.unary('/a.B/Echo', Buffer.from(large))), large);
  });

  it('streams messages in order, however the bytes are cut', async () => {
    await using _server = await serve(target.path, {
      '/a.B/List': (stream) => {
        stream.respond({ ':status': 200 }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        for (const byte of Buffer.concat([frame('one'), frame(''), frame('three')]))
          stream.write(Buffer.of(byte));
        stream.end();
      },
    });
    const got: string[] = [];
    for await (const message of client.serverStream('/a.B/List', Buffer.alloc(0))) got.push(utf8(message));
    assert.deepEqual(got, ['one', '', 'three']);
  });

  it('cancels the call at the server when the loop is left', async () => {
    const cancelled = Promise.withResolvers<number>();
    await using _server = await serve(target.path, {
      '/a.B/Watch': (stream) => {
        stream.respond({ ':status': 200 });
        stream.write(frame('first'));
        stream.on('close', () => cancelled.resolve(stream.rstCode));
      },
    });
    for await (const message of client.serverStream('/a.B/Watch', Buffer.alloc(0))) {
      assert.equal(utf8(message), 'first');
      break;
    }
    assert.equal(await cancelled.promise, http2.constants.NGHTTP2_CANCEL);
  });

  it('throws the status and the decoded message, from trailers and from headers alone', async () => {
    await using _server = await serve(target.path, {
      '/a.B/Trailers': (stream) =>
        answer(stream, { 'grpc-status': '5', 'grpc-message': 'no such pod %22web%22' }),
      '/a.B/Headers': (stream) =>
        stream.respond({ 'grpc-status': '12', 'grpc-message': '100% new' }, { endStream: true }),
    });
    const call = (path: string) => client.unary(path, Buffer.alloc(0));
    await assert.rejects(call('/a.B/Trailers'), {
      name: 'GrpcError',
      code: 'NOT_FOUND',
      message: 'no such pod "web"',
    });
    await assert.rejects(call('/a.B/Headers'), { code: 'UNIMPLEMENTED', message: '100% new' });
  });

  it('ends with DEADLINE_EXCEEDED at the timeout, and tells the server of it', async () => {
    const clock = new SimulatedClock();
    await using impatient = createGrpcClient(target, clock);
    const arrived = Promise.withResolvers<http2.IncomingHttpHeaders>();
    await using _server = await serve(target.path, {
      '/a.B/Never': (_stream, _request, headers) => arrived.resolve(headers),
    });
    const call = impatient.unary('/a.B/Never', Buffer.alloc(0), { timeoutMs: 1500 });
    const rejected = assert.rejects(call, coded('DEADLINE_EXCEEDED'));
    assert.equal((await arrived.promise)['grpc-timeout'], '1500m');
    await clock.advance(1500);
    await rejected;
  });

  it('ends at the timeout where a connection is never made', async () => {
    const clock = new SimulatedClock();
    const silent = net.createServer((socket) => socket.resume());
    const arrived = once(silent, 'connection');
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as net.AddressInfo;
    const impatient = createGrpcClient({ type: 'tcp', host: '127.0.0.1', port, tls: {} }, clock);
    const rejected = assert.rejects(
      impatient.unary('/a.B/Never', Buffer.alloc(0), { timeoutMs: 1500 }),
      coded('DEADLINE_EXCEEDED'),
    );
    await arrived;
    await clock.advance(1500);
    await rejected;
    await impatient[Symbol.asyncDispose]();
    silent.close();
  });

  it('ends with the reason of an aborted signal', async () => {
    const arrived = Promise.withResolvers<void>();
    await using _server = await serve(target.path, { '/a.B/Never': () => arrived.resolve() });
    const abort = new AbortController();
    const call = client.unary('/a.B/Never', Buffer.alloc(0), { signal: abort.signal });
    const rejected = assert.rejects(call, /enough/);
    await arrived.promise;
    abort.abort(new Error('enough'));
    await rejected;
    await assert.rejects(client.unary('/a.B/Never', Buffer.alloc(0), { signal: abort.signal }), /enough/);
  });

  it('says UNAVAILABLE where nothing listens, and works once something does', async () => {
    const call = () => client.unary('/a.B/Echo', Buffer.from('x'), { timeoutMs: 5000 });
    await assert.rejects(call(), coded('UNAVAILABLE'));
    await using _server = await serve(target.path, {
      '/a.B/Echo': (stream) => answer(stream, { 'grpc-status': '0' }, ['ok']),
    });
    assert.equal(utf8(await call()), 'ok');
  });

  it('says UNAVAILABLE when the session breaks under a call, and opens another for the next', async () => {
    let calls = 0;
    await using _server = await serve(target.path, {
      '/a.B/Echo': (stream) => {
        calls += 1;
        if (calls === 1) stream.session?.destroy();
        else answer(stream, { 'grpc-status': '0' }, ['ok']);
      },
    });
    await assert.rejects(client.unary('/a.B/Echo', Buffer.from('x')), coded('UNAVAILABLE'));
    assert.equal(utf8(await client.unary('/a.B/Echo', Buffer.from('x'))), 'ok');
  });

  it('refuses a message over the limit without waiting for it', async () => {
    await using _server = await serve(target.path, {
      '/a.B/Huge': (stream) => {
        stream.respond({ ':status': 200 });
        const head = Buffer.alloc(5);
        head.writeUInt32BE(GRPC_MESSAGE_BYTES_MAX + 1, 1);
        stream.write(head);
      },
    });
    await assert.rejects(client.unary('/a.B/Huge', Buffer.alloc(0)), coded('RESOURCE_EXHAUSTED'));
  });

  it('says UNAVAILABLE when what answers does not speak HTTP/2', async () => {
    const server = net.createServer((socket) => socket.resume().end('220 smtp\r\n'));
    await new Promise<void>((resolve) => server.listen(target.path, resolve));
    await assert.rejects(client.unary('/a.B/Echo', Buffer.alloc(0)), (error) => error instanceof GrpcError);
    await new Promise((resolve) => server.close(resolve));
  });

  it('talks both ways over a stream', async () => {
    const server = http2.createServer();
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.on('data', (chunk: Buffer) => stream.write(chunk));
      stream.on('end', () => stream.end());
    });
    await new Promise<void>((resolve) => server.listen(target.path, resolve));
    const stream = client.stream('/a.B/Chat');
    stream.send(Buffer.from('1'));
    const got: string[] = [];
    for await (const message of stream) {
      got.push(utf8(message));
      if (got.length === 3) stream.finish();
      else if (got.length < 3) stream.send(Buffer.from(String(got.length + 1)));
    }
    assert.deepEqual(got, ['1', '2', '3']);
    await client[Symbol.asyncDispose]();
    await new Promise((resolve) => server.close(resolve));
  });
});
