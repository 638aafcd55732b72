import assert from 'node:assert/strict';
import { describeRuntime } from '#cri/conformance.ts';
import { createContainerdRuntime } from '#cri/containerd.ts';
import { startSiteContainerd } from '#cri/site-containerd.fixture.ts';
import { sleep } from '#system/clock.ts';
import { realClock } from '#system/real.ts';
import { realDisk } from '#system/real-disk.ts';

const UNTIL_LIMIT_MS = 20_000;

describeRuntime('containerd', async () => {
  const site = await startSiteContainerd(['busybox']);
  return {
    runtime: site.service.runtime,
    reopen: async () => createContainerdRuntime({ socketPath: site.layout.socketPath, clock: realClock }),
    disk: realDisk,
    logFolder: `${site.folder}/logs`,
    async until(holds) {
      for (const startMs = realClock.monotonic(); !(await holds()); await sleep(realClock, 20)) {
        assert.ok(realClock.monotonic() - startMs < UNTIL_LIMIT_MS, 'it did not come true in time');
      }
    },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
});
