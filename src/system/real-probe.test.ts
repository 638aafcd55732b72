import assert from 'node:assert/strict';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { test } from 'node:test';
import type { HttpProbe } from '#system/probe.ts';
import { realClock } from '#system/real.ts';
import { createRealProber } from '#system/real-probe.ts';

const prober = createRealProber(realClock);

async function listening(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

function probeOf(port: number, more: Partial<HttpProbe> = {}): HttpProbe {
  return { scheme: 'http', host: '127.0.0.1', port, path: '/', headers: [], timeoutMs: 1000, ...more };
}

test('an HTTP probe passes from 200 to 399 and says what else it found', async () => {
  const seen: (string | undefined)[] = [];
  const server = http.createServer((request, response) => {
    seen.push(request.headers.host, request.headers['x-probe'] as string);
    response.writeHead(Number(request.url?.slice(1)), { location: '/elsewhere' }).end('body');
  });
  const port = await listening(server);
  try {
    for (const status of [200, 204, 302, 399])
      assert.deepEqual(await prober.http(probeOf(port, { path: `/${status}` })), { ok: true });
    for (const status of [404, 500]) {
      assert.deepEqual(await prober.http(probeOf(port, { path: `/${status}` })), {
        ok: false,
        message: `HTTP probe failed with statuscode: ${status}`,
      });
    }
    seen.length = 0;
    const headers = [
      { name: 'host', value: 'app.example' },
      { name: 'X-Probe', value: 'yes' },
    ];
    await prober.http(probeOf(port, { path: '200', headers }));
    assert.deepEqual(seen, ['app.example', 'yes']);
  } finally {
    server.close();
  }
});

test('a port that is closed, a server that says nothing, and a path that cannot be sent are failures with a reason', async () => {
  const silent = net.createServer(() => undefined);
  const port = await listening(silent);
  try {
    assert.deepEqual(await prober.tcp({ host: '127.0.0.1', port, timeoutMs: 1000 }), { ok: true });
    assert.deepEqual(await prober.http(probeOf(port, { timeoutMs: 50 })), {
      ok: false,
      message: `Get "http://127.0.0.1:${port}/": no answer within 50 ms`,
    });
    const grpc = await prober.grpc({ host: '127.0.0.1', port, timeoutMs: 50, service: '' });
    assert.equal(grpc.ok, false);
  } finally {
    silent.close();
  }
  const refused = `dial tcp 127.0.0.1:${port}: connect: connection refused`;
  assert.deepEqual(await prober.tcp({ host: '127.0.0.1', port, timeoutMs: 1000 }), {
    ok: false,
    message: refused,
  });
  assert.deepEqual(await prober.http(probeOf(port)), {
    ok: false,
    message: `Get "http://127.0.0.1:${port}/": ${refused}`,
  });
  assert.equal(
    (await prober.http(probeOf(port, { headers: [{ name: 'bad header', value: 'x' }] }))).ok,
    false,
  );
});

test('a gRPC probe passes where the service is serving', async () => {
  const asked: string[] = [];
  const server = http2.createServer();
  server.on('stream', (stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const service = Buffer.concat(chunks).subarray(7).toString();
      asked.push(service);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, service === 'sick' ? 2 : 1]));
    });
  });
  const port = await listening(server);
  try {
    const probe = { host: '127.0.0.1', port, timeoutMs: 1000 };
    assert.deepEqual(await prober.grpc({ ...probe, service: '' }), { ok: true });
    assert.deepEqual(await prober.grpc({ ...probe, service: 'well' }), { ok: true });
    const sick = 'service unhealthy (responded with "NOT_SERVING")';
    assert.deepEqual(await prober.grpc({ ...probe, service: 'sick' }), { ok: false, message: sick });
    assert.deepEqual(asked, ['', 'well', 'sick']);
  } finally {
    server.close();
  }
});
