import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority, issueKeyPair, type KeyPair } from '#pki/authority.ts';
import { type EtcdPeer, startEtcd } from './etcd-peer.ts';
import { type ApiServer, freePort, openSession, send } from './hub-process.ts';
import { KUBE_APISERVER } from './kube-apiserver-build.ts';

/** kube-apiserver on an etcd member of its own, both on loopback, with their data in temporary folders. */
export interface KubeApiserver extends ApiServer, AsyncDisposable {
  /** From the start of kube-apiserver, with etcd already there, until it was ready. */
  readonly startSeconds: number;
}

const STARTUP_MS_MAX = 60_000;
const CERTIFICATE_MS = 24 * 3600_000;

/** `kube-apiserver v1.33.13`, or undefined where nobody has built it (`node bench/kube-apiserver-build.ts`). */
export function kubeApiserverName(): string | undefined {
  if (!existsSync(KUBE_APISERVER.program)) return undefined;
  return `kube-apiserver ${KUBE_APISERVER.version}`;
}

/** Starts both, with role-based access, TLS, and the admission that is on by default; waits until `/readyz` answers. */
export async function startKubeApiserver(): Promise<KubeApiserver> {
  const folder = mkdtempSync(join(tmpdir(), 'skerry-bench-kubernetes-'));
  const etcd = await startEtcd();
  const port = await freePort();
  const { authority, administrator } = await makeCertificates(folder);
  const startedMs = performance.now();
  const child = spawn(KUBE_APISERVER.program, argumentsOf(folder, { etcd, port }), { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await etcd[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  };
  const context = { server: `https://127.0.0.1:${port}`, authority: authority.certificate, ...administrator };
  try {
    await ready(context);
    const startSeconds = (performance.now() - startedMs) / 1000;
    await makeDefaultAccount(context);
    return { pids: [child.pid ?? 0, etcd.pid], context, startSeconds, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function argumentsOf(folder: string, { etcd, port }: { etcd: EtcdPeer; port: number }): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcd.port}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    '--authorization-mode=Node,RBAC',
    '--service-cluster-ip-range=10.43.0.0/16',
    '--endpoint-reconciler-type=none',
    '--allow-privileged=true',
    '--service-account-issuer=https://kubernetes.default.svc',
    ...(['client-ca', 'tls-cert', 'tls-private-key', 'service-account-key'] as const).map(
      (name) => `--${name}-file=${join(folder, `${name}.pem`)}`,
    ),
    `--service-account-signing-key-file=${join(folder, 'service-account-key.pem')}`,
  ];
}

async function makeCertificates(folder: string): Promise<{ authority: KeyPair; administrator: KeyPair }> {
  const notBeforeMs = Date.now() - CERTIFICATE_MS;
  const notAfterMs = Date.now() + CERTIFICATE_MS;
  const times = { notBeforeMs, notAfterMs };
  const authority = await createAuthority({ commonName: 'bench', ...times });
  const server = await issueKeyPair(authority, {
    commonName: 'kube-apiserver',
    ipAddresses: ['127.0.0.1'],
    usage: 'server',
    ...times,
  });
  const administrator = await issueKeyPair(authority, {
    commonName: 'admin',
    organizations: ['system:masters'],
    usage: 'client',
    ...times,
  });
  writeFileSync(join(folder, 'client-ca.pem'), authority.certificate);
  writeFileSync(join(folder, 'tls-cert.pem'), server.certificate);
  writeFileSync(join(folder, 'tls-private-key.pem'), server.key);
  writeFileSync(
    join(folder, 'service-account-key.pem'),
    execFileSync('openssl', ['genrsa', '2048'], { stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  return { authority, administrator };
}

async function ready(context: ApiServer['context']): Promise<void> {
  const deadline = performance.now() + STARTUP_MS_MAX;
  for (;;) {
    const session = openSession(context);
    try {
      return void (await send(session, { method: 'GET', path: '/readyz' }));
    } catch (cause) {
      if (performance.now() > deadline) throw new Error('kube-apiserver did not start', { cause });
    } finally {
      session.destroy();
    }
    await sleep(20);
  }
}

/** No controller runs beside it that would make the account without which no pod is let in. */
async function makeDefaultAccount(context: ApiServer['context']): Promise<void> {
  const session = openSession(context);
  try {
    const body = Buffer.from(JSON.stringify({ metadata: { name: 'default' } }));
    await send(session, { method: 'POST', path: '/api/v1/namespaces/default/serviceaccounts', body });
  } finally {
    session.destroy();
  }
}
