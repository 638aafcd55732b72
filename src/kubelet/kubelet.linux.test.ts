import assert from 'node:assert/strict';
import { hostname as osHostname } from 'node:os';
import { after, before, test } from 'node:test';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { secretResource } from '#api/core/secret.ts';
import { type SiteContainerd, startSiteContainerd } from '#cri/site-containerd.fixture.ts';
import {
  containerStatusOf,
  isGone,
  isReady,
  startTestHost,
  type TestHost,
  waitingReason,
} from '#kubelet/test-host.fixture.ts';
import { createMemoryMounts } from '#kubelet/volumes/memory-mounts.ts';
import { sleep } from '#system/clock.ts';
import { silentLog } from '#system/log.ts';
import { realClock, realRandom } from '#system/real.ts';
import { realDisk } from '#system/real-disk.ts';
import { createRealProber } from '#system/real-probe.ts';
import { realProcesses } from '#system/real-process.ts';

const mounts = createMemoryMounts({ processes: realProcesses, disk: realDisk, log: silentLog });

let site: SiteContainerd;
let host: TestHost;
let dataFolder: string;

before(async () => {
  site = await startSiteContainerd(['busybox', 'nginx']);
  dataFolder = `${site.folder}/kubelet`;
  host = await startTestHost({
    clock: realClock,
    random: realRandom,
    disk: realDisk,
    mounts,
    prober: createRealProber(realClock),
    runtime: site.service.runtime,
    dataFolder,
    advance: (durationMs) => sleep(realClock, durationMs),
  });
});

after(async () => {
  await host.end();
  await mounts.unmount(`${dataFolder}/memory`);
  await site[Symbol.asyncDispose]();
});

function shell(script: string, more: object = {}): Partial<PodSpec> {
  const container = { name: 'main', image: 'busybox:1.36', command: ['sh', '-c', script], ...more };
  return { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [container] };
}

async function outputOf(name: string): Promise<string> {
  await host.until(name, (pod) => pod?.status?.phase === 'Succeeded' || pod?.status?.phase === 'Failed');
  return host.log(name);
}

test('a web server is ready within moments of being asked for, and gone as fast', async () => {
  const startMs = realClock.monotonic();
  await host.createPod('web', {
    containers: [{ name: 'main', image: 'nginx:1.28', readinessProbe: { httpGet: { port: 80 } } }],
  });
  await host.until('web', isReady);
  assert.ok(realClock.monotonic() - startMs < 20_000);
  await host.deletePod('web');
  await host.until('web', isGone);
});

test('a container sees its variables, volumes, names and identity', async () => {
  await host.putConfigMap('settings', { mode: 'fast', 'app.conf': 'listen 80\n' });
  const metadata = { name: 'key', namespace: 'default' };
  await host.client.create(secretResource, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    data: { password: 'aHVzaA==' },
  });
  const script = [
    'echo mode=$MODE me=$ME args=$0',
    'cat /etc/settings/app.conf',
    'cat /etc/app.conf',
    'echo password=$(cat /etc/key/password) $(stat -Lc %a:%g /etc/key/password)',
    'echo token=$(cat /var/run/token/token)',
    'echo labels=$(cat /var/run/token/labels)',
    'stat -f -c %T /cache; stat -c %a:%g /cache /data',
    'grep -c upstream.example /etc/hosts; grep -q "$(hostname -i)" /etc/hosts && echo named',
    'cat /etc/resolv.conf',
    'id -u; id -G',
    'touch /data/x && stat -c %g /data/x',
    'touch /forbidden 2>&1',
  ];
  await host.createPod(
    'all',
    {
      ...shell(script.join('\n'), {
        args: ['$(MODE)'],
        env: [
          { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'mode' } } },
          { name: 'ME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        ],
        volumeMounts: [
          { name: 'settings', mountPath: '/etc/settings' },
          { name: 'settings', mountPath: '/etc/app.conf', subPath: 'app.conf' },
          { name: 'key', mountPath: '/etc/key' },
          { name: 'token', mountPath: '/var/run/token' },
          { name: 'cache', mountPath: '/cache' },
          { name: 'data', mountPath: '/data' },
        ],
        resources: { limits: { memory: '32Mi', cpu: '500m' } },
        securityContext: { readOnlyRootFilesystem: true },
      }),
      serviceAccountName: 'default',
      securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000 },
      hostAliases: [{ ip: '192.0.2.7', hostnames: ['upstream.example'] }],
      dnsConfig: { options: [{ name: 'ndots', value: '2' }] },
      volumes: [
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'key', secret: { secretName: 'key', defaultMode: 0o400 } },
        { name: 'cache', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
        { name: 'data', emptyDir: {} },
        {
          name: 'token',
          projected: {
            sources: [
              { serviceAccountToken: { path: 'token', audience: 'me' } },
              { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
            ],
          },
        },
      ],
    },
    { labels: { app: 'all' } },
  );
  const lines = (await outputOf('all')).trim().split('\n');
  assert.deepEqual(lines, [
    'mode=fast me=all args=fast',
    'listen 80',
    'listen 80',
    'password=hush 440:2000',
    'token=token-for-me',
    'labels=app="all"',
    'tmpfs',
    '2777:2000',
    '2777:2000',
    '1',
    'named',
    'search default.svc.cluster.local svc.cluster.local cluster.local',
    'nameserver 10.43.0.10',
    'options ndots:2',
    '1000',
    '1000 2000',
    '2000',
    'touch: /forbidden: Read-only file system',
  ]);
  assert.equal((await host.pod('all'))?.status?.qosClass, 'Guaranteed');
  await host.deletePod('all');
  await host.until('all', isGone);
});

