import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { HttpSink } from '#system/http-exchange.ts';
import { endToEndHeaders, type ForwardTarget, forwardHttp, spliceUpgrade } from '#system/http-forward.ts';
import { SERVER } from '#system/tls.fixture.ts';

async function listening(context: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function target(
  context: TestContext,
  scheme: ForwardTarget['scheme'],
  listener: RequestListener,
): Promise<ForwardTarget> {
  const tls = { cert: SERVER.certificate, key: SERVER.key };
  const server = scheme === 'https' ? createTlsServer(tls, listener) : createServer(listener);
  return { scheme, address: '127.0.0.1', port: await listening(context, server) };
}

function read(start: (sink: HttpSink) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    start({
      write: (bytes) => (text += Buffer.from(bytes).toString()),
      bufferedBytes: 0,
      drained: () => Promise.resolve(),
      end: () => resolve(text),
      destroy: () => reject(new Error('broken off')),
      closed: new AbortController().signal,
    });
  });
}

test('a request and its answer pass, over TLS as well, without what belongs to a connection', async (context) => {
  for (const scheme of ['http', 'https'] as const) {
    const to = await target(context, scheme, (request, response) => {
      const { te, 'x-mine': mine, host } = request.headers;
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.setHeader('x-seen', `${request.method} ${request.url} ${te} ${mine} ${host}`);
      response.writeHead(203, { 'keep-alive': 'timeout=9' });
      request.pipe(response);
    });
    const answer = await forwardHttp({
      target: to,
      method: 'POST',
      path: '/a?b',
      headers: { te: 'trailers', 'x-mine': 'yes', host: 'api.example' },
      body: Buffer.from('words'),
    });
    const { headers, status, cookies } = answer;
    assert.deepEqual([status, cookies], [203, ['a=1', 'b=2']]);
    assert.equal(headers['x-seen'], 'POST /a?b undefined yes api.example');
    assert.deepEqual([headers['keep-alive'], headers['set-cookie']], [undefined, undefined]);
    assert.ok(answer.body.type === 'stream');
    assert.equal(await read(answer.body.start), 'words');
  }
});

test('an answer that breaks off does not look whole, and an absent server is an error', async (context) => {
  const to = await target(context, 'http', (_request, response) => {
    response.write('half');
    setTimeout(() => response.destroy(), 5);
  });
  const request = { target: to, method: 'GET', path: '/', headers: {}, body: new Uint8Array() };
  const { body } = await forwardHttp(request);
  assert.ok(body.type === 'stream');
  await assert.rejects(read(body.start), /broken off/u);
  const absent = { ...to, port: 1 };
  await assert.rejects(forwardHttp({ ...request, target: absent }), { code: 'ECONNREFUSED' });
});

test('an upgrade is repeated, and bytes pass both ways; an absent server is told of', async (context) => {
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    socket.write(`HTTP/1.1 101 Switching\r\nupgrade: ${request.headers.upgrade}\r\n\r\n`);
    socket.write(head);
    socket.pipe(socket);
  });
  const port = await listening(context, server);
  const dial = async (to: number, said: string): Promise<string> => {
    const between = createTcpServer((socket) => {
      spliceUpgrade(
        { socket, head: Buffer.from(said) },
        {
          target: { scheme: 'http', address: '127.0.0.1', port: to },
          method: 'GET',
          path: '/x',
          headers: { upgrade: 'echo', connection: 'upgrade' },
          refusal: (error) => Buffer.from(`refused: ${(error as NodeJS.ErrnoException).code}`),
        },
      );
    });
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    context.after(() => between.close());
    const client = connect((between.address() as AddressInfo).port, '127.0.0.1');
    let text = '';
    return new Promise((resolve) => {
      client.on('data', (bytes) => {
        text += bytes.toString();
        if (text.endsWith('hello')) client.destroy();
      });
      client.on('close', () => resolve(text));
      client.on('end', () => client.destroy());
    });
  };
  assert.equal(await dial(port, 'hello'), 'HTTP/1.1 101 Switching\r\nupgrade: echo\r\n\r\nhello');
  assert.equal(await dial(1, ''), 'refused: ECONNREFUSED');
});

test('what a Connection header names is not passed on', () => {
  assert.deepEqual(endToEndHeaders({ connection: 'close, X-Secret', 'x-secret': '1', a: 'b', te: 'x' }), {
    a: 'b',
  });
});
