import type { ClientHttp2Session } from 'node:http2';
import type { EtcdPeer } from './etcd-peer.ts';
import { type ApiServer, openSession, send } from './hub-process.ts';
import { cpuSecondsOfAll, pssMibOf } from './process-cost.ts';
import type { Sample } from './row.ts';

/** The first seconds of a process are spent compiling it, which no longer run sees. */
const WARM_UP_MS = 4000;
const MEASURE_MS = 4000;

/** Pods that lists, gets and patches are about. */
export const LIST_PODS = 10_000;
const LISTS = 5;
/** Lists until the code that makes them is compiled. */
const WARM_UP_LISTS = 5;

/** TLS connections of the load generator; each carries many requests at a time. */
const SESSIONS = 4;

/** Watchers of one connection. */
const WATCHERS_PER_SESSION = 100;

/** After this, controllers have made what they make in a new namespace. */
const SETTLE_MS = 500;

/** What lists are asked for as. */
export const AS_OBJECTS = 'application/json';
export const AS_TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

/** Samples whose value is a rate, as work by CPU-second; the measured time is {@link MEASURE_MS}. */
export function perCpuSecond(samples: readonly Sample[]): Sample[] {
  return samples.map(({ value, cpuSeconds }) => ({
    value: (value * MEASURE_MS) / 1000 / cpuSeconds,
    cpuSeconds,
  }));
}

/** Closed loops for a while; the rate and the server's CPU after a warm-up. */
async function measureLoops(
  { pids }: Pick<ApiServer, 'pids'>,
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
  const [doneBefore, cpuBefore, startedMs] = [done, cpuSecondsOfAll(pids), performance.now()];
  await wait(MEASURE_MS);
  const seconds = (performance.now() - startedMs) / 1000;
  const sample = { value: (done - doneBefore) / seconds, cpuSeconds: cpuSecondsOfAll(pids) - cpuBefore };
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
  server: ApiServer,
  use: (session: (index: number) => ClientHttp2Session) => Promise<T>,
  count = SESSIONS,
): Promise<T> {
  const sessions = Array.from({ length: count }, () => openSession(server.context));
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

export function measureCreates(server: ApiServer, writers: number): Promise<Sample> {
  let next = 0;
  return withSessions(server, (session) =>
    measureLoops(server, writers, (loop) => {
      next += 1;
      return send(session(loop), {
        method: 'POST',
        path: `${PODS_PATH}?fieldManager=bench`,
        body: podBody(`pod-${next}`),
      });
    }),
  );
}

export function measurePuts(etcd: EtcdPeer, writers: number): Promise<Sample> {
  let next = 0;
  return measureLoops({ pids: [etcd.pid] }, writers, () => {
    next += 1;
    return etcd.put(`/registry/pods/default/pod-${next}`, podBody(`pod-${next}`));
  });
}

export async function fill(server: ApiServer, { from, to }: { from: number; to: number }): Promise<void> {
  let next = from;
  await withSessions(server, (session) =>
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

/** The memory of all processes of a server. */
export function pssSampleOf({ pids }: ApiServer): Sample {
  const value = pids.reduce((sum, pid) => sum + pssMibOf(pid), 0);
  return { value, cpuSeconds: cpuSecondsOfAll(pids) };
}

/** Merge patches of one annotation, of all pods in turn. */
export function measurePatches(server: ApiServer): Promise<Sample> {
  let next = 0;
  return withSessions(server, (session) =>
    measureLoops(server, 64, (loop) => {
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

export function measureGets(server: ApiServer): Promise<Sample> {
  let next = 0;
  return withSessions(server, (session) =>
    measureLoops(server, 16, (loop) => {
      next += 1;
      return send(session(loop), { method: 'GET', path: `${PODS_PATH}/pod-${(next % LIST_PODS) + 1}` });
    }),
  );
}

/** The server's CPU for one list of all pods, in milliseconds: the mean of some, one after the other, after as many others. */
export async function measureLists(server: ApiServer, accept: string): Promise<Sample> {
  return withSessions(server, async (session) => {
    const list = (): Promise<void> => listOnce(session(0), accept);
    for (let i = 0; i < WARM_UP_LISTS; i++) await list();
    const before = cpuSecondsOfAll(server.pids);
    for (let i = 0; i < LISTS; i++) await list();
    const cpuSeconds = cpuSecondsOfAll(server.pids) - before;
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
export async function measureWatches(
  server: ApiServer,
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
    await send(session(0), { method: 'POST', path, body: bodyOf('ConfigMap', 'first') });
    // Before the watchers come, so that all of them begin with the same objects.
    await wait(SETTLE_MS);
    const first = await countItems(session(0), path);
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
    await reached(() => lines >= watchers * first);
    const [linesBefore, cpuBefore] = [lines, cpuSecondsOfAll(server.pids)];
    for (let i = 0; i < events; i++) {
      const body = bodyOf('ConfigMap', `event-${i}`, { data: { value: 'x'.repeat(700) } });
      await send(session(i), { method: 'POST', path, body });
    }
    await reached(() => lines - linesBefore >= watchers * events);
    const cpuSeconds = cpuSecondsOfAll(server.pids) - cpuBefore;
    for (const stream of watches) stream.destroy();
    return { value: (watchers * events) / cpuSeconds, cpuSeconds };
  };
  return withSessions(server, measure, Math.ceil(watchers / WATCHERS_PER_SESSION));
}

async function countItems(session: ClientHttp2Session, path: string): Promise<number> {
  const list = JSON.parse((await send(session, { method: 'GET', path })).toString()) as { items: unknown[] };
  return list.items.length;
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
