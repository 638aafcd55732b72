import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type KubeContext, readKubeconfig } from '#cli/kubeconfig.ts';
import { NODE_FLAGS } from '#site/local-machine.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const STARTUP_MS_MAX = 30_000;
const POLL_MS = 5;

/** An API server, whoever's, with all that it needs to serve. */
export interface ApiServer {
  readonly pids: readonly number[];
  readonly context: Pick<KubeContext, 'server' | 'authority' | 'certificate' | 'key'>;
}

/** A hub in a process of its own, with its data in a temporary folder. */
export interface HubProcess extends ApiServer, AsyncDisposable {
  readonly pid: number;
  readonly context: KubeContext;
  /** From the start of the process until it answered for the first time. */
  readonly startSeconds: number;
}

/** Starts a hub as `skerry up` does, and waits until `/readyz` answers. */
export async function startHub(): Promise<HubProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'skerry-bench-hub-'));
  const port = await freePort();
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [...NODE_FLAGS.hub, join(ROOT, 'src/main.ts'), 'hub', '--data', folder, '--listen', `127.0.0.1:${port}`],
    {
      stdio: 'ignore',
      env: { ...process.env, NODE_COMPILE_CACHE: join(ROOT, '.cache/compiled') },
    },
  );
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const context = await ready(folder);
    return {
      pid: child.pid ?? 0,
      pids: [child.pid ?? 0],
      context,
      startSeconds: (performance.now() - startedMs) / 1000,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function ready(folder: string): Promise<KubeContext> {
  const deadline = performance.now() + STARTUP_MS_MAX;
  for (;;) {
    try {
      const [context] = readKubeconfig(readFileSync(join(folder, 'kubeconfig'), 'utf8'));
      if (context !== undefined) {
        const session = openSession(context);
        try {
          await send(session, { method: 'GET', path: '/readyz' });
          return context;
        } finally {
          session.destroy();
        }
      }
    } catch (cause) {
      if (performance.now() > deadline) throw new Error('the hub did not start', { cause });
    }
    await sleep(POLL_MS);
  }
}

/** An HTTP/2 connection over TLS, with a client certificate where one is given: the administrator's, for one. */
export function openSession(
  context: Pick<KubeContext, 'server' | 'authority'> & Partial<Pick<KubeContext, 'certificate' | 'key'>>,
): ClientHttp2Session {
  const { certificate: cert, key } = context;
  const session = connect(context.server, {
    ca: context.authority,
    ...(cert === undefined ? {} : { cert, key }),
  });
  session.on('error', () => undefined);
  return session;
}

/** One request; resolves with the answer's body. Rejects on an error status. */
export function send(
  session: ClientHttp2Session,
  request: { method: string; path: string; body?: Uint8Array; contentType?: string; token?: string },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: request.method,
      [constants.HTTP2_HEADER_PATH]: request.path,
      accept: 'application/json',
      ...(request.token === undefined ? {} : { authorization: `Bearer ${request.token}` }),
      ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
    });
    const chunks: Buffer[] = [];
    let status = 0;
    stream.on('response', (headers) => {
      status = Number(headers[':status']);
    });
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
    });
    stream.on('error', reject);
    stream.on('close', () =>
      status >= 200 && status < 300
        ? resolve(Buffer.concat(chunks))
        : reject(new Error(`${request.method} ${request.path}: ${status}`)),
    );
    stream.end(request.body);
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
