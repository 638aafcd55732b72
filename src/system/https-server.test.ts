import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { afterEach, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  type HttpRequest,
  type HttpResponse,
  type HttpSink,
  type HttpsServer,
  type HttpsServerOptions,
  serveHttps,
} from '#system/https-server.ts';
import { AUTHORITY, CLIENT, FOREIGN_CLIENT, SERVER } from '#system/tls.fixture.ts';

const BODY_BYTES_MAX = 100_000;

const open: HttpsServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server[Symbol.asyncDispose]();
});

function json(value: unknown): HttpResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: { type: 'bytes', chunks: [Buffer.from(JSON.stringify(value))] },
  };
}

/** What the server was asked, as its answer. */
async function echo({ method, url, headers, body, certificate }: HttpRequest): Promise<HttpResponse> {
  return json({
    method,
    url,
    type: headers['content-type'],
    bytes: body.length,
    certificate: certificate?.commonName,
    groups: certificate?.organizations,
  });
}

async function serve(options: Partial<HttpsServerOptions> = {}): Promise<number> {
  const server = await serveHttps({
    host: '127.0.0.1',
    port: 0,
    tls: { ...SERVER, clientAuthority: AUTHORITY },
    bodyBytesMax: BODY_BYTES_MAX,
    handle: echo,
    ...options,
  });
  open.push(server);
  return server.port;
}

interface Identity {
  readonly certificate: string;
  readonly key: string;
}

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array;
  readonly identity?: Identity;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly bytes: Buffer;
}

function tlsOf(identity: Identity | undefined) {
  return {
    ca: AUTHORITY,
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }),
  };
}

function overHttp1(
  port: number,
  { method = 'GET', path = '/', headers = {}, body, identity }: Sent = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      { host: '127.0.0.1', port, method, path, headers, agent: false, ...tlsOf(identity) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            bytes: Buffer.concat(chunks),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function overHttp2(
  port: number,
  { method = 'GET', path = '/', headers = {}, body, identity }: Sent = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`https://127.0.0.1:${port}`, tlsOf(identity));
    session.on('error', reject);
    const stream = session.request({ ':method': method, ':path': path, ...headers });
    const chunks: Buffer[] = [];
    let answered: { status: number; headers: Answer['headers'] } = { status: 0, headers: {} };
    stream.on('response', (fields) => {
      answered = { status: Number(fields[':status']), headers: fields as Answer['headers'] };
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      session.destroy();
      if (answered.status === 0 || stream.rstCode !== 0) reject(new Error('the stream was reset'));
      else resolve({ ...answered, bytes: Buffer.concat(chunks) });
    });
    stream.end(body);
  });
}

function valueOf({ bytes }: Answer): unknown {
  return JSON.parse(bytes.toString('utf8'));
}

const versions: [string, typeof overHttp1][] = [
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
];

