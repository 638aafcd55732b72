import type { ClientHttp2Session } from 'node:http2';
import { type EtcdPeer, etcdName, startEtcd } from './etcd-peer.ts';
import { type HubProcess, openSession, send, startHub } from './hub-process.ts';
import { cpuSecondsOf, pssMibOf } from './process-cost.ts';
import { type Row, type Sample, toRow } from './row.ts';

/** Interleaved runs: ours, etcd, ours, etcd, … */
const RUNS = 3;
/** The first seconds of a process are spent compiling it, which no longer run sees. */
const WARM_UP_MS = 4000;
const MEASURE_MS = 4000;

const WRITERS = [64, 16, 1] as const;

const LIST_PODS = 10_000;
const LISTS = 10;
/** Watchers of one kind, and how many events each of them gets. */
const FAN_OUTS = [
  { watchers: 1000, events: 100 },
  { watchers: 10_000, events: 20 },
] as const;

const MANY_PODS = 100_000;

/** TLS connections of the load generator; each carries many requests at a time. */
const SESSIONS = 4;

/** Watchers of one connection. */
const WATCHERS_PER_SESSION = 500;

/**
 * The whole API beside etcd: durable creates of a 3 KB pod over TLS with authorisation, validation, defaults and field
 * ownership, against bare puts of the same bytes into etcd over gRPC without TLS. CPU is the server's alone on both sides. The
 * hub runs its controllers meanwhile, as it always does. Patches, lists, watches, start and memory have no peer here.
 */
export async function run(): Promise<Row[]> {
  const peerName = etcdName();
  const creates = new Map(
    WRITERS.map((writers) => [writers, { ours: [] as Sample[], peers: [] as Sample[] }]),
  );
  const starts: Sample[] = [];
  const gets: Sample[] = [];
  const patches: Sample[] = [];
  const lists: { plain: Sample[]; table: Sample[] } = { plain: [], table: [] };
  const deliveries = FAN_OUTS.map(() => [] as Sample[]);
  const memory: Sample[] = [];
  const memoryOfMany: Sample[] = [];
  for (let round = 0; round < RUNS; round++) {
    for (const [writers, pair] of creates) {
      {
        await using hub = await startHub();
        starts.push({ value: hub.startSeconds, cpuSeconds: cpuSecondsOf(hub.pid) });
        pair.ours.push(await measureCreates(hub, writers));
      }
      if (peerName === undefined) continue;
      await using etcd = await startEtcd();
      pair.peers.push(await measurePuts(etcd, writers));
    }
    await using hub = await startHub();
    await fill(hub, { from: 0, to: LIST_PODS });
    memory.push(pssSampleOf(hub));
    gets.push(await measureGets(hub));
    lists.plain.push(await measureLists(hub, 'application/json'));
    lists.table.push(await measureLists(hub, 'application/json;as=Table;v=v1;g=meta.k8s.io'));
    patches.push(await measurePatches(hub));
    for (const [index, fanOut] of FAN_OUTS.entries())
      deliveries[index]?.push(await measureWatches(hub, fanOut));
    // Once: it takes a minute.
    if (round > 0) continue;
    await using crowded = await startHub();
    await fill(crowded, { from: 0, to: MANY_PODS });
    memoryOfMany.push(pssSampleOf(crowded));
  }
  const rows: Row[] = [];
  for (const [writers, { ours, peers }] of creates) {
    const suffix = writers === 64 ? '' : String(writers);
    const peer = peerName === undefined ? {} : { peer: { name: `${peerName}, puts`, samples: peers } };
    rows.push(toRow(`api.create${suffix}.perSecond`, { unit: 'creates/s', better: 'higher', ours, ...peer }));
    const peerCpu =
      peerName === undefined ? {} : { peer: { name: `${peerName}, puts`, samples: perCpuSecond(peers) } };
    rows.push(
      toRow(`api.create${suffix}.perCpuSecond`, {
        unit: 'creates/cpu-s',
        better: 'higher',
        ours: perCpuSecond(ours),
        ...peerCpu,
      }),
    );
  }
  rows.push(
    toRow('api.get.perCpuSecond', { unit: 'gets/cpu-s', better: 'higher', ours: perCpuSecond(gets) }),
    toRow('api.patch.perSecond', { unit: 'patches/s', better: 'higher', ours: patches }),
    toRow('api.patch.perCpuSecond', {
      unit: 'patches/cpu-s',
      better: 'higher',
      ours: perCpuSecond(patches),
    }),
    toRow('api.list10k.cpuMs', { unit: 'ms', better: 'lower', ours: lists.plain }),
    toRow('api.table10k.cpuMs', { unit: 'ms', better: 'lower', ours: lists.table }),
    ...FAN_OUTS.map(({ watchers }, index) =>
      toRow(`api.watch${watchers === 1000 ? '' : '10k'}.deliveriesPerCpuSecond`, {
        unit: 'events/cpu-s',
        better: 'higher',
        ours: deliveries[index] ?? [],
      }),
    ),
    toRow('api.start.seconds', { unit: 's', better: 'lower', ours: starts }),
    toRow('api.pss10k.mib', { unit: 'MiB', better: 'lower', ours: memory }),
    toRow('api.pss100k.mib', { unit: 'MiB', better: 'lower', ours: memoryOfMany }),
  );
  return rows;
}

