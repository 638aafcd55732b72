import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { sandboxConfig, shell } from '#cri/conformance.ts';
import type { ContainerConfig, Runtime, SandboxConfig } from '#cri/runtime.ts';
import { type SiteContainerd, startSiteContainerd } from '#cri/site-containerd.fixture.ts';
import { sleep } from '#system/clock.ts';
import { realClock } from '#system/real.ts';
import { realDisk } from '#system/real-disk.ts';

interface Running {
  readonly containerId: string;
  readonly address: string;
  readonly log: () => Promise<string>;
}

describe('the images of the examples', () => {
  let site: SiteContainerd;
  let runtime: Runtime;
  before(async () => {
    site = await startSiteContainerd(['busybox', 'nginx', 'redis']);
    ({ runtime } = site.service);
  });
  after(() => site[Symbol.asyncDispose]());

  const run = async (
    change: Partial<ContainerConfig>,
    sandboxChange: Partial<SandboxConfig> = {},
  ): Promise<Running> => {
    const sandbox = sandboxConfig(`${site.folder}/logs`, sandboxChange);
    const sandboxId = await runtime.runSandbox(sandbox);
    const containerId = await runtime.createContainer(
      sandboxId,
      shell('', { command: [], ...change }),
      sandbox,
    );
    await runtime.startContainer(containerId);
    const [address = ''] = await runtime.sandboxAddresses(sandboxId);
    const log = async (): Promise<string> =>
      Buffer.from((await realDisk.read(`${sandbox.logFolder}/main/0.log`)) ?? []).toString();
    return { containerId, address, log };
  };
  const until = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
    for (const startMs = realClock.monotonic(); ; await sleep(realClock, 50)) {
      const found = await look();
      if (found !== undefined) return found;
      assert.ok(realClock.monotonic() - startMs < 20_000, 'it did not come true in time');
    }
  };
  const get = (address: string): Promise<string> =>
    until(async () => {
      try {
        return await (await fetch(`http://${address}/`)).text();
      } catch {
        return undefined;
      }
    });

  it('nginx serves its page, logs, and ends well', async () => {
    const { containerId, address, log } = await run({ image: 'docker.io/library/nginx:1.27' });
    assert.match(await get(address), /Welcome to nginx!.*nginx 1\.27/su);
    assert.match(
      await until(async () => ((await log()).includes('GET /') ? log() : undefined)),
      /stdout F .*"GET \/ HTTP/u,
    );
    const workers = await runtime.execSync(containerId, ['sh', '-c', 'ps -o user,args'], 5000);
    assert.match(workers.stdout, /nginx +nginx: worker process/u);
    await runtime.stopContainer(containerId, 10);
    const stopped = (await runtime.listContainers()).find((container) => container.id === containerId);
    assert(stopped?.state.type === 'exited');
    assert.equal(stopped.state.exitCode, 0);
  });

  it('nginx of another tag is another image with another page', async () => {
    const { address } = await run({ image: 'nginx:1.28' });
    assert.match(await get(address), /nginx 1\.28/u);
    const [older, newer] = await Promise.all(
      ['nginx:1.27', 'nginx:1.28'].map((image) => runtime.imageStatus(image)),
    );
    assert.notEqual(older?.id, newer?.id);
    assert.match(newer?.digests[0] ?? '', /^docker\.io\/library\/nginx@sha256:/u);
  });

  it('nginx is given the same program by manifests that name it', async () => {
    const { address } = await run({ image: 'nginx:1.14.2', command: ['nginx'], args: ['-g', 'daemon off;'] });
    assert.match(await get(address), /nginx 1\.14\.2/u);
  });

  const ping = (address: string): Promise<string> =>
    until(
      () =>
        new Promise<string | undefined>((resolve) => {
          const socket = net.connect(6379, address, () => socket.write('PING\r\n'));
          socket.on('data', (data) => {
            socket.destroy();
            resolve(data.toString());
          });
          socket.on('error', () => resolve(undefined));
        }),
    );

  for (const [what, change] of [
    ['as it is', {}],
    ['with options alone', { args: ['--appendonly', 'yes', '--save', ''] }],
    ['by its program', { command: ['redis-server', '--appendonly', 'no'] }],
    ['by the entry point and its program', { args: ['redis-server', '--maxmemory', '10mb'] }],
  ] as const) {
    it(`redis answers other pods when run ${what}`, async () => {
      const { address } = await run({ image: 'docker.io/library/redis:7', ...change });
      assert.equal(await ping(address), '+PONG\r\n');
    });
  }

  it('redis needs no capabilities and no root', async () => {
    const { security } = shell('');
    const restricted = {
      ...security,
      dropCapabilities: ['ALL'],
      noNewPrivileges: true,
      runAsUser: 999,
      runAsGroup: 999,
    };
    const { address, containerId } = await run({ image: 'redis:7-alpine', security: restricted });
    assert.equal(await ping(address), '+PONG\r\n');
    const result = await runtime.execSync(containerId, ['redis-cli', 'set', 'a', 'b'], 5000);
    assert.deepEqual(result, { exitCode: 0, stdout: 'OK\n', stderr: '' });
  });

  it('busybox looks names up where the pod is told to', async () => {
    const { address: server } = await run({ image: 'nginx' });
    await get(server);
    const { gateway } = site;
    const dns = dgram.createSocket('udp4');
    dns.on('message', (query, from) => dns.send(dnsAnswer(query, server), from.port, from.address));
    await new Promise<void>((resolve) => dns.bind(53, gateway, resolve));
    const config = {
      dns: { servers: [gateway], searches: ['default.svc.cluster.local'], options: ['ndots:5'] },
    };
    const { log } = await run({ image: 'busybox:1.36', command: ['wget', '-qO-', 'http://web'] }, config);
    assert.match(
      await until(async () => ((await log()).includes('</html>') ? log() : undefined)),
      /Welcome to nginx/u,
    );
    await new Promise<void>((resolve) => dns.close(resolve));
  });
});

/** An answer with one address to a query of type A, and an empty one to any other. */
function dnsAnswer(query: Buffer, address: string): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const isAddressQuery = query.readUInt16BE(end - 4) === 1;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(isAddressQuery ? 1 : 0, 6);
  header.writeUInt16BE(0, 10);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address.split('.').map(Number)]);
  return Buffer.concat([header, query.subarray(12, end), isAddressQuery ? record : Buffer.alloc(0)]);
}