for (const [name, send] of versions) {
  test(`${name}: a request comes whole, with who sent it`, async () => {
    const port = await serve();
    const body = Buffer.alloc(70_000, 'x');
    const headers = { 'content-type': 'text/plain' };
    const answer = await send(port, { method: 'POST', path: '/a?b=c', headers, body, identity: CLIENT });
    assert.equal(answer.status, 200);
    assert.deepEqual(valueOf(answer), {
      method: 'POST',
      url: '/a?b=c',
      type: 'text/plain',
      bytes: 70_000,
      certificate: 'tester',
      groups: ['red', 'blue'],
    });
  });

  test(`${name}: a client without a certificate, or with one of another authority, is nobody`, async () => {
    const port = await serve();
    for (const identity of [undefined, FOREIGN_CLIENT]) {
      const answer = await send(port, identity === undefined ? {} : { identity });
      assert.deepEqual(valueOf(answer), { method: 'GET', url: '/', bytes: 0 });
    }
  });

  test(`${name}: a body that is too large is refused with 413, announced or not`, async () => {
    const handled: string[] = [];
    const port = await serve({
      handle: async (request) => {
        handled.push(request.method);
        return echo(request);
      },
    });
    const body = Buffer.alloc(BODY_BYTES_MAX + 1);
    const chunked: Record<string, string> = name === 'HTTP/1.1' ? { 'transfer-encoding': 'chunked' } : {};
    for (const headers of [chunked, { 'content-length': String(body.length) }] as Record<string, string>[]) {
      const answer = await send(port, { method: 'POST', headers, body });
      assert.equal(answer.status, 413);
      const { reason, code, message } = valueOf(answer) as { reason: string; code: number; message: string };
      assert.deepEqual(
        [reason, code, message],
        ['RequestEntityTooLarge', 413, `the body of the request is larger than ${BODY_BYTES_MAX} bytes`],
      );
    }
    assert.equal((await send(port, { method: 'POST', body: Buffer.alloc(BODY_BYTES_MAX) })).status, 200);
    assert.deepEqual(handled, ['POST']);
  });

  test(`${name}: B2: a body in gzip is read, and refused with 413 where it inflates beyond the limit`, async () => {
    const port = await serve();
    const post = (body: Buffer): Promise<Answer> =>
      send(port, { method: 'POST', headers: { 'content-encoding': 'gzip' }, body });
    assert.equal((valueOf(await post(gzipSync(Buffer.alloc(5000)))) as { bytes: number }).bytes, 5000);
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    assert.equal((await post(bomb)).status, 413);
    assert.equal((await post(Buffer.from('none'))).status, 400);
  });

  test(`${name}: a large answer is compressed for whoever takes that`, async () => {
    const text = 'x'.repeat(300_000);
    const port = await serve({ handle: async () => json(text) });
    const plain = await send(port);
    const zipped = await send(port, { headers: { 'accept-encoding': 'gzip, deflate' } });
    assert.deepEqual([plain.headers['content-encoding'], valueOf(plain)], [undefined, text]);
    assert.equal(zipped.headers['content-encoding'], 'gzip');
    assert.ok(zipped.bytes.length < 10_000);
    assert.equal(JSON.parse(gunzipSync(zipped.bytes).toString('utf8')), text);
  });

  test(`${name}: to HEAD the answer has no body`, async () => {
    const answer = await send(await serve(), { method: 'HEAD' });
    assert.deepEqual([answer.status, answer.bytes.length], [200, 0]);
  });

  test(`${name}: a handler that fails costs its own request only`, async () => {
    const port = await serve({
      handle: async (request) => {
        if (request.url === '/bad') throw new Error('no answer');
        return echo(request);
      },
    });
    await assert.rejects(send(port, { path: '/bad' }));
    assert.equal((await send(port)).status, 200);
  });

  test(`${name}: a stream is told when its reader has gone`, async () => {
    const sinks: HttpSink[] = [];
    const started = Promise.withResolvers<HttpSink>();
    const port = await serve({
      handle: async () => ({
        status: 200,
        headers: {},
        body: {
          type: 'stream',
          start: (sink) => {
            sinks.push(sink);
            started.resolve(sink);
          },
        },
      }),
    });
    const ending = send(port);
    const sink = await started.promise;
    sink.write(Buffer.from('one '));
    sink.write(Buffer.from('two'));
    await sink.drained();
    sink.end();
    assert.equal((await ending).bytes.toString(), 'one two');
    const destroyed = Promise.withResolvers<HttpSink>();
    sinks.length = 0;
    const failing = send(port);
    while (sinks.length === 0) await new Promise(setImmediate);
    const second = sinks[0];
    assert.ok(second);
    second.closed.addEventListener('abort', () => destroyed.resolve(second));
    second.destroy();
    await destroyed.promise;
    await failing.catch(() => undefined);
  });
}

