import { startTestCluster } from '#controllers/test-cluster.ts';
import { schedulerController } from '#scheduler/scheduler.ts';
import { siteControllers } from '#controllers/standard.ts';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { nodeResource } from '#api/core/node.ts';
import { podResource } from '#api/core/pod.ts';
import { testNode, testPod } from '#scheduler/test-hosts.ts';
const n = Number(process.argv[2] ?? 3000);
const sets = { none: [], scheduler: [schedulerController], all: [schedulerController, ...siteControllers({types: BUILTIN_RESOURCES, authority: 'x'})] } as any;
for (const label of (process.argv[3] ?? 'none,scheduler,all').split(',')) {
await using c = await startTestCluster(sets[label]);
const { metadata, ...rest } = testPod('x');
await c.client.create(nodeResource, { apiVersion: 'v1', kind: 'Node', metadata: {name:'a'}, spec: {} } as any);
await c.client.patch(nodeResource, {name:'a'}, { patchType: 'merge', subresource: 'status', patch: { status: { conditions: [{type:'Ready', status:'True'}], allocatable: { cpu: '100000', memory: '100000Gi', pods: '1000000' } } } });
await c.clock.advance(1000);
const t0 = performance.now();
const waiting = [];
for (let i = 0; i < n; i++) waiting.push(c.client.create(podResource, { ...rest, metadata: { name: `p${i}`, namespace: 'default' } } as any));
await Promise.all(waiting);
const t1 = performance.now();
if (label !== 'none') await c.clock.advanceUntil(() => { const l = c.views.of(podResource).list(); return l.length >= n && l.every((p) => p.spec.nodeName); }, 60_000);
const t2 = performance.now();
console.log(label, { n, createMs: Math.round(t1 - t0), thenMs: Math.round(t2 - t1), podsPerSecond: Math.round(n / (t2 - t0) * 1000) });
}
