import assert from 'node:assert/strict';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { afterEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import {
  type HttpSink,
  type HttpsServer,
  type HttpsServerOptions,
  serveHttps,
} from '#system/https-server.ts';
import { AUTHORITY, SERVER } from '#system/tls.fixture.ts';

/**
 * With this much work an honest client is answered, whatever others do: processor time of server and clients, in milliseconds,
 * which other programs of the machine do not lengthen.
 */
const HONEST_CPU_MS_MAX = 1000;

const open: HttpsServer[] = [];
const dialled: TLSSocket[] = [];
afterEach(async () => {
  for (const socket of dialled.splice(0)) socket.destroy();
  for (const server of open.splice(0)) await server[Symbol.asyncDispose]();
});

async function serve(options: Partial<HttpsServerOptions> = {}): Promise<number> {
  const server = await serveHttps({
    host: '127.0.0.1',
    port: 0,
    tls: { ...SERVER, clientAuthority: AUTHORITY },
    bodyBytesMax: 100_000,
    handle: async () => ({
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: { type: 'bytes', chunks: [Buffer.from('well')] },
    }),
    ...options,
  });
  open.push(server);
  return server.port;
}

/** An honest client is answered at once. */
async function assertServed(port: number): Promise<void> {
  const before = process.cpuUsage();
  const status = await new Promise((resolve, reject) => {
    const request = httpsRequest({ host: '127.0.0.1', port, agent: false, ca: AUTHORITY }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject);
    request.end();
  });
  assert.equal(status, 200);
  const { user, system } = process.cpuUsage(before);
  assert.ok((user + system) / 1000 < HONEST_CPU_MS_MAX, 'others are served meanwhile');
}

/** A connection whose client writes what it likes. */
class Dialled {
  readonly socket: TLSSocket;
  readonly closed: Promise<void>;
  readonly #chunks: Buffer[] = [];

  constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** All that came until the server closed the connection. */
  async text(): Promise<string> {
    await this.closed;
    return this.bytes.toString('latin1');
  }
}

function dial(port: number, protocol: 'h2' | 'http/1.1', servername?: string): Promise<Dialled> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      host: '127.0.0.1',
      port,
      ca: AUTHORITY,
      ALPNProtocols: [protocol],
      ...(servername === undefined ? {} : { servername, checkServerIdentity: () => undefined }),
    });
    dialled.push(socket);
    socket.once('error', reject);
    socket.once('secureConnect', () => resolve(new Dialled(socket)));
  });
}

/** What HTTP/1.1 answers to these bytes, once it has closed the connection. */
async function answerTo(port: number, text: string): Promise<string> {
  const client = await dial(port, 'http/1.1');
  client.socket.write(text, 'latin1');
  return client.text();
}