test('hooks run, and the last word of a container is its message', async () => {
  const folder = `${site.folder}/shared`;
  const volumes = [{ name: 'shared', hostPath: { path: folder, type: 'DirectoryOrCreate' as const } }];
  const lifecycle = {
    postStart: { exec: { command: ['sh', '-c', 'echo started >> /shared/log'] } },
    preStop: { exec: { command: ['sh', '-c', 'echo stopping >> /shared/log'] } },
  };
  const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
  await host.createPod('hooked', { ...shell('sleep 1d', { lifecycle, volumeMounts }), volumes });
  await host.until('hooked', isReady);
  await host.deletePod('hooked');
  await host.until('hooked', isGone);
  assert.equal(Buffer.from((await realDisk.read(`${folder}/log`)) ?? []).toString(), 'started\nstopping\n');
  await host.createPod('speaking', shell('echo farewell > /dev/termination-log; exit 4'));
  await host.createPod(
    'logging',
    shell('echo one; echo two; exit 5', { terminationMessagePolicy: 'FallbackToLogsOnError' }),
  );
  await outputOf('speaking');
  await outputOf('logging');
  assert.equal(containerStatusOf(await host.pod('speaking'))?.state?.terminated?.message, 'farewell\n');
  assert.equal(containerStatusOf(await host.pod('logging'))?.state?.terminated?.message, 'one\ntwo\n');
  for (const name of ['speaking', 'logging']) await host.deletePod(name);
});

test('a log is followed to its end, and its last lines are found', async () => {
  await host.createPod('chatty', shell('for i in $(seq 1 2000); do echo line $i; done; sleep 1; echo end'));
  await host.until('chatty', (pod) => containerStatusOf(pod)?.state?.running !== undefined);
  const followed = (await host.log('chatty', { follow: true })).trim().split('\n');
  assert.equal(followed.length, 2001);
  assert.equal(followed.at(-1), 'end');
  assert.equal(await host.log('chatty', { tailLines: 2 }), 'line 2000\nend\n');
  await host.deletePod('chatty');
});

test('a log of many megabytes is rotated, and a follower misses no line of it', async () => {
  const text = 'of a log that is long enough to be set aside sooner or later';
  const script = `for i in $(seq 1 130000); do echo "line $i ${text}"; done; sleep 12; echo more; sleep 3`;
  await host.createPod('lengthy', shell(script));
  await host.until('lengthy', (pod) => containerStatusOf(pod)?.state?.running !== undefined);
  const lines = (await host.log('lengthy', { follow: true })).trim().split('\n');
  assert.equal(lines.length, 130_001);
  assert.ok(lines.slice(0, -1).every((line, index) => line.startsWith(`line ${index + 1} of`)));
  const [folder] = (await realDisk.list(`${dataFolder}/pods`)).filter((name) => name.includes('_lengthy_'));
  assert.deepEqual(await realDisk.list(`${dataFolder}/pods/${folder}/main`), ['0.log', '0.log.000001']);
  assert.equal(await host.log('lengthy', { tailLines: 1 }), 'more\n');
  await host.deletePod('lengthy');
});

