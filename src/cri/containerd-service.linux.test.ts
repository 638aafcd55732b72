import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { sandboxConfig, shell } from '#cri/conformance.ts';
import { containerdLayout } from '#cri/containerd-config.ts';
import { networkNamespaceOf, purgeContainerd } from '#cri/containerd-purge.ts';
import { ContainerdService } from '#cri/containerd-service.ts';
import { ImagePullError, type Runtime } from '#cri/runtime.ts';
import { type SiteContainerd, startSiteContainerd } from '#cri/site-containerd.fixture.ts';
import { sleep } from '#system/clock.ts';
import { realClock } from '#system/real.ts';
import { realDisk } from '#system/real-disk.ts';
import { realProcesses } from '#system/real-process.ts';

/** Starts a container that runs until it is stopped; resolves to its id. */
async function startSleeper(runtime: Runtime, logFolder: string): Promise<string> {
  const sandbox = sandboxConfig(logFolder);
  const sandboxId = await runtime.runSandbox(sandbox);
  const id = await runtime.createContainer(sandboxId, shell('sleep 1000'), sandbox);
  await runtime.startContainer(id);
  return id;
}

async function isRunning(runtime: Runtime, id: string): Promise<boolean> {
  return (await runtime.listContainers()).some(
    (container) => container.id === id && container.state.type === 'running',
  );
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const startMs = realClock.monotonic(); !(await holds()); await sleep(realClock, 20)) {
    assert.ok(realClock.monotonic() - startMs < 20_000, 'it did not come true in time');
  }
}

/** Process ids whose command line names the layout's socket: the shims. */
async function shims(site: SiteContainerd): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await realDisk.list('/proc')).filter((name) => /^\d+$/u.test(name))) {
    if (await realProcesses.isAlive(Number(pid), `-address ${site.layout.socketPath}`)) found.push(pid);
  }
  return found;
}

async function mounts(site: SiteContainerd): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.filter(
    (line) => line.includes(site.layout.dataFolder) || line.includes(site.layout.runFolder),
  );
}

/** The files that keep the network namespaces of the site's pods. */
async function networkNamespaces(site: SiteContainerd): Promise<string[]> {
  const bundles = `${site.layout.stateFolder}/io.containerd.runtime.v2.task/k8s.io`;
  const names = await realDisk.list(bundles);
  const specifications = await Promise.all(names.map((id) => realDisk.read(`${bundles}/${id}/config.json`)));
  const paths = specifications.map((content) => networkNamespaceOf(Buffer.from(content ?? []).toString()));
  return [...new Set(paths.filter((path) => path !== undefined))];
}

/** What a power cut does to what runs and to what lies in memory, cgroups and sockets too: without a word to containerd. */
async function pullPlug(site: SiteContainerd): Promise<void> {
  const namespaces = await networkNamespaces(site);
  const bundles = `${site.layout.stateFolder}/io.containerd.runtime.v2.task/k8s.io`;
  for (const pid of await shims(site)) realProcesses.signal(Number(pid), 'SIGKILL');
  for (const id of await realDisk.list(bundles)) {
    const address = await readFile(`${bundles}/${id}/address`, 'utf8');
    await realDisk.remove(address.slice('unix://'.length).trim());
    await realProcesses.run('runc', ['--root', `${site.layout.runcFolder}/k8s.io`, 'delete', '--force', id]);
  }
  const ours = (await mounts(site)).map((line) => line.split(' ')[4] ?? '');
  for (const path of [...ours.toReversed(), ...namespaces])
    await realProcesses.run('umount', ['--lazy', path]);
  await Promise.all(namespaces.map((path) => realDisk.remove(path)));
  await realDisk.remove(site.layout.runFolder);
}

