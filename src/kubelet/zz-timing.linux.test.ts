import { test } from 'node:test';
import { startSiteContainerd } from '#cri/site-containerd.fixture.ts';
import { containerStatusOf, isGone, isReady, startTestHost } from '#kubelet/test-host.fixture.ts';
import { createMemoryMounts } from '#kubelet/volumes/memory-mounts.ts';
import { sleep } from '#system/clock.ts';
import { silentLog } from '#system/log.ts';
import { realClock, realRandom } from '#system/real.ts';
import { realDisk } from '#system/real-disk.ts';
import { createRealProber } from '#system/real-probe.ts';
import { realProcesses } from '#system/real-process.ts';

const mounts = createMemoryMounts({ processes: realProcesses, disk: realDisk, log: silentLog });
test('timing', async () => {
  await using site = await startSiteContainerd(['busybox', 'nginx']);
  const dataFolder = `${site.folder}/kubelet`;
  const timed: string[] = [];
  const runtime = new Proxy(site.service.runtime, {
    get(o, p) {
      const v = Reflect.get(o, p);
      if (typeof v !== 'function' || String(p).startsWith('list')) return v;
      return async (...a: unknown[]) => {
        const t = realClock.monotonic();
        try {
          return await Reflect.apply(v, o, a);
        } finally {
          timed.push(`${String(p)} ${Math.round(t)}+${Math.round(realClock.monotonic() - t)}`);
        }
      };
    },
  });
  const prober = createRealProber(realClock);
  const host = await startTestHost({
    clock: realClock,
    random: realRandom,
    disk: realDisk,
    mounts,
    runtime,
    dataFolder,
    prober: {
      ...prober,
      http: async (p) => {
        const t = realClock.monotonic();
        const r = await prober.http(p);
        timed.push(
          `probe ${Math.round(t)}+${Math.round(realClock.monotonic() - t)} ${r.ok ? 'ok' : r.message}`,
        );
        return r;
      },
    },
    advance: (ms) => sleep(realClock, Math.min(ms, 5)),
  });
  for (let i = 0; i < 6; i++) {
    timed.length = 0;
    const t0 = realClock.monotonic();
    await host.createPod('web', {
      containers: [{ name: 'main', image: 'nginx:1.28', readinessProbe: { httpGet: { port: 80 } } }],
    });
    await host.until('web', (p) => containerStatusOf(p)?.state?.running !== undefined, 6e7);
    const t1 = realClock.monotonic();
    await host.until('web', isReady, 6e7);
    const t2 = realClock.monotonic();
    console.log(
      'apply',
      Math.round(t0),
      'running',
      Math.round(t1 - t0),
      'ready',
      Math.round(t2 - t0),
      timed.join(' | '),
    );
    await host.deletePod('web');
    await host.until('web', isGone, 6e7);
    console.log('gone', Math.round(realClock.monotonic() - t2));
  }
  await host.end();
  await mounts.unmount(`${dataFolder}/memory`);
});