/** Samples whose value is a rate, as work by CPU-second; the measured time is {@link MEASURE_MS}. */
function perCpuSecond(samples: readonly Sample[]): Sample[] {
  return samples.map(({ value, cpuSeconds }) => ({
    value: (value * MEASURE_MS) / 1000 / cpuSeconds,
    cpuSeconds,
  }));
}

/** Closed loops for a while; the rate and the server's CPU after a warm-up. */
async function measureLoops(
  pid: number,
  writers: number,
  work: (loop: number) => Promise<unknown>,
): Promise<Sample> {
  let running = true;
  let done = 0;
  const loops = Array.from({ length: writers }, async (_, loop) => {
    while (running) {
      await work(loop);
      done += 1;
    }
  });
  await wait(WARM_UP_MS);
  const [doneBefore, cpuBefore, startedMs] = [done, cpuSecondsOf(pid), performance.now()];
  await wait(MEASURE_MS);
  const seconds = (performance.now() - startedMs) / 1000;
  const sample = { value: (done - doneBefore) / seconds, cpuSeconds: cpuSecondsOf(pid) - cpuBefore };
  running = false;
  await Promise.all(loops);
  return sample;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

async function withSessions<T>(
  hub: HubProcess,
  use: (session: (index: number) => ClientHttp2Session) => Promise<T>,
  count = SESSIONS,
): Promise<T> {
  const sessions = Array.from({ length: count }, () => openSession(hub.context));
  try {
    return await use((index) => sessions[index % count] as ClientHttp2Session);
  } finally {
    for (const session of sessions) session.destroy();
  }
}

const PODS_PATH = '/api/v1/namespaces/default/pods';

/** A pod of about 3 KB, as a Deployment makes them. */
function podBody(name: string): Buffer {
  const env = Array.from({ length: 24 }, (_, index) => ({
    name: `SETTING_${index}`,
    value: `the value of setting number ${index} of this container`,
  }));
  return Buffer.from(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        labels: {
          'app.kubernetes.io/name': 'web',
          'app.kubernetes.io/part-of': 'shop',
          'pod-template-hash': 'dfdbdhgkdf',
        },
      },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'nginx:1.27',
            ports: [{ name: 'http', containerPort: 80 }],
            env,
            readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 5 },
            resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
            volumeMounts: [{ name: 'page', mountPath: '/usr/share/nginx/html' }],
          },
        ],
        volumes: [{ name: 'page', configMap: { name: 'web-page' } }],
      },
    }),
  );
}

function measureCreates(hub: HubProcess, writers: number): Promise<Sample> {
  let next = 0;
  return withSessions(hub, (session) =>
    measureLoops(hub.pid, writers, (loop) => {
      next += 1;
      return send(session(loop), {
        method: 'POST',
        path: `${PODS_PATH}?fieldManager=bench`,
        body: podBody(`pod-${next}`),
      });
    }),
  );
}

function measurePuts(etcd: EtcdPeer, writers: number): Promise<Sample> {
  let next = 0;
  return measureLoops(etcd.pid, writers, () => {
    next += 1;
    return etcd.put(`/registry/pods/default/pod-${next}`, podBody(`pod-${next}`));
  });
}