test('B1: a body that does not come whole in time is refused with 408', async () => {
  const port = await serve({ requestMsMax: 50 });
  const slow1 = await new Promise<number>((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        method: 'POST',
        agent: false,
        headers: { 'content-length': '10' },
        ca: AUTHORITY,
      },
      (response) => {
        resolve(response.statusCode ?? 0);
        request.destroy();
      },
    );
    request.on('error', reject);
    request.write('slow');
  });
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: AUTHORITY });
  const stream = session.request({ ':method': 'POST', ':path': '/' });
  stream.write('slow');
  const slow2 = await new Promise((resolve) => {
    stream.on('response', (fields) => resolve(fields[':status']));
  });
  stream.on('error', () => undefined);
  session.destroy();
  assert.deepEqual([slow1, slow2], [408, 408]);
});

function dial(port: number, protocols: string[]): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, ...tlsOf(CLIENT), ALPNProtocols: protocols });
    socket.once('error', reject);
    socket.once('secureConnect', () => resolve(socket));
  });
}

function firstText(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8')));
    socket.once('close', () => resolve(''));
  });
}

const UPGRADE = 'GET /stream HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n';

test('an upgrade is handed over with who asks for it; where nobody takes it, the connection is closed', async () => {
  const port = await serve({
    upgrade: (request, socket) =>
      socket.end(`HTTP/1.1 101 Switching\r\n\r\n${request.url} ${request.certificate?.commonName ?? ''}`),
  });
  const upgraded = await dial(port, ['http/1.1']);
  upgraded.write(UPGRADE);
  assert.match(await firstText(upgraded), /101 Switching[^]*\/stream tester/);
  const refused = await dial(await serve(), ['http/1.1']);
  refused.write(UPGRADE);
  assert.equal(await firstText(refused), '');
});

test('another protocol on the same port gets the connection, and knows its peer', async () => {
  const port = await serve({
    protocols: {
      'parrot/1': (connection) => {
        void (async () => {
          for await (const chunk of connection.incoming)
            await connection.write(
              Buffer.concat([Buffer.from(`${connection.peer.certificate?.commonName}: `), chunk]),
            );
        })();
      },
    },
  });
  const parrot = await dial(port, ['parrot/1']);
  parrot.write('hello');
  assert.equal(await firstText(parrot), 'tester: hello');
  parrot.destroy();
  assert.equal((await overHttp1(port)).status, 200, 'HTTP goes on');
  await assert.rejects(dial(port, ['crow/1']), /no application protocol/i);
});

test('garbage in place of TLS or HTTP harms nobody else', async () => {
  const port = await serve();
  const socket = await dial(port, ['http/1.1']);
  socket.on('error', () => undefined);
  socket.write('\0\0\0 no http \r\n\r\n');
  assert.match(await firstText(socket), /^HTTP\/1.1 400 Bad Request|^$/);
  const frames = await dial(port, ['h2']);
  frames.on('error', () => undefined);
  frames.write(Buffer.alloc(100, 0xff));
  await firstText(frames);
  assert.equal((await overHttp1(port)).status, 200);
});

test('a port that is taken is said so', async () => {
  const port = await serve();
  await assert.rejects(serve({ port }), new RegExp(`port ${port} of 127.0.0.1 is taken by another program`));
});

test('disposal closes what is open', async () => {
  const started = Promise.withResolvers<HttpSink>();
  const server = await serveHttps({
    host: '127.0.0.1',
    port: 0,
    tls: { ...SERVER, clientAuthority: AUTHORITY },
    bodyBytesMax: 1,
    handle: async () => ({
      status: 200,
      headers: {},
      body: { type: 'stream', start: (sink) => started.resolve(sink) },
    }),
  });
  const reading = overHttp1(server.port).catch((error: unknown) => error);
  const sink = await started.promise;
  const closed = new Promise((resolve) => sink.closed.addEventListener('abort', resolve));
  await server[Symbol.asyncDispose]();
  await closed;
  await reading;
  await assert.rejects(overHttp1(server.port), /ECONNREFUSED/);
});
