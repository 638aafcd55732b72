import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '#client/client.ts';
import { type Recording, record } from '#hub/history.linux.fixture.ts';
import { violationsOf } from '#hub/history-check.fixture.ts';
import { freePort, type HubProcess, startHubProcess } from '#hub/hub-process.linux.fixture.ts';
import { startEtcd, withoutEtcd } from '#store/etcd-member.linux.fixture.ts';
import { freeze, onSmallDisk } from '#store/small-disk.linux.fixture.ts';
import { must } from '#system/assert.ts';

/** How long clients are at work between two faults, in milliseconds. */
const WORK_MS = 700;

/** Ends a recording and holds it against the contract. */
async function judge(recording: Recording, what: string): Promise<void> {
  const { watches } = await recording.finish();
  const { history } = recording;
  const violations = violationsOf(history);
  const unanswered = history.writes.length - recording.acknowledged();
  console.log(
    `# ${what}: ${recording.acknowledged()} acknowledged writes (${unanswered} without a revision), ${history.reads.length} lists, ${history.events.length} events over ${watches} watches: ${violations.length} violations`,
  );
  assert.deepEqual(violations.slice(0, 10), []);
  assert.ok(recording.acknowledged() > 100, 'a history of some length');
}

test('a hub on SQLite through kills and power cuts: every acknowledged write is there, no list goes back, no event is lost or told twice', () =>
  onSmallDisk(160, async (disk) => {
    const folder = join(disk.folder, 'hub');
    const port = await freePort();
    let clients: readonly Client[] = [];
    let hub: HubProcess | undefined;
    const start = async (failpoints = ''): Promise<HubProcess> => {
      const started = await startHubProcess(folder, { port, env: { SKERRY_FAILPOINTS: failpoints } });
      clients = [started.connection.client];
      return started;
    };
    try {
      hub = await start();
      const recording = await record(() => clients);
      await sleep(WORK_MS);
      for (const fault of [
        'kill',
        'power',
        'watch.before-send=kill@40',
        'power',
        'watch.after-send=kill@40',
        'commit.after=kill@150',
      ]) {
        const acknowledged = recording.acknowledged();
        if (fault === 'power') {
          freeze(hub.pid);
          disk.cutPower();
        }
        if (fault === 'kill' || fault === 'power') hub.signal('SIGKILL');
        else {
          hub.signal('SIGKILL');
          await hub[Symbol.asyncDispose]();
          hub = await start(fault);
          await hub.ended;
        }
        clients = [];
        await hub[Symbol.asyncDispose]();
        if (fault === 'power') disk.powerOn();
        hub = await start();
        await sleep(WORK_MS);
        assert.ok(recording.acknowledged() > acknowledged, `writes go on after ${fault}`);
      }
      await judge(recording, 'SQLite, 2 power cuts and 6 kills of the hub');
    } finally {
      await hub?.[Symbol.asyncDispose]();
    }
  }));

test('a hub whose disk fails an fsync ends by itself, and has every acknowledged write when it is started again', () =>
  onSmallDisk(64, async (disk) => {
    const folder = join(disk.folder, 'hub');
    const port = await freePort();
    let clients: readonly Client[] = [];
    const first = await startHubProcess(folder, { port, env: { SKERRY_FAILPOINTS: 'commit.sync=fail@400' } });
    clients = [first.connection.client];
    const recording = await record(() => clients);
    assert.equal(await first.ended, 1, first.log());
    assert.match(first.log(), /the disk is failing/u);
    clients = [];
    await first[Symbol.asyncDispose]();
    await using second = await startHubProcess(folder, { port });
    clients = [second.connection.client];
    await sleep(WORK_MS);
    await judge(recording, 'SQLite, one failed fsync');
  }));

test('three hubs on etcd through killed members, killed hubs and a paused hub: one history, as if there were one of each', {
  skip: withoutEtcd(),
}, async () => {
  await using stack = new AsyncDisposableStack();
  const place = mkdtempSync(join(tmpdir(), 'skerry-histories-'));
  stack.defer(() => rmSync(place, { recursive: true, force: true }));
  const members = await startEtcd(3);
  for (const member of members) stack.use(member);
  const { files } = must(members[0], 'a member');
  const args = [
    ...['--store', `etcd=${members.map(({ endpoint }) => `https://127.0.0.1:${endpoint.port}`).join()}`],
    ...['--etcd-ca', files.authority, '--etcd-cert', files.certificate, '--etcd-key', files.key],
  ];
  const hubs: HubProcess[] = [];
  const start = async (index: number): Promise<void> => {
    const folder = join(place, `hub${index}`);
    hubs[index] = stack.use(await startHubProcess(folder, { args }));
  };
  for (const index of [0, 1, 2]) await start(index);
  const down = new Set<number>();
  const clients = (): Client[] =>
    hubs.filter((_, index) => !down.has(index)).map(({ connection }) => connection.client);
  const recording = await record(clients);
  await sleep(WORK_MS);
  for (const member of members) {
    await member.kill();
    await sleep(WORK_MS * 2);
    await member.start();
    await sleep(WORK_MS);
  }
  down.add(1);
  hubs[1]?.signal('SIGKILL');
  await sleep(WORK_MS);
  await start(1);
  down.delete(1);
  // Paused in the middle of its work, and asked again as soon as it goes on.
  hubs[2]?.signal('SIGSTOP');
  await sleep(WORK_MS * 3);
  hubs[2]?.signal('SIGCONT');
  await sleep(WORK_MS);
  await judge(recording, 'etcd, 3 kills of members, a killed hub and a paused one');
});
