import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdEndpoint, EtcdTls } from '#store/etcd-client.ts';
import { createEtcdClient } from '#store/etcd-client.ts';
import { onMachine, type TestMachine } from '#store/test-machine.linux.fixture.ts';
import { must } from '#system/assert.ts';
import { realClock } from '#system/real.ts';

/** How long a member may take until it answers, in milliseconds. */
const START_MS_MAX = 20_000;

/** One member of an etcd of its own, on loopback with mutual TLS, started from the Debian package `etcd-server`. */
export interface EtcdMember extends AsyncDisposable {
  readonly endpoint: EtcdEndpoint;
  readonly tls: EtcdTls;
  /** Files with what `tls` says, for programs. */
  readonly files: { readonly authority: string; readonly certificate: string; readonly key: string };
  readonly pid: number;
  readonly folder: string;
  /** Kills it without warning. */
  kill(): Promise<void>;
  /** Starts it again, on the same data and ports. */
  start(extra?: readonly string[]): Promise<void>;
}

/** Why there is no etcd to test with; false where there is one. */
export function withoutEtcd(): string | false {
  try {
    execFileSync('etcd', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'etcd is not installed: install the Debian package etcd-server';
  }
}

/**
 * Starts a cluster of so many members, and waits until each answers. `extra` are further flags of etcd; `machines` says
 * where each member runs, on loopback where absent.
 */
export async function startEtcd(
  size = 1,
  options: { extra?: readonly string[]; folder?: string; machines?: readonly TestMachine[] } = {},
): Promise<EtcdMember[]> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'skerry-etcd-'));
  const addressOf = (index: number): string => options.machines?.[index]?.address ?? '127.0.0.1';
  const files = makeCertificates(
    folder,
    Array.from({ length: size }, (_, index) => addressOf(index)),
  );
  const ports = await freePorts(size * 2);
  const names = Array.from({ length: size }, (_, index) => `member${index}`);
  const peerUrl = (index: number): string => `http://${addressOf(index)}:${ports[size + index]}`;
  const cluster = names.map((name, index) => `${name}=${peerUrl(index)}`).join(',');
  const members = names.map((name, index) => {
    const port = must(ports[index], 'a port');
    return createMember({
      name,
      port,
      address: addressOf(index),
      machine: options.machines?.[index],
      peerUrl: peerUrl(index),
      cluster,
      folder,
      files,
      extra: options.extra ?? [],
    });
  });
  await Promise.all(members.map((member) => member.start()));
  return members;
}

interface MemberOptions {
  readonly name: string;
  readonly port: number;
  readonly address: string;
  readonly machine: TestMachine | undefined;
  readonly peerUrl: string;
  readonly cluster: string;
  readonly folder: string;
  readonly files: EtcdMember['files'];
  readonly extra: readonly string[];
}

function createMember(options: MemberOptions): EtcdMember {
  const { name, port, address, machine, peerUrl, cluster, folder, files, extra } = options;
  const clientUrl = `https://${address}:${port}`;
  const endpoint = { host: address, port, secure: true };
  const tls = {
    authority: readFileSync(files.authority, 'utf8'),
    certificate: readFileSync(files.certificate, 'utf8'),
    key: readFileSync(files.key, 'utf8'),
  };
  let child: ReturnType<typeof spawn> | undefined;
  const kill = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  };
  return {
    endpoint,
    tls,
    files,
    folder,
    get pid() {
      return child?.pid ?? 0;
    },
    kill,
    async start(further = []) {
      child = spawn(
        ...onMachine(machine, 'etcd', [
          `--name=${name}`,
          `--data-dir=${join(folder, name)}`,
          '--log-level=error',
          '--logger=zap',
          `--listen-client-urls=${clientUrl}`,
          `--advertise-client-urls=${clientUrl}`,
          `--listen-peer-urls=${peerUrl}`,
          `--initial-advertise-peer-urls=${peerUrl}`,
          `--initial-cluster=${cluster}`,
          '--client-cert-auth',
          `--trusted-ca-file=${files.authority}`,
          `--cert-file=${files.certificate}`,
          `--key-file=${files.key}`,
          '--max-request-bytes=8388608',
          '--max-txn-ops=256',
          '--heartbeat-interval=50',
          '--election-timeout=500',
          ...extra,
          ...further,
        ]),
        { stdio: 'ignore' },
      );
      await answers({ endpoint, tls });
    },
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Deletes everything that an etcd holds. */
export async function emptyEtcd(members: readonly EtcdMember[]): Promise<void> {
  await using client = clientOf(members);
  await client.txn({ success: [{ deleteRange: { key: Buffer.of(0), rangeEnd: Buffer.of(0) } }] });
}

/** A client of these members. */
export function clientOf(members: readonly EtcdMember[]): ReturnType<typeof createEtcdClient> {
  const [first] = members;
  return createEtcdClient({
    endpoints: members.map(({ endpoint }) => endpoint),
    tls: must(first, 'a member').tls,
    clock: realClock,
  });
}

async function answers(member: Pick<EtcdMember, 'endpoint' | 'tls'>): Promise<void> {
  const deadlineMs = performance.now() + START_MS_MAX;
  for (;;) {
    await using client = createEtcdClient({
      endpoints: [member.endpoint],
      tls: member.tls,
      clock: realClock,
    });
    try {
      await client.range({ key: Buffer.from('/') });
      return;
    } catch (cause) {
      if (performance.now() > deadlineMs)
        throw new Error(`etcd did not start: ${member.endpoint.port}`, { cause });
    }
    await sleep(50);
  }
}

/** One key pair for servers and clients, which signs itself. */
function makeCertificates(folder: string, addresses: readonly string[]): EtcdMember['files'] {
  const names = [
    ...new Set([...addresses.map((address) => `IP:${address}`), 'IP:127.0.0.1', 'DNS:localhost']),
  ];
  const [certificate, key] = [join(folder, 'etcd.crt'), join(folder, 'etcd.key')];
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=etcd', '-keyout', key, '-out', certificate],
      ...['-addext', `subjectAltName=${names.join()}`],
      ...[
        '-addext',
        'extendedKeyUsage=serverAuth,clientAuth',
        '-addext',
        'basicConstraints=critical,CA:TRUE',
      ],
    ],
    { stdio: 'ignore' },
  );
  return { authority: certificate, certificate, key };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports = await Promise.all(
    servers.map(async (server) => {
      await once(server, 'listening');
      const address = server.address();
      return address !== null && typeof address === 'object' ? address.port : 0;
    }),
  );
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
