import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { configMapResource } from '#api/core/config-map.ts';
import { type HubProcess, MAIN, startHubProcess } from '#hub/hub-process.linux.fixture.ts';
import { startEtcd, withoutEtcd } from '#store/etcd-member.linux.fixture.ts';
import { must } from '#system/assert.ts';

interface Outcome {
  readonly code: number | string;
  readonly said: string;
}

function skerry(args: readonly string[], failpoints = ''): Promise<Outcome> {
  const command = ['--disable-warning=ExperimentalWarning', MAIN, ...args];
  const env = { ...process.env, SKERRY_FAILPOINTS: failpoints };
  return new Promise((resolve) => {
    execFile(process.execPath, command, { env }, (error, _, said) => {
      resolve({ code: error === null ? 0 : (error.signal ?? error.code ?? 1), said });
    });
  });
}

const page = (name: string) => ({
  ...{ apiVersion: 'v1' as const, kind: 'ConfigMap' as const, metadata: { namespace: 'default', name } },
});

async function pagesOf({ connection }: HubProcess): Promise<string[]> {
  const { items } = await connection.client.list(configMapResource, { namespace: 'default' });
  return items.map(({ metadata }) => metadata.name).filter((name) => name !== 'kube-root-ca.crt');
}

/** Runs a hub for `work`, and stops it in order. */
async function withHub<T>(
  folder: string,
  args: readonly string[],
  work: (hub: HubProcess) => Promise<T>,
): Promise<T> {
  await using hub = await startHubProcess(folder, { args });
  const result = await work(hub);
  hub.signal('SIGTERM');
  await hub.ended;
  return result;
}

test('a backup goes into an etcd wholly or not at all, wherever the restore is killed; old revisions are gone, and what is there is not replaced unasked', {
  skip: withoutEtcd(),
}, async () => {
  await using stack = new AsyncDisposableStack();
  const place = mkdtempSync(join(tmpdir(), 'skerry-restore-etcd-'));
  stack.defer(() => rmSync(place, { recursive: true, force: true }));
  const [member] = await startEtcd(1);
  const { endpoint, files } = stack.use(must(member, 'a member'));
  const etcd = [
    ...['--store', `etcd=https://127.0.0.1:${endpoint.port}`, '--etcd-ca', files.authority],
    ...['--etcd-cert', files.certificate, '--etcd-key', files.key],
  ];
  const [backup, folder] = [join(place, 'backup'), join(place, 'hub')];
  const restore = (failpoints = '', ...more: string[]): Promise<Outcome> =>
    skerry(['restore', backup, '--data', folder, ...etcd, ...more], failpoints);

  // From a hub on SQLite, with more objects than go into one transaction.
  await withHub(join(place, 'sqlite'), [], async (hub) => {
    for (let n = 0; n < 250; n++) await hub.connection.client.create(configMapResource, page(`page-${n}`));
    const made = await skerry(['backup', backup, '--data', hub.folder]);
    assert.equal(made.code, 0, made.said);
  });
  const first = await restore();
  assert.equal(first.code, 0, first.said);
  assert.match(first.said, /into etcd and .*; the epoch is 1 now/u);

  const old = await withHub(folder, etcd, async (hub) => {
    assert.equal((await pagesOf(hub)).length, 250);
    // An object that was restored changes as any other.
    const read = await hub.connection.client.get(configMapResource, { namespace: 'default', name: 'page-7' });
    await hub.connection.client.update(configMapResource, { ...read, data: { text: 'changed' } });
    const { metadata } = await hub.connection.client.create(configMapResource, page('later'));
    return metadata.resourceVersion ?? '';
  });
  const refused = await restore();
  assert.deepEqual([refused.code, /is not empty .*--force/u.test(refused.said)], [1, true], refused.said);

  const outcomes: string[] = [];
  for (const failpoint of [
    'restore.before-commit=kill',
    'restore.after-commit=kill',
    'restore.in-place=kill@2',
  ]) {
    const killed = await restore(failpoint, '--force');
    assert.equal(killed.code, 'SIGKILL', killed.said);
    await withHub(folder, etcd, async (hub) => {
      const names = await pagesOf(hub);
      outcomes.push(`${failpoint}: ${names.length} ${names.includes('later') ? 'with' : 'without'} later`);
      if (!names.includes('later')) {
        const path = `/api/v1/namespaces/default/configmaps?resourceVersion=${old}&resourceVersionMatch=Exact`;
        await assert.rejects(hub.connection.lines(path), /answered 410/u);
        const made = await hub.connection.client.create(configMapResource, page('later'));
        assert.ok(Number(made.metadata.resourceVersion) > Number(old));
      }
    });
  }
  assert.deepEqual(outcomes, [
    'restore.before-commit=kill: 251 with later',
    'restore.after-commit=kill: 250 without later',
    'restore.in-place=kill@2: 250 without later',
  ]);

  // A hub that runs meanwhile ends, and what it is asked to write then is refused.
  await using running = await startHubProcess(folder, { args: etcd });
  const under = await skerry(['restore', backup, '--data', join(place, 'other'), ...etcd, '--force']);
  assert.equal(under.code, 0, under.said);
  assert.equal(await running.ended, 1);
  assert.match(running.log(), /the epoch was raised/u);
});
