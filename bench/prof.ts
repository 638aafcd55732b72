import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readKubeconfig } from '#cli/kubeconfig.ts';
import { openSession, send } from './hub-process.ts';
import { cpuSecondsOf, pssMibOf } from './process-cost.ts';

const prof = process.argv[2] === 'prof';
const kind = process.argv[3] ?? 'create';
const writers = Number(process.argv[4] ?? 64);
const folder = mkdtempSync(join(tmpdir(), 'skerry-prof-'));
const port = 20000 + Math.floor(Math.random() * 20000);
const t0 = performance.now();
const child = spawn(
  process.execPath,
  [
    ...(process.env.GCF ?? '--max-semi-space-size=32 --no-parallel-scavenge').split(' '),
    '--disable-warning=ExperimentalWarning',
    ...(process.argv[2] === 'perf' ? ['--perf-basic-prof', '--interpreted-frames-native-stack'] : []),
    ...(prof ? ['--cpu-prof', '--cpu-prof-dir=/tmp/prof', '--cpu-prof-interval=500'] : []),
    join(import.meta.dirname, '../src/main.ts'),
    'hub',
    '--data',
    folder,
    '--listen',
    `127.0.0.1:${port}`,
  ],
  { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: '/tmp/prof/cc' } },
);
let context: any;
for (;;) {
  try {
    [context] = readKubeconfig(readFileSync(join(folder, 'kubeconfig'), 'utf8'));
    const s = openSession(context);
    await send(s, { method: 'GET', path: '/readyz' });
    s.destroy();
    break;
  } catch {
    await sleep(5);
  }
}
console.log(
  'start',
  ((performance.now() - t0) / 1000).toFixed(2),
  's, cpu',
  cpuSecondsOf(child.pid!).toFixed(2),
);
const sessions = Array.from({ length: 4 }, () => openSession(context));
const env = Array.from({ length: 24 }, (_, index) => ({
  name: `SETTING_${index}`,
  value: `the value of setting number ${index} of this container`,
}));
const pod = (name: string) =>
  Buffer.from(
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
const P = '/api/v1/namespaces/default/pods';
let next = 0;
const create = (l: number) => {
  next++;
  return send(sessions[l % 4]!, {
    method: 'POST',
    path: `${P}?fieldManager=bench`,
    body: pod(`pod-${next}`),
  });
};
const N = Number(process.env.N ?? 3000);
if (kind !== 'create') {
  await Promise.all(
    Array.from({ length: 64 }, async (_, l) => {
      while (next < N) await create(l);
    }),
  );
  next = 0;
}
const work = {
  create,
  get: (l: number) => {
    next++;
    return send(sessions[l % 4]!, { method: 'GET', path: `${P}/pod-${(next % N) + 1}` });
  },
  patch: (l: number) => {
    next++;
    return send(sessions[l % 4]!, {
      method: 'PATCH',
      path: `${P}/pod-${(next % N) + 1}?fieldManager=bench-patch`,
      contentType: 'application/merge-patch+json',
      body: Buffer.from(JSON.stringify({ metadata: { annotations: { turn: String(next) } } })),
    });
  },
  list: () => send(sessions[0]!, { method: 'GET', path: P }), table: () => send(sessions[0]!, { method: 'GET', path: P, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } as any),
}[kind]! as (l: number) => Promise<unknown>;
let running = true,
  done = 0;
const loops = Array.from({ length: writers }, async (_, l) => {
  while (running) {
    await work(l);
    done++;
  }
});
await sleep(Number(process.env.WARM ?? 5000));
const threads = () =>
  new Map(
    readdirSync(`/proc/${child.pid}/task`).map((t) => {
      const st = readFileSync(`/proc/${child.pid}/task/${t}/stat`, 'utf8');
      const f = st.slice(st.lastIndexOf(')') + 2).split(' ');
      return [
        t + ' ' + st.slice(st.indexOf('(') + 1, st.lastIndexOf(')')),
        [+f[11]! / 100, +f[12]! / 100],
      ] as const;
    }),
  );
const T0 = threads(),
  D0 = done;
if (process.argv[2] === 'perf')
  spawn(
    'perf',
    ['record', '-F', '999', '-g', '-p', String(child.pid), '-o', '/tmp/prof/perf.data', '--', 'sleep', '8'],
    { stdio: 'inherit' },
  );
for (let i = 0; i < 3; i++) {
  const d0 = done,
    c0 = cpuSecondsOf(child.pid!),
    s0 = performance.now();
  await sleep(3000);
  const c = cpuSecondsOf(child.pid!) - c0;
  console.log(
    kind,
    writers,
    (((done - d0) / (performance.now() - s0)) * 1000).toFixed(0),
    '/s',
    ((done - d0) / c).toFixed(0),
    '/cpu-s',
    'pss',
    pssMibOf(child.pid!).toFixed(0),
  );
}
const T1 = threads();
for (const [t, v] of T1) {
  const a = T0.get(t) ?? [0, 0];
  const u = v[0] - a[0],
    k = v[1] - a[1];
  if (u + k > 0.05)
    console.log(
      'thread',
      t,
      'user us/req',
      ((u / (done - D0)) * 1e6).toFixed(0),
      'sys',
      ((k / (done - D0)) * 1e6).toFixed(0),
    );
}
running = false;
await Promise.all(loops);
child.kill('SIGTERM');
await once(child, 'exit');
rmSync(folder, { recursive: true, force: true });
process.exit(0);
