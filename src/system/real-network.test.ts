import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { httpsClient } from '#system/https-client.ts';
import { type HttpsServer, serveHttps } from '#system/https-server.ts';
import type { Connection } from '#system/network.ts';
import { freePort, realNetwork, splitAddress } from '#system/real-network.ts';
import { AUTHORITY, CLIENT, FOREIGN_CLIENT, SERVER } from '#system/tls.fixture.ts';

const PROTOCOL = 'echo/1';
const never = new AbortController().signal;

let server: HttpsServer;
const accepted: Connection[] = [];
before(async () => {
  server = await serveHttps({
    host: '127.0.0.1',
    port: 0,
    tls: { ...SERVER, clientAuthority: AUTHORITY },
    bodyBytesMax: 1000,
    handle: async ({ method, url, body, headers }) => ({
      status: 200,
      headers: { 'x-agent': headers['user-agent'] ?? '' },
      body: { type: 'bytes', chunks: [Buffer.from(`${method} ${url} ${body.length}`)] },
    }),
    protocols: {
      [PROTOCOL]: (connection) => {
        accepted.push(connection);
        void (async () => {
          for await (const chunk of connection.incoming) await connection.write(chunk);
        })().catch(() => undefined);
      },
    },
  });
});
after(() => server[Symbol.asyncDispose]());

function dial(
  options: Partial<Parameters<typeof realNetwork.connect>[1]> = {},
  address = `127.0.0.1:${server.port}`,
): Promise<Connection> {
  const tls = { authority: AUTHORITY, certificate: CLIENT.certificate, key: CLIENT.key };
  return realNetwork.connect(address, {
    protocol: PROTOCOL,
    tls,
    timeoutMs: 5000,
    signal: never,
    ...options,
  });
}

test('bytes go both ways, in order, and both ends know each other', async () => {
  const connection = await dial();
  assert.equal(connection.peer.certificate?.commonName, 'server');
  const sent = Buffer.alloc(3_000_000, 'abc');
  const writing = connection.write(sent);
  const received: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of connection.incoming) {
    received.push(chunk);
    total += chunk.length;
    if (total === sent.length) break;
  }
  await writing;
  assert.ok(Buffer.concat(received).equals(sent));
  assert.equal(accepted.at(-1)?.peer.certificate?.commonName, 'tester');
  connection.close();
  connection.close();
  await assert.rejects(connection.write(Buffer.from('x')), /the connection is closed/);
});

test('who cannot be trusted, does not speak the protocol, or is not there, is not connected with', async () => {
  await assert.rejects(dial({ tls: { authority: FOREIGN_CLIENT.certificate } }), /certificate|signature/i);
  await assert.rejects(
    dial({ tls: { authority: AUTHORITY, serverName: 'elsewhere' } }),
    /Hostname\/IP does not match|altnames/i,
  );
  await assert.rejects(dial({ protocol: 'other/1' }), /no application protocol|does not speak/i);
  await assert.rejects(dial({}, `127.0.0.1:${await freePort('127.0.0.1')}`), /ECONNREFUSED/);
  await assert.rejects(dial({}, 'nowhere'), /is not an address/);
});

test('a peer that says nothing is given up in time, or when the caller aborts', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket));
  const port = await new Promise<number>((resolve) => {
    silent.listen(0, '127.0.0.1', () => resolve((silent.address() as { port: number }).port));
  });
  await assert.rejects(
    dial({ timeoutMs: 30 }, `127.0.0.1:${port}`),
    /no answer from 127\.0\.0\.1:\d+ within 30 ms/,
  );
  const abort = new AbortController();
  const dialling = dial({ signal: abort.signal }, `127.0.0.1:${port}`);
  abort.abort(new Error('enough'));
  await assert.rejects(dialling, /enough/);
  await assert.rejects(dial({ signal: abort.signal }), /enough/);
  for (const socket of sockets) socket.destroy();
  silent.close();
});

test('when one end closes, the other hears the end of it', async () => {
  const connection = await dial();
  await connection.write(Buffer.from('x'));
  for await (const _ of connection.incoming) {
    accepted.at(-1)?.close();
    break;
  }
  const other = await dial();
  await other.write(Buffer.from('x'));
  const chunks: number[] = [];
  const reading = (async () => {
    for await (const chunk of other.incoming) {
      chunks.push(chunk.length);
      accepted.at(-1)?.close();
    }
  })().catch(() => undefined);
  await reading;
  assert.deepEqual(chunks, [1]);
});

test('addresses', () => {
  assert.deepEqual(splitAddress('hub.example:443'), { host: 'hub.example', port: 443 });
  assert.deepEqual(splitAddress('[fd00::1]:6443'), { host: 'fd00::1', port: 6443 });
  for (const address of [
    '',
    'hub',
    'hub:',
    ':443',
    'hub:0',
    'hub:65536',
    'fd00::1:443',
    'hub:443x',
    'https://hub:443',
  ]) {
    assert.throws(() => splitAddress(address), /is not an address: expected host:port/, address);
  }
});

test('a client of HTTPS asks one server, and trusts no other', async () => {
  using client = httpsClient(`localhost:${server.port}`, {
    authority: AUTHORITY,
    certificate: CLIENT.certificate,
    key: CLIENT.key,
  });
  const text = async (body: AsyncIterable<Uint8Array>) => {
    let whole = '';
    for await (const chunk of body) whole += Buffer.from(chunk).toString();
    return whole;
  };
  for (const body of ['', 'four']) {
    const answer = await client.request({ method: 'POST', path: '/a?b', body: Buffer.from(body) });
    assert.deepEqual(
      [answer.status, answer.headers['x-agent'], await text(answer.body)],
      [200, 'skerry', `POST /a?b ${body.length}`],
    );
  }
  using wrong = httpsClient(`localhost:${server.port}`, { authority: FOREIGN_CLIENT.certificate });
  await assert.rejects(wrong.request({ method: 'GET', path: '/' }), /certificate|signature/i);
  using trusting = httpsClient(`127.0.0.1:${server.port}`, 'insecure');
  assert.equal((await trusting.request({ method: 'GET', path: '/' })).status, 200);
  const abort = new AbortController();
  abort.abort();
  await assert.rejects(client.request({ method: 'GET', path: '/', signal: abort.signal }), {
    name: 'AbortError',
  });
  using nobody = httpsClient(`127.0.0.1:${await freePort('127.0.0.1')}`, 'insecure');
  await assert.rejects(nobody.request({ method: 'GET', path: '/' }), /ECONNREFUSED/);
});