describe("a site's containerd", () => {
  let site: SiteContainerd;
  let service: ContainerdService;
  before(async () => {
    site = await startSiteContainerd(['busybox']);
    ({ service } = site);
  });
  beforeEach(async () => {
    await service[Symbol.asyncDispose]();
    service = await ContainerdService.start(site.options);
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  it('runs on when the process that started it is killed, and is taken over by the next', async () => {
    await service.stop();
    const program = `
      import { startOwned } from '${import.meta.dirname}/site-process.fixture.ts';
      await startOwned(${JSON.stringify(site.layout.dataFolder)});
    `;
    const args = ['--input-type=module', '--eval', program];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env: process.env });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { pid, containerId } = JSON.parse(line.toString()) as { pid: number; containerId: string };
    child.kill('SIGKILL');
    await once(child, 'exit');

    service = await ContainerdService.start(site.options);
    assert.equal(service.pid, pid);
    assert.ok(await isRunning(service.runtime, containerId));
  });

  it('is started again when it is killed, and its containers run on', async () => {
    const id = await startSleeper(service.runtime, `${site.folder}/logs`);
    const [container] = (await service.runtime.listContainers()).filter((listed) => listed.id === id);
    const pid = service.pid ?? 0;
    assert.ok(realProcesses.signal(pid, 'SIGKILL'));
    await until(async () => service.pid !== undefined && service.pid !== pid);
    await until(async () => isRunning(service.runtime, id).catch(() => false));
    const [again] = (await service.runtime.listContainers()).filter((listed) => listed.id === id);
    assert.deepEqual(again, container);
    const result = await service.runtime.execSync(id, ['echo', 'still here'], 5000);
    assert.equal(result.stdout, 'still here\n');
  });

  it('is replaced where its configuration changes, and its containers run on', async () => {
    const id = await startSleeper(service.runtime, `${site.folder}/logs`);
    const { pid } = service;
    const left = JSON.parse(await readFile(site.layout.pidPath, 'utf8')) as { pid: number };
    assert.equal(left.pid, pid);
    await service[Symbol.asyncDispose]();
    await realDisk.write(site.layout.pidPath, JSON.stringify({ ...left, config: 'another' }));
    service = await ContainerdService.start(site.options);
    assert.notEqual(service.pid, pid);
    assert.ok(await isRunning(service.runtime, id));
  });

  it('ends when it is stopped, and its containers run on', async () => {
    const id = await startSleeper(service.runtime, `${site.folder}/logs`);
    const pid = service.pid ?? 0;
    await service.stop();
    assert.equal(await realProcesses.isAlive(pid), false);
    assert.notDeepEqual(await shims(site), []);
    service = await ContainerdService.start(site.options);
    assert.ok(await isRunning(service.runtime, id));
  });

  it('comes back after a power cut: what ran has ended, images are there, addresses are free again', async () => {
    const id = await startSleeper(service.runtime, `${site.folder}/logs`);
    const sandboxes = await service.runtime.listSandboxes();
    await service.stop();
    await pullPlug(site);

    service = await ContainerdService.start(site.options);
    const { runtime } = service;
    const container = (await runtime.listContainers()).find((listed) => listed.id === id);
    assert.equal(container?.state.type, 'exited');
    assert.deepEqual(
      (await runtime.listSandboxes()).map((sandbox) => sandbox.state),
      sandboxes.map(() => 'notReady'),
    );
    assert.ok((await runtime.imageStatus('busybox:1.36')) !== undefined);
    for (const sandbox of sandboxes) await runtime.removeSandbox(sandbox.id);
    const leases = (await realDisk.list(`${site.folder}/leases`)).map(
      (name) => `${site.folder}/leases/${name}`,
    );
    const held = (await Promise.all(leases.map((path) => realDisk.list(path))))
      .flat()
      .filter((name) => /^\d/u.test(name));
    assert.deepEqual(held, []);
    assert.ok(await isRunning(runtime, await startSleeper(runtime, `${site.folder}/logs`)));
  });

  it("says in containerd's words why it does not start", async () => {
    const layout = containerdLayout({ dataFolder: `${site.folder}/broken` });
    await realDisk.write(`${layout.runFolder}/containerd`, 'a file where a folder belongs');
    await assert.rejects(
      ContainerdService.start({ ...site.options, layout }),
      /^Error: containerd ended while starting: .*not a directory/u,
    );
    await realDisk.remove(layout.runFolder);
  });

  it('pulls through a mirror and nowhere else, and tells the reasons apart', async () => {
    let status = 404;
    const asked: string[] = [];
    const mirror = http.createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(status).end();
    });
    await new Promise<void>((resolve) => mirror.listen(0, '127.0.0.1', resolve));
    await service.useMirror(`http://127.0.0.1:${(mirror.address() as AddressInfo).port}`);
    const reasonOf = async (code: number): Promise<string> => {
      status = code;
      try {
        await service.runtime.pullImage('ghcr.io/example/app:1');
      } catch (error) {
        assert(error instanceof ImagePullError);
        assert.match(error.message, /^image "ghcr\.io\/example\/app:1" /u);
        return error.reason;
      }
      return 'pulled';
    };
    assert.equal(await reasonOf(404), 'notFound');
    assert.equal(await reasonOf(403), 'refused');
    assert.equal(await reasonOf(401), 'refused');
    assert.equal(await reasonOf(429), 'unavailable');
    assert.equal(await reasonOf(503), 'unavailable');
    assert.ok(
      asked.every((url) => url.startsWith('/v2/example/app/manifests/1?ns=ghcr.io')),
      asked.join('\n'),
    );
    mirror.closeAllConnections();
    await new Promise((resolve) => mirror.close(resolve));
    assert.equal(await reasonOf(0), 'unavailable');
    await service.useMirror(undefined);
  });

  it('hands out URLs for exec, attach and port-forward', async () => {
    const id = await startSleeper(service.runtime, `${site.folder}/logs`);
    const sandboxId =
      (await service.runtime.listContainers()).find((listed) => listed.id === id)?.sandboxId ?? '';
    const streams = { stdin: true, stdout: true, stderr: false, tty: false };
    const url = String.raw`^http://127\.0\.0\.1:\d+`;
    const exec = await service.runtime.streamUrl({
      type: 'exec',
      containerId: id,
      command: ['sh'],
      ...streams,
    });
    assert.match(exec, new RegExp(`${url}/exec/`, 'u'));
    const attach = await service.runtime.streamUrl({
      type: 'attach',
      containerId: id,
      ...streams,
      stdin: false,
    });
    assert.match(attach, new RegExp(`${url}/attach/`, 'u'));
    const forward = await service.runtime.streamUrl({ type: 'portForward', sandboxId, ports: [80] });
    assert.match(forward, new RegExp(`${url}/portforward/`, 'u'));
  });

  for (const [how, canStart] of [
    ['with containerd', true],
    ['without containerd, where it cannot be started', false],
  ] as const) {
    it(`leaves nothing after a purge ${how}`, async () => {
      await startSleeper(service.runtime, `${site.folder}/logs`);
      await startSleeper(service.runtime, `${site.folder}/logs`);
      await service.stop();
      assert.notDeepEqual(await shims(site), []);
      const start = (): Promise<never> => Promise.reject(new Error('no more processes'));
      const processes = canStart ? realProcesses : { ...realProcesses, start };
      const namespaces = await networkNamespaces(site);
      assert.equal(namespaces.length >= 2, true);
      await purgeContainerd({ ...site.options, system: { ...site.options.system, processes } });
      assert.deepEqual(await shims(site), []);
      assert.deepEqual(await mounts(site), []);
      for (const path of namespaces) assert.equal(await realDisk.stat(path), undefined);
      assert.equal(await realDisk.stat(site.layout.dataFolder), undefined);
      assert.equal(await realDisk.stat(site.layout.runFolder), undefined);
      await site[Symbol.asyncDispose]();
      site = await startSiteContainerd(['busybox']);
      ({ service } = site);
    });
  }
});
