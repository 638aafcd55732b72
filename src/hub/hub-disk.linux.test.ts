import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { configMapResource } from '#api/core/config-map.ts';
import { StatusError } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { freePort, type HubProcess, startHubProcess } from '#hub/hub-process.linux.fixture.ts';
import { onSmallDisk, type SmallDisk } from '#store/small-disk.linux.fixture.ts';

/** Large enough that requests and answers of one connection are in each other's way where the server lets them. */
const PAGE = 'x'.repeat(200_000);

/** What a hub acknowledged, and what it has. */
class Acknowledged {
  readonly names = new Set<string>();
  log = (): string => '';

  /** Writes until the hub refuses; the refusal. */
  async fill(client: Client, most = 2000): Promise<StatusError> {
    for (let n = 0; n < most; n++) {
      const name = `page-${this.names.size}-${n}`;
      try {
        await this.create(client, name, PAGE);
      } catch (error) {
        assert.ok(error instanceof StatusError, `${String(error)}: ${this.log()}`);
        return error;
      }
    }
    return assert.fail(`${most} pages of ${PAGE.length} bytes were taken`);
  }

  async create(client: Client, name: string, text = '', finalizers: string[] = []): Promise<void> {
    const metadata = { namespace: 'default', name, finalizers };
    await client.create(configMapResource, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { text } });
    this.names.add(name);
  }

  async remove(client: Client, name: string): Promise<void> {
    await client.delete(configMapResource, { namespace: 'default', name });
    this.names.delete(name);
  }

  /** Nothing that was acknowledged is missing, and nothing that was refused is there. */
  async check(client: Client): Promise<void> {
    const { items } = await client.list(configMapResource, { namespace: 'default' });
    const found = items.map(({ metadata }) => metadata.name).filter((name) => name !== 'kube-root-ca.crt');
    assert.deepEqual(new Set(found), this.names);
  }
}

function assertRefused(error: StatusError): void {
  assert.deepEqual([error.code, error.reason], [503, 'ServiceUnavailable'], error.message);
  assert.match(error.message, /the disk is full or refuses to write|the disk is failing/u);
}

function fillDisk(disk: SmallDisk, leftBytes: number): () => void {
  const ballast = join(disk.folder, 'ballast');
  const { bavail, bsize } = statfsSync(disk.folder);
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
  return () => rmSync(ballast);
}

async function withHub(
  sizeMib: number,
  run: (hub: HubProcess, ground: { disk: SmallDisk; again: () => Promise<HubProcess> }) => Promise<void>,
): Promise<void> {
  await onSmallDisk(sizeMib, async (disk) => {
    await using stack = new AsyncDisposableStack();
    const port = await freePort();
    const folder = join(disk.folder, 'hub');
    const start = async (): Promise<HubProcess> => stack.use(await startHubProcess(folder, { port }));
    await run(await start(), { disk, again: start });
  });
}

const READY = undefined;
const NOT_READY = 'it answers 500';

test('on a full disk a hub refuses writes, says that it is not ready, reads, deletes with and without finalizers, and recovers by itself', () =>
  withHub(160, async (hub, { disk, again }) => {
    const { client } = hub.connection;
    const pages = new Acknowledged();
    pages.log = hub.log;
    await pages.create(client, 'held', PAGE, ['example.com/one', 'example.com/two']);
    await pages.create(client, 'plain', PAGE);
    const free = fillDisk(disk, 24 * 1024 * 1024);
    assertRefused(await pages.fill(client));
    assert.equal(await hub.connection.unreadiness(), NOT_READY);
    assert.equal(await hub.connection.unreadiness('healthz'), READY);
    await pages.check(client);

    await pages.remove(client, 'plain');
    const held = { namespace: 'default', name: 'held' };
    await client.delete(configMapResource, held);
    const marked = await client.get(configMapResource, held);
    assert.notEqual(marked.metadata.deletionTimestamp, undefined);
    const without = (finalizers: string[]) =>
      client.patch(configMapResource, held, { patchType: 'merge', patch: { metadata: { finalizers } } });
    await without(['example.com/two']);
    await without([]);
    pages.names.delete('held');
    await pages.check(client);
    assertRefused(await pages.fill(client));

    free();
    assert.equal(await hub.connection.unreadiness(), READY);
    await pages.create(client, 'after', PAGE);
    hub.signal('SIGKILL');
    await hub.ended;
    await pages.check((await again()).connection.client);
  }));

test('where the kernel refuses bytes beyond a limit in the middle of a write, nothing acknowledged is lost, and the hub goes on when the limit is gone', () =>
  withHub(160, async (hub, { again }) => {
    const { client } = hub.connection;
    const pages = new Acknowledged();
    pages.log = hub.log;
    await pages.create(client, 'first', PAGE);
    const limit = (bytes: string): unknown =>
      execFileSync('prlimit', [`--fsize=${bytes}`, '--pid', String(hub.pid)]);
    // In the middle of a page of the write-ahead log: the write of it is cut short.
    limit('3000001:unlimited');
    assertRefused(await pages.fill(client));
    assert.equal(await hub.connection.unreadiness('healthz'), READY);
    await pages.check(client);
    limit('unlimited:unlimited');
    await pages.create(client, 'after', PAGE);
    assert.equal(await hub.connection.unreadiness(), READY);
    await pages.check(client);
    hub.signal('SIGKILL');
    await hub.ended;
    await pages.check((await again()).connection.client);
  }));

test('on a disk that the kernel has made read-only, and on one that answers with errors, a hub acknowledges nothing; started again it has all', () =>
  withHub(160, async (hub, { disk, again }) => {
    const pages = new Acknowledged();
    pages.log = hub.log;
    const fail = async (running: HubProcess, how: () => void): Promise<void> => {
      await pages.create(running.connection.client, `before-${pages.names.size}`, PAGE);
      how();
      assertRefused(await pages.fill(running.connection.client, 1));
      assert.notEqual(await running.connection.unreadiness(), READY);
      running.signal('SIGKILL');
      await running.ended;
      disk.powerOn();
    };
    await fail(hub, () => disk.makeReadOnly());
    const second = await again();
    await pages.check(second.connection.client);
    await fail(second, () => disk.cutPower());
    const third = await again();
    await pages.check(third.connection.client);
    await pages.create(third.connection.client, 'after', PAGE);
  }));
