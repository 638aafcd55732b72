import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openEtcdStore } from '#store/etcd.ts';
import { openSqliteStore } from '#store/sqlite.ts';
import type { Store } from '#store/store.ts';
import { realClock, realRandom } from '#system/real.ts';
import type { EtcdPeer } from './etcd-peer.ts';
import { etcdName, startEtcd } from './etcd-peer.ts';
import { cpuSecondsOf, ownCpuSeconds, pssMibOf } from './process-cost.ts';
import type { Row, Sample } from './row.ts';
import { toRow } from './row.ts';

/** Interleaved runs: ours, etcd, ours, etcd, … */
const RUNS = 3;
const WARM_UP_MS = 500;
const MEASURE_MS = 2000;

/** Keys written over and over, as a fleet's objects are. */
const KEYS = 10_000;

interface WriteCase {
  /** Beginning of the rows' names: `store.writes` is the headline, 3 KB by 64 writers. */
  readonly name: string;
  readonly writers: number;
  readonly valueBytes: number;
}

const HEADLINE: WriteCase = { name: 'store.writes', writers: 64, valueBytes: 3072 };

const WRITE_CASES: readonly WriteCase[] = [
  HEADLINE,
  { name: 'store.writes16', writers: 16, valueBytes: 3072 },
  { name: 'store.writes1', writers: 1, valueBytes: 3072 },
  { name: 'store.smallWrites', writers: 64, valueBytes: 1024 },
  { name: 'store.smallWrites16', writers: 16, valueBytes: 1024 },
  { name: 'store.smallWrites1', writers: 1, valueBytes: 1024 },
];

/**
 * Durable puts and lists of the SQLite store beside etcd's, on the same file system.
 *
 * What is compared: an acknowledged put, fsynced on both sides, in closed loops of so many writers over 10,000 keys. No
 * TLS, no authentication on either side. Ours is called within this process, so its CPU is all of this process,
 * the load generator included, which counts against us; etcd is called over gRPC and its CPU is only its own process,
 * but includes its side of gRPC. Each side of the comparison so has work that the other has not: the comparison with
 * everything included is the API's, in another bench.
 */
export async function run(): Promise<Row[]> {
  const peerName = etcdName();
  const writes = new Map<WriteCase, Pair>(WRITE_CASES.map((each) => [each, { ours: [], peers: [] }]));
  const lists: Pair = { ours: [], peers: [] };
  const memory: Pair = { ours: [], peers: [] };
  for (let round = 0; round < RUNS; round++) {
    for (const [each, pair] of writes) {
      pair.ours.push(await withStore((store) => measureWrites(each, putter(store, each), ownCpuSeconds)));
      if (peerName === undefined) continue;
      pair.peers.push(
        await withEtcd((etcd) => measureWrites(each, etcdPutter(etcd, each), () => cpuSecondsOf(etcd.pid))),
      );
    }
    lists.ours.push(await withStore(measureList));
    memory.ours.push(await measureMemory());
    if (peerName === undefined) continue;
    lists.peers.push(await withEtcd(measureEtcdList));
    memory.peers.push(await withEtcd(measureEtcdMemory));
  }
  const peerOf = (samples: Sample[]) => (peerName === undefined ? {} : { peer: { name: peerName, samples } });
  return [
    ...WRITE_CASES.flatMap((each) => {
      const { ours, peers } = writes.get(each) ?? { ours: [], peers: [] };
      return [
        toRow(`${each.name}.perSecond`, { unit: '1/s', better: 'higher', ours, ...peerOf(peers) }),
        toRow(`${each.name}.perCpuSecond`, {
          unit: '1/cpu-s',
          better: 'higher',
          ours: ours.map(perCpuSecond),
          ...peerOf(peers.map(perCpuSecond)),
        }),
      ];
    }),
    toRow('store.list10k.cpuMs', { unit: 'ms', better: 'lower', ours: lists.ours, ...peerOf(lists.peers) }),
    toRow('store.pss100k.mib', { unit: 'MiB', better: 'lower', ours: memory.ours, ...peerOf(memory.peers) }),
    ...(peerName === undefined ? [] : await runEtcdDriver(peerName)),
  ];
}

/**
 * The etcd driver on one member beside bare puts to another: what the driver costs. The CPU of ours is this process and its
 * etcd together, the peer's its etcd alone.
 */
async function runEtcdDriver(peerName: string): Promise<Row[]> {
  const writes: Pair = { ours: [], peers: [] };
  const lists: Pair = { ours: [], peers: [] };
  for (let round = 0; round < RUNS; round++) {
    await withEtcd(async (etcd) => {
      await using store = await openEtcdStore({
        endpoints: [{ host: '127.0.0.1', port: etcd.port, secure: false }],
        clock: realClock,
        random: realRandom,
        defer: setImmediate,
      });
      const cpu = (): number => ownCpuSeconds() + cpuSecondsOf(etcd.pid);
      writes.ours.push(await measureWrites(HEADLINE, putter(store, HEADLINE), cpu));
      await fill(putter(store, HEADLINE), KEYS);
      lists.ours.push(await listSample(() => store.list('/registry/pods/'), cpu));
    });
    await withEtcd(async (etcd) => {
      const cpu = (): number => cpuSecondsOf(etcd.pid);
      writes.peers.push(await measureWrites(HEADLINE, etcdPutter(etcd, HEADLINE), cpu));
      await fill(etcdPutter(etcd, HEADLINE), KEYS);
      lists.peers.push(await listSample(() => etcd.list('/registry/pods/'), cpu));
    });
  }
  const peer = (samples: Sample[]) => ({ peer: { name: `${peerName}, bare`, samples } });
  return [
    toRow('store.etcd.writes.perSecond', {
      ...{ unit: '1/s', better: 'higher', ours: writes.ours },
      ...peer(writes.peers),
    }),
    toRow('store.etcd.writes.perCpuSecond', {
      ...{ unit: '1/cpu-s', better: 'higher', ours: writes.ours.map(perCpuSecond) },
      ...peer(writes.peers.map(perCpuSecond)),
    }),
    toRow('store.etcd.list10k.cpuMs', {
      unit: 'ms',
      better: 'lower',
      ours: lists.ours,
      ...peer(lists.peers),
    }),
  ];
}

