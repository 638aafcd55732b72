import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSiteContainerd } from '#cri/site-containerd.fixture.ts';
import { isGone, isReady, startTestHost } from '#kubelet/test-host.fixture.ts';
import { createMemoryMounts } from '#kubelet/volumes/memory-mounts.ts';
import { sleep } from '#system/clock.ts';
import { createLog } from '#system/log.ts';
import { realClock, realRandom } from '#system/real.ts';
import { realDisk } from '#system/real-disk.ts';
import { createRealProber } from '#system/real-probe.ts';
import { realProcesses } from '#system/real-process.ts';

const log = createLog({
  write: (line) => process.stderr.write(`${line}\n`),
  now: () => Date.now(),
  level: 'info',
});

test('a pod lives on containerd', async () => {
  await using site = await startSiteContainerd(['busybox', 'nginx']);
  const mounts = createMemoryMounts({ processes: realProcesses, disk: realDisk, log });
  const dataFolder = `${site.folder}/kubelet`;
  const host = await startTestHost({
    clock: realClock,
    random: realRandom,
    disk: realDisk,
    mounts,
    prober: createRealProber(realClock),
    runtime: site.service.runtime,
    dataFolder,
    log,
    advance: (durationMs) => sleep(realClock, durationMs),
  });
  try {
    await host.putConfigMap('page', { 'index.html': 'hello' });
    const t0 = realClock.monotonic();
    await host.createPod('web', {
      volumes: [{ name: 'page', configMap: { name: 'page' } }],
      containers: [
        {
          name: 'main',
          image: 'nginx:1.28',
          volumeMounts: [{ name: 'page', mountPath: '/usr/share/nginx/html' }],
          readinessProbe: { httpGet: { port: 80 } },
        },
      ],
    });
    await host.until('web', isReady);
    console.log('ready after', realClock.monotonic() - t0);
    console.log(JSON.stringify((await host.pod('web'))?.status, undefined, 1), await host.events('web'));
    const t1 = realClock.monotonic();
    await host.deletePod('web');
    await host.until('web', isGone);
    console.log('gone after', realClock.monotonic() - t1, await host.events('web'));
  } finally {
    await host.end();
    await mounts.unmount(`${dataFolder}/memory`);
  }
});