test('B22: HTTP/1.1: a request that can be read in two ways is refused, and the connection closed', async () => {
  const handled: string[] = [];
  const port = await serve({
    handle: async ({ url }) => {
      handled.push(url);
      return { status: 200, headers: {}, body: { type: 'bytes', chunks: [] } };
    },
  });
  const smuggled = 'GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n';
  const head = 'POST /a HTTP/1.1\r\nhost: x\r\n';
  for (const request of [
    `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    `${head}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n${smuggled}`,
    `${head}content-length: 5\r\ncontent-length: 6\r\n\r\nabcde${smuggled}`,
    `${head}content-length: -1\r\n\r\n${smuggled}`,
    `${head}content-length: 5, 5\r\n\r\nabcde${smuggled}`,
    `${head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`,
    `${head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`,
    `${head}content-length : 5\r\n\r\nabcde${smuggled}`,
    `${head} folded: x\r\n\r\n${smuggled}`,
    `${head}: no name\r\n\r\n${smuggled}`,
    `${head}na\0me: x\r\n\r\n${smuggled}`,
    `${head}name: a\0b\r\n\r\n${smuggled}`,
    `${head}name: a\nb: c\r\r\n\r\n${smuggled}`,
    `POST /a HTTP/1.1\nhost: x\n\n${smuggled}`,
    `GET /a HTTP/9.9\r\nhost: x\r\n\r\n${smuggled}`,
    `GET /a b HTTP/1.1\r\nhost: x\r\n\r\n${smuggled}`,
    'GET /a HTTP/1.1\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ]) {
    assert.match(
      await answerTo(port, request),
      /^HTTP\/1\.1 400 Bad Request\r\n[^]*connection: close/iu,
      request,
    );
  }
  assert.deepEqual(
    handled.filter((url) => url !== '/a'),
    [],
  );
  await assertServed(port);
});

test('B22: HTTP/1.1: headers above 16 KiB are refused with 431', async () => {
  const port = await serve();
  for (const size of [17, 100, 5000]) {
    const text = `GET / HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(size * 1024)}\r\n\r\n`;
    assert.match(await answerTo(port, text), /^HTTP\/1\.1 431 |^$/u, `${size} KiB`);
  }
  const many = `GET / HTTP/1.1\r\nhost: x\r\n${Array.from({ length: 5000 }, (_, n) => `n${n}: x\r\n`).join('')}\r\n`;
  assert.match(await answerTo(port, many), /^HTTP\/1\.1 431 /u);
  const line = `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`;
  assert.match(await answerTo(port, line), /^HTTP\/1\.1 431 /u);
  await assertServed(port);
});

test('B22: HTTP/1.1: who takes too long for headers is answered 408 and cut off', async () => {
  const port = await serve({ requestMsMax: 300 });
  const slow: Dialled[] = [];
  // One after the other: a busy machine must not take them for clients that are slow in their handshake.
  for (let n = 0; n < 20; n++) {
    const client = await dial(port, 'http/1.1');
    client.socket.write('GET / HTTP/1.1\r\nhost: x\r\nslow:');
    slow.push(client);
  }
  await assertServed(port);
  for (const client of slow) assert.match(await client.text(), /^HTTP\/1\.1 408 Request Timeout\r\n/u);
  const silent = await dial(port, 'http/1.1');
  assert.match(await silent.text(), /^HTTP\/1\.1 408 |^$/u);
});

test('B22: a client that never ends its TLS handshake is cut off', async () => {
  const port = await serve({ requestMsMax: 50 });
  const socket = connectTcp({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  await assertServed(port);
});

test('B22: garbage in place of TLS, and names that no server has, harm nobody', async () => {
  const port = await serve();
  for (const bytes of [
    Buffer.alloc(100_000, 0xff),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from([0x16, 0x03, 0x01, 0xff, 0xff, ...Buffer.alloc(1000)]),
    Buffer.from([0x16, 0x03, 0x01, 0x00, 0x04, 0x01, 0xff, 0xff, 0xff]),
  ]) {
    const socket = connectTcp({ host: '127.0.0.1', port });
    socket.on('error', () => undefined);
    socket.resume();
    socket.end(bytes);
    await new Promise((resolve) => socket.once('close', resolve));
  }
  for (const name of ['x', 'x'.repeat(250), '__proto__', '*.example', '-', 'ä.example', '..'])
    (await dial(port, 'http/1.1', name)).socket.destroy();
  await assertServed(port);
});

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const [HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION] = [1, 3, 4, 6, 8, 9];
const END_STREAM = 0x1;
const END_HEADERS = 0x4;

/** `GET https / x` in HPACK: three indexed fields, and a literal authority. */
const REQUEST = Buffer.from([0x82, 0x87, 0x84, 0x01, 0x01, 0x78]);

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A header that is not indexed, in HPACK. */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x00]), hpackText(name), hpackText(value)]);
}

function hpackText(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const size: number[] = [127];
  let rest = bytes.length - 127;
  while (rest >= 128) {
    size.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.concat([Buffer.from([...size, rest]), bytes]);
}

/** The frames that a server sent. */
function framesOf(bytes: Buffer): { type: number; stream: number }[] {
  const frames = [];
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3))
    frames.push({ type: bytes.readUInt8(at + 3), stream: bytes.readUInt32BE(at + 5) });
  return frames;
}

async function dialHttp2(port: number): Promise<Dialled> {
  const client = await dial(port, 'h2');
  client.socket.write(Buffer.concat([PREFACE, frame(SETTINGS, 0, 0)]));
  return client;
}

function range<T>(length: number, make: (n: number) => T): T[] {
  return Array.from({ length }, (_, n) => make(n));
}

const streamOf = (n: number): number => 2 * n + 1;

const floods: [string, Buffer][] = [
  [
    'streams that are opened and reset at once',
    Buffer.concat(
      range(20_000, (n) =>
        Buffer.concat([
          frame(HEADERS, END_STREAM | END_HEADERS, streamOf(n), REQUEST),
          frame(RST_STREAM, 0, streamOf(n), uint32(8)),
        ]),
      ),
    ),
  ],
  [
    'headers that go on and on',
    Buffer.concat([
      frame(HEADERS, END_STREAM, 1, REQUEST),
      ...range(20_000, () => frame(CONTINUATION, 0, 1, literal('a', 'x'.repeat(100)))),
    ]),
  ],
  [
    'headers that go on and on with nothing in them',
    Buffer.concat([
      frame(HEADERS, END_STREAM, 1, REQUEST),
      ...range(20_000, () => frame(CONTINUATION, 0, 1)),
    ]),
  ],
  ['HPACK that is none', frame(HEADERS, END_STREAM | END_HEADERS, 1, Buffer.alloc(200, 0xff))],
  [
    'HPACK of a table entry that is not there',
    frame(HEADERS, END_STREAM | END_HEADERS, 1, Buffer.from([0xfe])),
  ],
  [
    'a HPACK table larger than agreed',
    frame(HEADERS, END_STREAM | END_HEADERS, 1, Buffer.from([0x3f, 0xff, 0xff, 0xff, 0x7f])),
  ],
  [
    'a connection window above the largest',
    Buffer.concat(range(2, () => frame(WINDOW_UPDATE, 0, 0, uint32(0x7fffffff)))),
  ],
  ['a window update of nothing', frame(WINDOW_UPDATE, 0, 0, uint32(0))],
  ['settings without end', Buffer.concat(range(100_000, () => frame(SETTINGS, 0, 0)))],
  [
    'pings without end, none of whose answers is read',
    Buffer.concat(range(100_000, () => frame(PING, 0, 0, Buffer.alloc(8)))),
  ],
  ['settings of no known size', frame(SETTINGS, 0, 0, Buffer.alloc(5))],
  ['a frame larger than agreed', frame(HEADERS, 0, 1, Buffer.alloc(20_000))],
  ['a stream that nobody opened', frame(0, 0, 7, Buffer.from('data'))],
  ['a preface only, and then garbage', Buffer.alloc(1000, 0xee)],
];

for (const [what, bytes] of floods) {
  test(`B22: HTTP/2: ${what}: the connection is ended, others are served`, async () => {
    const port = await serve();
    const client = await dialHttp2(port);
    client.socket.write(bytes);
    await assertServed(port);
    await client.closed;
    await assertServed(port);
  });
}

test('B22: HTTP/2: a header without a name is passed over', async () => {
  const port = await serve();
  const client = await dialHttp2(port);
  const fields = Buffer.concat([REQUEST, literal('', 'x')]);
  const answered = new Promise<void>((resolve) => {
    client.socket.on('data', () => {
      if (framesOf(client.bytes).some(({ type, stream }) => type === HEADERS && stream === 1)) resolve();
    });
  });
  client.socket.write(frame(HEADERS, END_STREAM | END_HEADERS, 1, fields));
  await answered;
  await assertServed(port);
});

/** More than kernels, TLS and HTTP/2 take off the server's hands unread. */
const LARGE = Buffer.alloc(32 * 1024 * 1024, 'x');

for (const protocol of ['http/1.1', 'h2'] as const) {
  for (const kind of ['answer', 'watch'] as const) {
    test(`${protocol}: who reads nothing of a large ${kind} is cut off, and nothing is kept for him`, async () => {
      const sinks: HttpSink[] = [];
      const port = await serve({
        stalledMsMax: 100,
        idleMsMax: 200,
        handle: async ({ url }) => ({
          status: 200,
          headers: {},
          body:
            url === '/large' && kind === 'answer'
              ? { type: 'bytes', chunks: [LARGE] }
              : url === '/large'
                ? {
                    type: 'stream',
                    start: (sink) => {
                      sinks.push(sink);
                      sink.write(LARGE);
                    },
                  }
                : { type: 'bytes', chunks: [Buffer.from('well')] },
        }),
      });
      const client = await (protocol === 'h2' ? dialHttp2(port) : dial(port, protocol));
      client.socket.pause();
      const wide = Buffer.concat([Buffer.from([0, 4]), uint32(0x7fffffff)]);
      const path = Buffer.concat([
        Buffer.from([0x82, 0x87, 0x04]),
        hpackText('/large'),
        Buffer.from([0x01, 0x01, 0x78]),
      ]);
      client.socket.write(
        protocol === 'h2'
          ? Buffer.concat([
              frame(SETTINGS, 0, 0, wide),
              frame(WINDOW_UPDATE, 0, 0, uint32(0x7fff0000)),
              frame(HEADERS, END_STREAM | END_HEADERS, 1, path),
            ])
          : 'GET /large HTTP/1.1\r\nhost: x\r\n\r\n',
      );
      await assertServed(port);
      // Time to stall, and to answer no ping; then what the kernel and TLS hold may be read, and no more.
      await delay(600);
      client.socket.resume();
      await client.closed;
      assert.ok(client.bytes.length < LARGE.length / 2, `${client.bytes.length} bytes came`);
      assert.deepEqual(
        sinks.map(({ closed }) => closed.aborted),
        kind === 'watch' ? [true] : [],
      );
    });
  }
}
