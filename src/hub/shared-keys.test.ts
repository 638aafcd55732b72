import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shareCredentials } from '#hub/shared-credentials.ts';
import { openSharedTokenKeys, PUBLISHED_MS_MIN } from '#hub/shared-token-keys.ts';
import { TOKEN_KEY_SIGNS_MS, TOKEN_KEY_VERIFIES_MS, type TokenKeys } from '#pki/token-keys.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import type { Store } from '#store/store.ts';
import type { Disk } from '#system/disk.ts';
import { silentLog } from '#system/log.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const HOUR_MS = 3600_000;

function memoryStore(): Promise<Store> {
  return openMemoryStore({ log: createMemoryLog() });
}

/** Makes credentials that say who made them. */
function maker(disk: Disk, name: string): (folder: string) => Promise<void> {
  return async (folder) => {
    for (const file of ['bundle.key', 'authority.key', 'authority.crt', 'authority.life'])
      await disk.write(`${folder}/${file}`, `${file} of ${name}`);
  };
}

async function text(disk: Disk, path: string): Promise<string | undefined> {
  const content = await disk.read(path);
  return content === undefined ? undefined : Buffer.from(content).toString('utf8');
}

test('hubs that start at the same time on an empty store have one authority, and one that comes later gets it', async () => {
  await using store = await memoryStore();
  const disks = ['a', 'b', 'c', 'd'].map((name) => ({ name, disk: new SimulatedDisk(new SimulatedClock()) }));
  const join = ({ name, disk }: { name: string; disk: SimulatedDisk }): Promise<void> =>
    shareCredentials(store, { disk, folder: '/hub/pki', make: maker(disk, name) });
  const late = disks.splice(3);
  await Promise.all(disks.map(join));
  await Promise.all(late.map(join));
  const found = await Promise.all(
    [...disks, ...late].map(({ disk }) => text(disk, '/hub/pki/authority.crt')),
  );
  assert.match(String(found[0]), /^authority.crt of [abc]$/u);
  assert.equal(new Set(found).size, 1);
  for (const { disk } of [...disks, ...late]) {
    assert.equal((await disk.stat('/hub/pki/authority.key'))?.mode, 0o600);
    assert.deepEqual(await disk.list('/hub'), ['pki']);
  }
});

test('a hub brings the authority that its folder holds; a folder with another one is refused, and left as it is', async () => {
  await using store = await memoryStore();
  const [old, other] = [new SimulatedDisk(new SimulatedClock()), new SimulatedDisk(new SimulatedClock())];
  await maker(old, 'old')('/pki');
  await maker(other, 'other')('/pki');
  const never = (): Promise<void> => assert.fail('there is one already');
  await shareCredentials(store, { disk: old, folder: '/pki', make: never });
  await assert.rejects(
    shareCredentials(store, { disk: other, folder: '/pki', make: never }),
    /\/pki holds another authority than the hubs on this etcd: remove it/u,
  );
  assert.equal(await text(other, '/pki/authority.crt'), 'authority.crt of other');
  // What was cut off while it was written is completed.
  await old.remove('/pki/authority.key');
  await shareCredentials(store, { disk: old, folder: '/pki', make: never });
  assert.equal(await text(old, '/pki/authority.key'), 'authority.key of old');
});

test('a token of one hub is one of each, through a rotation by any of them and the end of one', async () => {
  await using store = await memoryStore();
  const madeMs = Date.UTC(2026, 0, 1);
  const at = (ms: number): SimulatedClock => new SimulatedClock(madeMs + ms);
  const open = (clock: SimulatedClock): Promise<TokenKeys> =>
    openSharedTokenKeys(store, { initial: [], clock, log: silentLog });
  const made = await Promise.all([open(at(0)), open(at(0)), open(at(0))]);
  const [first = ''] = made.map(({ signing }) => signing.id);
  for (const { signing, verifying } of made)
    assert.deepEqual([signing.id, [...verifying.keys()]], [first, [first]]);

  // Step by step over the rotation: at no moment does one sign with what another does not know.
  const clock = at(TOKEN_KEY_SIGNS_MS - 30_000);
  const hubs = await Promise.all([open(clock), open(clock), open(clock)]);
  const stops = hubs.map(() => new AbortController());
  const running = hubs.map((keys, index) => keys.run((stops[index] as AbortController).signal));
  const signed: string[] = [];
  for (let passed = 0; passed < 30_000 + 2 * PUBLISHED_MS_MIN; passed += 1000) {
    await clock.advance(1000);
    if (passed === 10_000) stops[0]?.abort();
    const alive = hubs.filter((_, index) => stops[index]?.signal.aborted === false);
    for (const { signing } of alive) {
      if (!signed.includes(signing.id)) signed.push(signing.id);
      for (const { verifying } of alive)
        assert.ok(verifying.has(signing.id), 'a token of one is one of each');
    }
  }
  assert.equal(signed.length, 2);
  assert.equal(signed[0], first);
  assert.ok(hubs[1]?.verifying.has(first), 'tokens that the old key signed are good until they end');
  const late = await open(at(TOKEN_KEY_SIGNS_MS + 2 * PUBLISHED_MS_MIN));
  assert.equal(late.signing.id, signed[1]);
  const ended = await open(at(TOKEN_KEY_SIGNS_MS + TOKEN_KEY_VERIFIES_MS + HOUR_MS));
  assert.equal(ended.verifying.has(first), false);
  for (const stop of stops) stop.abort();
  await clock.advance(10_000);
  await Promise.all(running);
});
