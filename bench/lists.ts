import { cpuSecondsOf } from './process-cost.ts';
import { openSession, send, startHub } from './hub-process.ts';
const P = '/api/v1/namespaces/default/pods';
const env = Array.from({ length: 24 }, (_, i) => ({ name: `SETTING_${i}`, value: `the value of setting number ${i} of this container` }));
const pod = (name: string) => Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { 'app.kubernetes.io/name': 'web', 'app.kubernetes.io/part-of': 'shop', 'pod-template-hash': 'dfdbdhgkdf' } }, spec: { containers: [{ name: 'web', image: 'nginx:1.27', ports: [{ name: 'http', containerPort: 80 }], env, readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 5 }, resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } }, volumeMounts: [{ name: 'page', mountPath: '/usr/share/nginx/html' }] }], volumes: [{ name: 'page', configMap: { name: 'web-page' } }] } }));
await using hub = await startHub();
console.log('start', hub.startSeconds, cpuSecondsOf(hub.pid));
const sessions = Array.from({ length: 4 }, () => openSession(hub.context));
let next = 0;
await Promise.all(Array.from({ length: 64 }, async (_, l) => { while (next < 10000) { next++; await send(sessions[l % 4]!, { method: 'POST', path: P + '?fieldManager=bench', body: pod(`pod-${next}`) }); } }));
const list = () => new Promise<number>((res) => { const s = sessions[0]!.request({ ':method': 'GET', ':path': P, accept: 'application/json' }); let n = 0; s.on('data', (c: Buffer) => { n += c.length; }); s.on('close', () => res(n)); s.end(); });
for (const wait of [0, 0, 0, 2000, 0]) {
  await new Promise((r) => setTimeout(r, wait));
  const out: string[] = []; let n = 0;
  for (let i = 0; i < 10; i++) { const c = cpuSecondsOf(hub.pid); n = await list(); out.push(((cpuSecondsOf(hub.pid) - c) * 1000).toFixed(0)); }
  console.log(n, out.join(' '));
}
for (const s of sessions) s.destroy();
