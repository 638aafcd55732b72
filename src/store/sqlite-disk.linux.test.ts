import assert from 'node:assert/strict';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { committed, put, text } from '#store/conformance-words.ts';
import { freeze, onSmallDisk } from '#store/small-disk.linux.fixture.ts';
import { withStore } from '#store/sqlite-bed.fixture.ts';
import { checkSurvival, WRITERS, writeAndKill } from '#store/sqlite-survival.fixture.ts';
import { StoreUnavailableError } from '#store/store.ts';

/** How often the power is cut. */
const POWER_CUTS = 12;

test('a power cut loses no acknowledged commit, and leaves none half-written', async () => {
  await onSmallDisk(128, async (disk) => {
    const path = join(disk.folder, 'store.db');
    for (let cut = 0; cut < POWER_CUTS; cut++) {
      const acknowledged = await writeAndKill(path, {
        commits: 10 + (cut % 5) * 370 + cut,
        after(pid) {
          // A machine without power acknowledges nothing, so the process stands still before the disk goes.
          freeze(pid);
          disk.cutPower();
          return 'kill';
        },
      });
      disk.powerOn();
      await withStore(path, (store) => checkSurvival(store, acknowledged));
    }
  });
});

test('where the disk fails under a running store, commits are refused, and what was there is there after a restart', async () => {
  await onSmallDisk(128, async (disk) => {
    const path = join(disk.folder, 'store.db');
    const first = await writeAndKill(path, { commits: 100 });
    const second = await writeAndKill(path, {
      commits: 100,
      after() {
        disk.cutPower();
        return 'wait until refused';
      },
    });
    assert.equal(second.refused, WRITERS);
    disk.powerOn();
    await withStore(path, (store) => checkSurvival(store, first));
  });
});

test('on a full disk deletions still go through, and when they are compacted there is room again, without a restart', async () => {
  await onSmallDisk(96, async (disk) => {
    await withStore(
      join(disk.folder, 'store.db'),
      async (store) => {
        const { bavail, bsize } = statfsSync(disk.folder);
        writeFileSync(join(disk.folder, 'ballast'), Buffer.alloc(bavail * bsize - 24 * 1024 * 1024));
        const value = Buffer.alloc(200_000, 'x');
        let stored = 0;
        const refused = await (async () => {
          for (; ; stored++) await store.commit([{ type: 'put', key: `/large/${stored}`, value }]);
        })().catch((error: unknown) => error);
        assert.ok(refused instanceof StoreUnavailableError, String(refused));
        const last = Buffer.from('{"metadata":{"deletionTimestamp":"2026-11-22T00:00:00Z"}}');
        for (let n = 0; n < stored; n++)
          await committed(store, { type: 'delete', key: `/large/${n}`, value: last });
        assert.equal(await store.count('/large/'), 0);
        await store.compact(store.revision);
        await committed(store, { type: 'put', key: '/large/again', value });
        assert.equal(await store.count('/large/'), 1);
      },
      { keepsReserve: true },
    );
  });
});

test('on a full disk commits are refused and reads go on; with space again, commits go through', async () => {
  await onSmallDisk(32, async (disk) => {
    await withStore(join(disk.folder, 'store.db'), async (store) => {
      await committed(store, put('/kept', '1'));
      const ballast = join(disk.folder, 'ballast');
      const { bavail, bsize } = statfsSync(disk.folder);
      writeFileSync(ballast, Buffer.alloc(bavail * bsize - 4 * 1024 * 1024));
      const value = Buffer.alloc(500_000, 'x');
      let stored = 0;
      const refused = await (async () => {
        for (; ; stored++) await store.commit([{ type: 'put', key: `/large/${stored}`, value }]);
      })().catch((error: unknown) => error);
      assert.ok(refused instanceof StoreUnavailableError, String(refused));
      assert.match(String(refused.cause), /full/);
      assert.ok(stored > 0);
      assert.equal(text((await store.get('/kept'))?.value), '1');
      assert.equal(await store.count('/large/'), stored);
      rmSync(ballast);
      await committed(store, { type: 'put', key: '/large/last', value });
      assert.equal(await store.count('/large/'), stored + 1);
    });
  });
});
