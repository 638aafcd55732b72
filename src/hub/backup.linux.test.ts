import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { configMapResource } from '#api/core/config-map.ts';
import { isStatus } from '#api/status.ts';
import { restore } from '#cli/restore.ts';
import type { Client } from '#client/client.ts';
import { type HubProcess, MAIN, startHubProcess } from '#hub/hub-process.linux.fixture.ts';
import { put } from '#store/conformance-words.ts';
import { finishRestore } from '#store/restored-folder.ts';
import { withStore } from '#store/sqlite-bed.fixture.ts';
import { realGzipFiles } from '#system/gzip-file.ts';
import { createRealSystem } from '#system/real.ts';
import { realDisk } from '#system/real-disk.ts';

interface Outcome {
  readonly code: number | string;
  readonly stderr: string;
}

/** Runs `skerry` with these arguments to its end. */
function skerry(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const command = ['--disable-warning=ExperimentalWarning', MAIN, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { env: { ...process.env, ...env } }, (error, _, stderr) => {
      resolve({ code: error === null ? 0 : (error.signal ?? error.code ?? 1), stderr });
    });
  });
}

async function inPlace(run: (place: string) => Promise<void>): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), 'skerry-backup-'));
  try {
    await run(place);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function withHub<T>(folder: string, run: (client: Client, hub: HubProcess) => Promise<T>): Promise<T> {
  await using hub = await startHubProcess(folder);
  const result = await run(hub.connection.client, hub);
  hub.signal('SIGTERM');
  await hub.ended;
  return result;
}

const page = (name: string, text = '') => ({
  ...{ apiVersion: 'v1' as const, kind: 'ConfigMap' as const },
  ...{ metadata: { namespace: 'default', name }, data: { text } },
});

async function pagesOf(client: Client): Promise<string[]> {
  const { items } = await client.list(configMapResource, { namespace: 'default' });
  return items
    .filter(({ data }) => data?.text !== undefined)
    .map(({ metadata, data }) => `${metadata.name}=${data?.text}`);
}

test('a backup of a running hub is of one moment; restored, it has that and nothing later, and all that was told after it is gone', () =>
  inPlace(async (place) => {
    const [folder, file] = [join(place, 'hub'), join(place, 'backup.gz')];
    const later = await withHub(folder, async (client, { connection }) => {
      for (let n = 0; n < 20; n++) await client.create(configMapResource, page(`page-${n}`, 'before'));
      // Two objects that are always changed one after the other: no moment shows the second ahead of the first.
      let writing = true;
      const writer = (async () => {
        for (let n = 0; writing; n++) {
          for (const name of ['page-0', 'page-1']) {
            const patch = { data: { text: `count-${String(n).padStart(6, '0')}` } };
            await client.patch(
              configMapResource,
              { namespace: 'default', name },
              { patchType: 'merge', patch },
            );
          }
        }
      })();
      const made = await skerry(['backup', file, '--data', folder]);
      assert.deepEqual([made.code, made.stderr.includes('Backed up')], [0, true], made.stderr);
      writing = false;
      await writer;
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const extra = await client.create(configMapResource, page('later', 'lost'));
      const listed = await readList(connection, '/api/v1/namespaces/default/configmaps?limit=2');
      return { revision: extra.metadata.resourceVersion ?? '', token: listed.metadata.continue ?? '' };
    });
    const restored = await skerry(['restore', file, '--data', folder, '--force']);
    assert.equal(restored.code, 0, restored.stderr);
    assert.match(restored.stderr, /the epoch is 1 now/u);
    await withHub(folder, async (client, { connection }) => {
      const pages = new Map((await pagesOf(client)).map((each) => each.split('=') as [string, string]));
      assert.equal(pages.size, 20);
      assert.ok((pages.get('page-0') ?? '') >= (pages.get('page-1') ?? ''), 'of one moment');
      const path = '/api/v1/namespaces/default/configmaps';
      await assert.rejects(readList(connection, `${path}?limit=2&continue=${later.token}`), /answered 410/u);
      await assert.rejects(
        readList(connection, `${path}?resourceVersion=${later.revision}&resourceVersionMatch=Exact`),
        /answered 410/u,
      );
      const watch = client.watch(configMapResource, {
        ...{ namespace: 'default', resourceVersion: later.revision, signal: AbortSignal.timeout(5000) },
      });
      await assert.rejects(watch[Symbol.asyncIterator]().next(), (error) => isStatus(error, 'Expired'));
      const made = await client.create(configMapResource, page('later', 'again'));
      assert.ok(Number(made.metadata.resourceVersion) > Number(later.revision), 'revisions rise');
      await client.update(configMapResource, {
        ...(await client.get(configMapResource, { namespace: 'default', name: 'page-5' })),
        data: { text: 'after' },
      });
    });
  }));

/** `skerry restore` in this process. */
function restoreHere(path: string, folder: string, { force }: { force: boolean }): Promise<void> {
  const screen = { print: () => undefined, say: () => undefined };
  const options = { path, folder, force, epochMin: 0, pid: process.pid };
  return restore(options, { system: createRealSystem({ level: 'error' }), files: realGzipFiles, screen });
}

async function readList(
  connection: HubProcess['connection'],
  path: string,
): Promise<{ metadata: { continue?: string } }> {
  const parts: Uint8Array[] = [];
  for await (const line of await connection.lines(path)) parts.push(line);
  return JSON.parse(Buffer.concat(parts).toString('utf8')) as { metadata: { continue?: string } };
}

test('a damaged backup, a folder in use and one that is not empty are refused in one sentence, and nothing is changed', () =>
  inPlace(async (place) => {
    const [folder, file] = [join(place, 'hub'), join(place, 'backup.gz')];
    await withHub(folder, async (client) => {
      await client.create(configMapResource, page('kept', 'kept'));
      assert.equal((await skerry(['backup', file, '--data', folder])).code, 0);
      const running = await skerry(['restore', file, '--data', folder, '--force']);
      assert.equal(running.code, 1);
      assert.match(running.stderr, /is in use by process \d+/u);
    });
    const whole = readFileSync(file);
    const text = gunzipSync(whole).toString('utf8');
    const lines = text.split('\n');
    const database = readFileSync(join(folder, 'store.db'));
    for (const [bytes, expected] of [
      [whole.subarray(0, 2000), /cannot be restored: it is cut off/u],
      [Buffer.from('what is this'), /it is damaged, or no backup of Skerry/u],
      [gzipSync(text.replace('kept', 'kepT')), /its checksum is wrong/u],
      [gzipSync(lines.filter((_, index) => index !== 3).join('\n')), /its checksum is wrong/u],
      [gzipSync(lines.slice(0, -2).join('\n')), /its end is missing/u],
      [gzipSync(''), /it is empty/u],
      [gzipSync(`${text}{}\n`), /something follows its end/u],
      [gzipSync('{"items":[]}\n'), /one of its lines cannot be read|it is no backup/u],
      [gzipSync(text.replace('"format":1', '"format":99')), /made by a newer Skerry/u],
    ] as const) {
      writeFileSync(file, bytes);
      const refused = restoreHere(file, folder, { force: true });
      await assert.rejects(refused, expected);
      await assert.rejects(refused, /Nothing was changed/u);
    }
    writeFileSync(file, whole);
    await assert.rejects(restoreHere(file, folder, { force: false }), /is not empty .* --force/u);
    assert.ok(database.equals(readFileSync(join(folder, 'store.db'))));
    await assert.rejects(restoreHere(join(place, 'none'), folder, { force: true }), /there is no such file/u);
    const stopped = await skerry(['backup', file, '--data', folder]);
    assert.equal(stopped.code, 1);
    assert.match(stopped.stderr, /does not answer/u);
    assert.ok(whole.equals(readFileSync(file)), 'the backup that was there is kept');
  }));

test('a restore that is killed anywhere is done wholly or not at all', () =>
  inPlace(async (place) => {
    const [folder, file] = [join(place, 'hub'), join(place, 'backup.gz')];
    await withHub(folder, async (client) => {
      await client.create(configMapResource, page('old', 'backed up'));
      assert.equal((await skerry(['backup', file, '--data', folder])).code, 0);
      await client.create(configMapResource, page('new', 'later'));
    });
    const outcomes: string[] = [];
    for (const failpoint of [
      'restore.before-commit=kill',
      'restore.after-commit=kill',
      'restore.in-place=kill@1',
      'restore.in-place=kill@2',
    ]) {
      const killed = await skerry(['restore', file, '--data', folder, '--force'], {
        SKERRY_FAILPOINTS: failpoint,
      });
      assert.equal(killed.code, 'SIGKILL', failpoint);
      await finishRestore(folder, realDisk);
      const keys = await withStore(join(folder, 'store.db'), async (store) => {
        const { entries } = await store.list('/registry/core/configmaps/default/');
        const found = entries.map(({ key }) => key.split('/').at(-1) ?? '');
        if (!found.includes('new')) await store.commit([put('/registry/core/configmaps/default/new', '{}')]);
        return found.filter((key) => key !== 'kube-root-ca.crt');
      });
      outcomes.push(`${failpoint}: ${keys.join()}`);
      assert.ok(!existsSync(join(folder, 'restored')));
    }
    assert.deepEqual(outcomes, [
      'restore.before-commit=kill: new,old',
      'restore.after-commit=kill: old',
      'restore.in-place=kill@1: old',
      'restore.in-place=kill@2: old',
    ]);
  }));
