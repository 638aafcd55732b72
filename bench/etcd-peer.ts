import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { connect, constants } from 'node:http2';

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './hub-process.ts';

/** One etcd member on loopback, without TLS, with its data in a temporary folder; fsync as it is by default. */
export interface EtcdPeer extends AsyncDisposable {
  readonly pid: number;
  /** Its port on 127.0.0.1. */
  readonly port: number;
  /** Puts a value; resolves when etcd has acknowledged it. */
  put(key: string, value: Uint8Array): Promise<void>;
  /** Reads every key under a prefix; resolves with the bytes of the answer. */
  list(prefix: string): Promise<number>;
}

/** HTTP/2 connections that calls are spread over, so that no one connection is the limit. */
const SESSIONS = 4;

/** Data that one member may hold: more than any bench writes. */
const QUOTA_BYTES = 8 * 1024 ** 3;

const STARTUP_MS_MAX = 20_000;

/** `etcd 3.4.23`, or undefined where the program is not installed (Debian package `etcd-server`). */
export function etcdName(): string | undefined {
  try {
    const output = execFileSync('etcd', ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return `etcd ${/etcd Version: (\S+)/.exec(output)?.[1] ?? 'of unknown version'}`;
  } catch {
    return undefined;
  }
}

/** Starts a member, and waits until it answers. */
export async function startEtcd(): Promise<EtcdPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'skerry-bench-etcd-'));
  const port = await freePort();
  const clientUrl = `http://127.0.0.1:${port}`;
  const peerUrl = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    'etcd',
    [
      `--data-dir=${join(folder, 'data')}`,
      '--log-level=error',
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      `--quota-backend-bytes=${QUOTA_BYTES}`,
      '--max-request-bytes=8388608',
      '--max-txn-ops=256',
    ],
    { stdio: 'ignore' },
  );
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await healthy(clientUrl);
  } catch (error) {
    await stop();
    throw error;
  }
  const sessions = Array.from({ length: SESSIONS }, () => connect(clientUrl));
  let calls = 0;
  const call = (path: string, message: Buffer): Promise<number> => {
    calls += 1;
    return unary(sessions[calls % SESSIONS] as ClientHttp2Session, path, message);
  };
  return {
    pid: child.pid ?? 0,
    port,
    async put(key, value) {
      await call('/etcdserverpb.KV/Put', Buffer.concat([field(1, Buffer.from(key)), field(2, value)]));
    },
    list(prefix) {
      const start = Buffer.from(prefix);
      const end = Buffer.from(start);
      end[end.length - 1] = (end.at(-1) ?? 0) + 1;
      return call('/etcdserverpb.KV/Range', Buffer.concat([field(1, start), field(2, end)]));
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await stop();
    },
  };
}

/** A field of type bytes in Protobuf's wire form. */
function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** One gRPC call, as lean as it can be: the generator shares the machine with the server. Resolves with the bytes answered. */
function unary(session: ClientHttp2Session, path: string, message: Buffer): Promise<number> {
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame.writeUInt8(0, 0);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return new Promise((resolve, reject) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      te: 'trailers',
    });
    let bytes = 0;
    let status: string | undefined;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.on('response', (headers) => {
      status = headers['grpc-status']?.toString();
    });
    stream.on('trailers', (trailers) => {
      status = trailers['grpc-status']?.toString();
    });
    stream.on('error', reject);
    stream.on('close', () =>
      status === '0' ? resolve(bytes) : reject(new Error(`${path}: gRPC status ${status}`)),
    );
    stream.end(frame);
  });
}

async function healthy(url: string): Promise<void> {
  const deadline = performance.now() + STARTUP_MS_MAX;
  for (;;) {
    try {
      const response = await fetch(`${url}/health`);
      if ((await response.text()).includes('"true"')) return;
    } catch (cause) {
      if (performance.now() > deadline) throw new Error(`etcd did not start at ${url}`, { cause });
    }
    await sleep(50);
  }
}
