import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './hub-process.ts';
import { cpuSecondsOf, pssMibOf, rssMibOf } from './process-cost.ts';
import { type Row, type Sample, toRow } from './row.ts';

const RUNS = 3;

/** How long a hub and a site are left alone before their memory and CPU are read. */
const SETTLE_MS = 20_000;
const IDLE_MS = 20_000;

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * A hub with one connected site, both without applications: memory of each process (containerd and its shims are not
 * counted), and the CPU that a site uses when nothing happens. With containers where this runs as root, else simulated.
 */
export async function run(): Promise<Row[]> {
  const samples: Record<string, Sample[]> = {};
  const add = (name: string, value: number, cpuSeconds: number): void => {
    (samples[name] ??= []).push({ value, cpuSeconds });
  };
  for (let round = 0; round < RUNS; round++) {
    const folder = mkdtempSync(join(tmpdir(), 'skerry-bench-site-'));
    const data = join(folder, 'data');
    const runtime = process.getuid?.() === 0 ? 'containerd' : 'simulated';
    try {
      const startedMs = performance.now();
      skerry(
        'up',
        '--detach',
        '--no-example',
        '--sites',
        'bench',
        '--runtime',
        runtime,
        '--port',
        String(await freePort()),
        '--data',
        data,
      );
      const startSeconds = (performance.now() - startedMs) / 1000;
      const hub = pidOf(join(data, 'hub/hub.pid'));
      const site = pidOf(join(data, 'sites/bench/site.pid'));
      await wait(SETTLE_MS);
      const cpuBefore = cpuSecondsOf(site);
      await wait(IDLE_MS);
      const idleCpu = cpuSecondsOf(site) - cpuBefore;
      add('hub.idle.pssMiB', pssMibOf(hub), cpuSecondsOf(hub));
      add('hub.idle.rssMiB', rssMibOf(hub), cpuSecondsOf(hub));
      add('site.idle.pssMiB', pssMibOf(site), cpuSecondsOf(site));
      add('site.idle.rssMiB', rssMibOf(site), cpuSecondsOf(site));
      add('site.idle.cpuPercent', (idleCpu / (IDLE_MS / 1000)) * 100, idleCpu);
      add('site.upWithHub.seconds', startSeconds, cpuSecondsOf(site));
    } finally {
      skerry('down', '--purge', '--data', data);
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const units: Record<string, string> = {
    pssMiB: 'MiB',
    rssMiB: 'MiB',
    cpuPercent: '% of a core',
    seconds: 's',
  };
  return Object.entries(samples).map(([name, ours]) =>
    toRow(name, { unit: units[name.split('.').at(-1) ?? ''] ?? '', better: 'lower', ours }),
  );
}

function skerry(...args: string[]): void {
  execFileSync(join(ROOT, 'bin/skerry.mjs'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function pidOf(path: string): number {
  return Number(readFileSync(path, 'utf8'));
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