test('an image that no registry can be asked for is told of in one sentence', async () => {
  await host.createPod('lacking', { containers: [{ name: 'main', image: '127.0.0.1:1/never-was:1' }] });
  await host.until('lacking', (pod) => waitingReason(pod) === 'ErrImagePull');
  const message = containerStatusOf(await host.pod('lacking'))?.state?.waiting?.message ?? '';
  assert.match(
    message,
    /^Failed to pull image "127\.0\.0\.1:1\/never-was:1": it is not on this host and no registry could be reached \(/u,
  );
  await host.deletePod('lacking');
  await host.until('lacking', isGone);
});

test('a pod on the network of the host has its address and names', async () => {
  await host.createPod('near', {
    ...shell('hostname; ip -o link | wc -l; cat /etc/hosts | head -1'),
    hostNetwork: true,
  });
  const [hostname, links, hosts] = (await outputOf('near')).trim().split('\n');
  assert.equal(hostname, osHostname());
  assert.ok(Number(links) > 2);
  assert.equal(hosts, '# Kubernetes-managed hosts file (host network).');
  assert.equal((await host.pod('near'))?.status?.podIP, '192.0.2.1');
  await host.deletePod('near');
});

test('an exec probe restarts a container that is no longer well', async () => {
  const livenessProbe = {
    exec: { command: ['test', '-e', '/tmp/well'] },
    periodSeconds: 1,
    failureThreshold: 1,
    initialDelaySeconds: 1,
  };
  const spec = {
    ...shell('touch /tmp/well; sleep 3; rm /tmp/well; sleep 1d', { livenessProbe }),
    restartPolicy: 'Always' as const,
  };
  await host.createPod('ailing', spec);
  await host.until('ailing', (pod) => containerStatusOf(pod)?.restartCount === 1 && isReady(pod), 20_000);
  assert.equal(containerStatusOf(await host.pod('ailing'))?.lastState?.terminated?.exitCode, 137);
  await host.deletePod('ailing');
  await host.until('ailing', isGone);
});

test('containers survive the agent and containerd, and are neither stopped nor started twice', async () => {
  await host.createPod('steady', { ...shell('sleep 1d'), restartPolicy: 'Always' });
  await host.until('steady', isReady);
  const id = containerStatusOf(await host.pod('steady'))?.containerID;
  for (let round = 0; round < 3; round++) {
    host.kill();
    host.start();
    await sleep(realClock, 700);
  }
  const { pid } = site.service;
  assert.ok(pid);
  process.kill(pid, 'SIGKILL');
  await sleep(realClock, 1000);
  await host.until('steady', isReady);
  assert.equal(containerStatusOf(await host.pod('steady'))?.containerID, id);
  for (let waited = 0; site.service.pid === undefined || site.service.pid === pid; waited++) {
    assert.ok(waited < 100, 'containerd is back');
    await sleep(realClock, 100);
  }
  await host.deletePod('steady');
  await host.until('steady', isGone);
});

test('twenty pods at once', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `many-${index}`);
  const startMs = realClock.monotonic();
  for (const name of names)
    await host.createPod(name, { containers: [{ name: 'main', image: 'nginx:1.28' }] });
  for (const name of names) await host.until(name, isReady);
  console.log(
    `20 pods ready after ${Math.round(realClock.monotonic() - startMs)} ms, RSS ${Math.round(process.memoryUsage().rss / 1048576)} MiB`,
  );
  for (const name of names) await host.deletePod(name);
  for (const name of names) await host.until(name, isGone);
  console.log(`and gone after ${Math.round(realClock.monotonic() - startMs)} ms`);
});