interface Pair {
  readonly ours: Sample[];
  readonly peers: Sample[];
}

type Put = (index: number) => Promise<unknown>;

/** Closed loops of writers; the value is puts a second. */
async function measureWrites({ writers }: WriteCase, put: Put, cpuSeconds: () => number): Promise<Sample> {
  let index = 0;
  let running = true;
  const loop = async (): Promise<void> => {
    while (running) {
      index += 1;
      await put(index);
    }
  };
  const loops = Array.from({ length: writers }, loop);
  await sleepMs(WARM_UP_MS);
  const before = { index, cpu: cpuSeconds(), ms: performance.now() };
  await sleepMs(MEASURE_MS);
  const after = { index, cpu: cpuSeconds(), ms: performance.now() };
  running = false;
  await Promise.all(loops);
  const puts = after.index - before.index;
  return { value: (puts / (after.ms - before.ms)) * 1000, cpuSeconds: after.cpu - before.cpu };
}

function perCpuSecond({ value, cpuSeconds }: Sample): Sample {
  return { value: (value * (MEASURE_MS / 1000)) / cpuSeconds, cpuSeconds };
}

/** A put as the API server makes it: the revision is spliced in. */
function putter(store: Store, { valueBytes }: WriteCase): Put {
  const value = Buffer.alloc(valueBytes, 'x');
  return (index) => store.commit([{ type: 'put', key: keyOf(index), value, revisionOffset: valueBytes / 2 }]);
}

function etcdPutter(etcd: EtcdPeer, { valueBytes }: WriteCase): Put {
  const value = Buffer.alloc(valueBytes, 'x');
  return (index) => etcd.put(keyOf(index), value);
}

function keyOf(index: number): string {
  return `/registry/pods/default/pod-${String(index % KEYS).padStart(6, '0')}`;
}

/** CPU milliseconds of one list of 10,000 values of 3 KB, of five in a row. */
async function measureList(store: Store): Promise<Sample> {
  await fill(putter(store, { name: '', writers: 64, valueBytes: 3072 }), KEYS);
  return listSample(() => store.list('/registry/pods/'), ownCpuSeconds);
}

async function measureEtcdList(etcd: EtcdPeer): Promise<Sample> {
  await fill(etcdPutter(etcd, { name: '', writers: 64, valueBytes: 3072 }), KEYS);
  return listSample(
    () => etcd.list('/registry/pods/'),
    () => cpuSecondsOf(etcd.pid),
  );
}

async function listSample(list: () => Promise<unknown>, cpuSeconds: () => number): Promise<Sample> {
  const lists = 5;
  await list();
  const before = cpuSeconds();
  for (let n = 0; n < lists; n++) await list();
  const used = cpuSeconds() - before;
  return { value: (used / lists) * 1000, cpuSeconds: used };
}

/** Memory of a process that does nothing but keep a store with 100,000 values of 1 KB, written just before. */
async function measureMemory(): Promise<Sample> {
  return withFolder(async (folder) => {
    const program = fileURLToPath(import.meta.resolve('./store-memory.ts'));
    const child = spawn(process.execPath, [program, join(folder, 'store.db')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await once(createInterface(child.stdout), 'line');
      const pid = child.pid ?? 0;
      return { value: pssMibOf(pid), cpuSeconds: cpuSecondsOf(pid) };
    } finally {
      child.stdin.end();
      await once(child, 'exit');
    }
  });
}

async function measureEtcdMemory(etcd: EtcdPeer): Promise<Sample> {
  const value = Buffer.alloc(1024, 'x');
  await fill((index) => etcd.put(`/registry/pods/default/pod-${index}`, value), 100_000);
  return { value: pssMibOf(etcd.pid), cpuSeconds: cpuSecondsOf(etcd.pid) };
}

/** Puts `count` keys, 64 at a time. */
async function fill(put: Put, count: number): Promise<void> {
  let index = 0;
  const loop = async (): Promise<void> => {
    for (index += 1; index <= count; index += 1) await put(index);
  };
  await Promise.all(Array.from({ length: 64 }, loop));
}

async function withStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    await using store = openSqliteStore(join(folder, 'store.db'), { defer: setImmediate });
    return await work(store);
  });
}

async function withEtcd<T>(work: (etcd: EtcdPeer) => Promise<T>): Promise<T> {
  await using etcd = await startEtcd();
  return await work(etcd);
}

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'skerry-bench-store-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sleepMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
