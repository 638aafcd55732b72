import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callHttps } from '#system/https-call.ts';
import { serveHttps } from '#system/https-server.ts';
import { AUTHORITY, SERVER } from '#system/tls.fixture.ts';

async function serve(status: number, body: string, headers: Record<string, string> = {}) {
  return serveHttps({
    host: '127.0.0.1',
    port: 0,
    tls: { ...SERVER, clientAuthority: AUTHORITY },
    bodyBytesMax: 1000,
    handle: () => Promise.resolve({ status, headers, body: { type: 'bytes', chunks: [Buffer.from(body)] } }),
  } as never);
}

function call(port: number, changes: object = {}) {
  return callHttps({
    address: `127.0.0.1:${port}`,
    path: '/',
    authority: AUTHORITY,
    body: Buffer.from('{}'),
    answerBytesMax: 100,
    signal: new AbortController().signal,
    ...changes,
  });
}

test('an answer is taken whole, up to its limit', async () => {
  await using server = await serve(200, 'x'.repeat(100));
  assert.equal((await call(server.port)).body.length, 100);
  await assert.rejects(call(server.port, { answerBytesMax: 99 }), /larger than 99 bytes/);
});

test('a redirect is an answer, and is not followed', async () => {
  await using server = await serve(302, '', { location: 'https://127.0.0.1:1/' });
  assert.equal((await call(server.port)).status, 302);
});

test('a server whose certificate is of another authority, or another name, is not talked to', async () => {
  await using server = await serve(200, 'x');
  await assert.rejects(call(server.port, { authority: undefined }), /certificate/);
  await assert.rejects(call(server.port, { serverName: 'hook.default.svc' }), /altnames|certificate/i);
});