async function fill(hub: HubProcess, { from, to }: { from: number; to: number }): Promise<void> {
  let next = from;
  await withSessions(hub, (session) =>
    Promise.all(
      Array.from({ length: 64 }, async (_, loop) => {
        while (next < to) {
          next += 1;
          await send(session(loop), {
            method: 'POST',
            path: `${PODS_PATH}?fieldManager=bench`,
            body: podBody(`pod-${next}`),
          });
        }
      }),
    ),
  );
}

function pssSampleOf({ pid }: HubProcess): Sample {
  return { value: pssMibOf(pid), cpuSeconds: cpuSecondsOf(pid) };
}

/** Merge patches of one annotation, of all pods in turn. */
function measurePatches(hub: HubProcess): Promise<Sample> {
  let next = 0;
  return withSessions(hub, (session) =>
    measureLoops(hub.pid, 64, (loop) => {
      next += 1;
      return send(session(loop), {
        method: 'PATCH',
        path: `${PODS_PATH}/pod-${(next % LIST_PODS) + 1}?fieldManager=bench-patch`,
        contentType: 'application/merge-patch+json',
        body: Buffer.from(JSON.stringify({ metadata: { annotations: { turn: String(next) } } })),
      });
    }),
  );
}

function measureGets(hub: HubProcess): Promise<Sample> {
  let next = 0;
  return withSessions(hub, (session) =>
    measureLoops(hub.pid, 16, (loop) => {
      next += 1;
      return send(session(loop), { method: 'GET', path: `${PODS_PATH}/pod-${(next % LIST_PODS) + 1}` });
    }),
  );
}

/** The server's CPU for one list of all pods, in milliseconds: the mean of some, one after the other. */
async function measureLists(hub: HubProcess, accept: string): Promise<Sample> {
  return withSessions(hub, async (session) => {
    const list = (): Promise<void> => listOnce(session(0), accept);
    await list();
    const before = cpuSecondsOf(hub.pid);
    for (let i = 0; i < LISTS; i++) await list();
    const cpuSeconds = cpuSecondsOf(hub.pid) - before;
    return { value: (cpuSeconds / LISTS) * 1000, cpuSeconds };
  });
}

function listOnce(session: ClientHttp2Session, accept: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'GET', ':path': PODS_PATH, accept });
    stream.on('data', () => undefined);
    stream.on('error', reject);
    stream.on('close', () => resolve());
    stream.end();
  });
}

/** Events delivered to all watchers of one kind by CPU-second of the server. */
async function measureWatches(
  hub: HubProcess,
  { watchers, events }: { watchers: number; events: number },
): Promise<Sample> {
  const measure = async (session: (index: number) => ClientHttp2Session): Promise<Sample> => {
    let lines = 0;
    const namespace = `fan-out-${watchers}`;
    await send(session(0), {
      method: 'POST',
      path: '/api/v1/namespaces',
      body: bodyOf('Namespace', namespace),
    });
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const watches = Array.from({ length: watchers }, (_, index) => {
      const stream = session(index).request({
        ':method': 'GET',
        ':path': `${path}?watch=true`,
        accept: 'application/json',
      });
      stream.on('data', (chunk: Buffer) => {
        for (const byte of chunk) if (byte === 10) lines += 1;
      });
      stream.on('error', () => undefined);
      return stream;
    });
    // Every namespace comes to hold one: the authority's certificate.
    await reached(() => lines >= watchers);
    const [linesBefore, cpuBefore] = [lines, cpuSecondsOf(hub.pid)];
    for (let i = 0; i < events; i++) {
      const body = bodyOf('ConfigMap', `event-${i}`, { data: { value: 'x'.repeat(700) } });
      await send(session(i), { method: 'POST', path, body });
    }
    await reached(() => lines - linesBefore >= watchers * events);
    const cpuSeconds = cpuSecondsOf(hub.pid) - cpuBefore;
    for (const stream of watches) stream.destroy();
    return { value: (watchers * events) / cpuSeconds, cpuSeconds };
  };
  return withSessions(hub, measure, Math.ceil(watchers / WATCHERS_PER_SESSION));
}

function bodyOf(kind: string, name: string, fields: object = {}): Buffer {
  return Buffer.from(JSON.stringify({ apiVersion: 'v1', kind, metadata: { name }, ...fields }));
}

async function reached(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the watchers did not get all events within a minute');
    await wait(5);
  }
}
