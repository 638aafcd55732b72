import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { leaseResource } from '#api/coordination/lease.ts';
import { configMapResource } from '#api/core/config-map.ts';
import { namespaceResource } from '#api/core/namespace.ts';
import { serviceAccountResource } from '#api/core/service-account.ts';
import { isStatus } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { type Recording, record } from '#hub/history.linux.fixture.ts';
import { violationsOf } from '#hub/history-check.fixture.ts';
import { freePort, type HubProcess, startHubProcess } from '#hub/hub-process.linux.fixture.ts';
import { PartitionedHosts } from '#hub/partitioned-hosts.linux.fixture.ts';
import { testInOwnNamespaces } from '#network/linux-host.fixture.ts';
import { FAILOVER_MS_MAX } from '#reconcile/leader-election.ts';
import { startEtcd, withoutEtcd } from '#store/etcd-member.linux.fixture.ts';
import { must } from '#system/assert.ts';
import { realProcesses } from '#system/real-process.ts';

const HUBS = ['hub0', 'hub1', 'hub2'];
const MEMBERS = ['etcd0', 'etcd1', 'etcd2'];

/** What may be added to what is promised, in milliseconds: a busy machine. */
const SLACK_MS = 4000;

/** A hub answers that it cannot within this time, in milliseconds. */
const REFUSAL_MS_MAX = 9000;

/** A hub that lost its member of etcd works with another one within this time, in milliseconds. */
const MEMBER_MS_MAX = 8000;

/** The hubs and members of one test, with clients at work through all of the hubs. */
interface Ground {
  readonly hosts: PartitionedHosts;
  readonly hubs: readonly HubProcess[];
  readonly recording: Recording;
}

async function withGround(run: (ground: Ground) => Promise<void>): Promise<void> {
  await using stack = new AsyncDisposableStack();
  // The memory disk of this namespace: it ends with the test.
  const place = '/run/partitions';
  mkdirSync(place);
  const hosts = new PartitionedHosts([...HUBS, ...MEMBERS]);
  const machines = MEMBERS.map((name) => hosts.machine(name));
  const members = await startEtcd(MEMBERS.length, { machines, folder: place });
  for (const member of members) stack.use(member);
  const { files } = must(members[0], 'a member');
  const endpoints = members.map(({ endpoint: { host, port } }) => `https://${host}:${port}`);
  const args = [
    ...['--store', `etcd=${endpoints.join()}`, '--etcd-ca', files.authority],
    ...['--etcd-cert', files.certificate, '--etcd-key', files.key],
  ];
  const hubs: HubProcess[] = [];
  for (const name of HUBS) {
    const options = { args, machine: hosts.machine(name), port: await freePort() };
    hubs.push(stack.use(await startHubProcess(join(place, name), options)));
  }
  using recording = await record(() => hubs.map(({ connection }) => connection.client), { stays: true });
  await run({ hosts, hubs, recording });
}

function clientOf({ hubs }: Ground, name: string): Client {
  return must(hubs[HUBS.indexOf(name)], 'a hub').connection.client;
}

async function eventually<T>(what: string, withinMs: number, look: () => Promise<T | undefined>): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    assert.ok(performance.now() < deadlineMs, `${what}: not within ${withinMs} ms`);
    await sleep(50);
  }
}

/** The hub that holds the Lease, as the hub `seenBy` sees it. */
async function leaderOf(ground: Ground, seenBy: string): Promise<string | undefined> {
  const lease = await clientOf(ground, seenBy).find(leaseResource, {
    namespace: 'kube-system',
    name: 'skerry-hub',
  });
  const holder = lease?.spec.holderIdentity ?? '';
  return HUBS.find((_, index) =>
    holder.startsWith(`${ground.hubs[index]?.context.server.replace('https://', '')}_`),
  );
}

function logOf({ hubs }: Ground, name: string): string {
  return must(hubs[HUBS.indexOf(name)], 'a hub').log();
}

let written = 0;

/** Writes through one hub, once. */
async function write(ground: Ground, hub: string): Promise<string> {
  const metadata = { namespace: 'default', name: `page-${written++}` };
  await clientOf(ground, hub).create(configMapResource, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  return metadata.name;
}

/** The longest time until each of these hubs has written something, in milliseconds. */
async function allWrite(ground: Ground, hubs: readonly string[], withinMs: number): Promise<number> {
  const beganMs = performance.now();
  await Promise.all(hubs.map((hub) => eventually(`${hub} writes`, withinMs, () => write(ground, hub))));
  return Math.round(performance.now() - beganMs);
}

/** A hub that is cut off says so, in time, to writes and to reads of now; what it has it serves to whoever takes any age. */
async function assertCutOff(ground: Ground, hub: string): Promise<void> {
  const client = clientOf(ground, hub);
  const { connection } = must(ground.hubs[HUBS.indexOf(hub)], 'a hub');
  const beganMs = performance.now();
  const isUnavailable = (error: unknown): boolean => isStatus(error, 'ServiceUnavailable');
  await Promise.all([
    assert.rejects(write(ground, hub), isUnavailable),
    assert.rejects(client.list(configMapResource, { namespace: 'default' }), isUnavailable),
    assert.rejects(client.find(configMapResource, { namespace: 'default', name: 'k0' }), isUnavailable),
    connection.unreadiness().then((reason) => assert.equal(reason, 'it answers 500')),
    ...['?resourceVersion=0', '/kube-root-ca.crt?resourceVersion=0'].map((old) =>
      connection.lines(`/api/v1/namespaces/default/configmaps${old}`).then(Array.fromAsync),
    ),
  ]);
  const tookMs = performance.now() - beganMs;
  assert.ok(tookMs < REFUSAL_MS_MAX, `${hub} refused after ${Math.round(tookMs)} ms`);
}

function except(names: readonly string[], ...left: readonly string[]): string[] {
  return names.filter((name) => !left.includes(name));
}

/** Everything that one hub tells of the ConfigMaps of a namespace: a watch that nobody may cut off. */
function follow(client: Client, resourceVersion: string, signal: AbortSignal): string[] {
  const told: string[] = [];
  const options = { namespace: 'default', resourceVersion, signal };
  void (async () => {
    for await (const event of client.watch(configMapResource, options))
      if (event.type !== 'BOOKMARK')
        told.push(`${event.type} ${event.object.metadata.name} ${event.object.metadata.resourceVersion}`);
  })().catch(() => undefined);
  return told;
}

function defineTests(): void {
  test('hubs and members of etcd cut from one another: only who reaches a majority acknowledges or lists, leaders are fenced, and healing loses nothing', () =>
    withGround(async (ground) => {
      const { hosts, recording } = ground;
      const stop = new AbortController();
      const { resourceVersion } = await clientOf(ground, 'hub0').list(configMapResource, {
        namespace: 'default',
      });
      const told = HUBS.map((hub) => follow(clientOf(ground, hub), resourceVersion, stop.signal));
      const heal = async (what: string): Promise<void> => {
        hosts.heal();
        const ms = await allWrite(ground, HUBS, MEMBER_MS_MAX + SLACK_MS);
        console.log(`measured: ${what}: all write ${ms} ms after healing`);
      };
      const goOn = async (what: string, hubs: readonly string[]): Promise<void> => {
        const ms = await allWrite(ground, hubs, MEMBER_MS_MAX + SLACK_MS);
        console.log(`measured: ${what}: ${hubs.join(', ')} write after ${ms} ms`);
      };
      const first = await eventually('a leader', 10_000, () => leaderOf(ground, 'hub0'));

      // The member that all hubs talk to loses the others: it answers, and knows nothing.
      hosts.cut(['etcd0'], ['etcd1', 'etcd2']);
      await goOn('a member cut from its peers', HUBS);
      await heal('a member cut from its peers');

      hosts.cut(['etcd1'], [...HUBS, 'etcd0', 'etcd2']);
      await goOn('a member cut from all', HUBS);
      await heal('a member cut from all');

      // A hub that does not lead loses every member, in both directions, then in one.
      const follower = must(except(HUBS, first)[0], 'another hub');
      hosts.cut([follower], MEMBERS);
      await Promise.all([assertCutOff(ground, follower), goOn('a hub cut off', except(HUBS, follower))]);
      await heal('a hub cut off');
      hosts.mute(MEMBERS, [follower]);
      await Promise.all([assertCutOff(ground, follower), goOn('a deaf hub', except(HUBS, follower))]);
      await heal('a deaf hub');

      // The leader is on the smaller side, with a member of its own.
      const left = except(HUBS, first);
      hosts.cut([first, 'etcd2'], [...left, 'etcd0', 'etcd1']);
      const [next = ''] = left;
      await Promise.all([assertCutOff(ground, first), goOn('the leader cut off', left)]);
      const second = await eventually('another leader', FAILOVER_MS_MAX + SLACK_MS, async () => {
        const leader = await leaderOf(ground, next);
        return leader === first ? undefined : leader;
      });
      await clientOf(ground, next).create(namespaceResource, {
        ...{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'after' }, spec: {} },
      });
      await eventually('the controllers of the other leader work', 5000, () =>
        clientOf(ground, next).find(serviceAccountResource, { namespace: 'after', name: 'default' }),
      );
      assert.match(logOf(ground, first), /this process no longer leads/u);
      await heal('the leader cut off');
      assert.equal(await leaderOf(ground, first), second);

      // Nobody has a majority.
      hosts.cut(['hub0', 'etcd0'], ['hub1', 'hub2', 'etcd1', 'etcd2']);
      hosts.cut(['hub1', 'etcd1'], ['hub2', 'etcd2']);
      const before = recording.acknowledged();
      await Promise.all(HUBS.map((hub) => assertCutOff(ground, hub)));
      assert.ok(recording.acknowledged() - before <= 3 * HUBS.length, 'nobody writes without a majority');
      await heal('three pieces');

      const { watches } = await recording.finish();
      const last = await write(ground, 'hub0');
      await eventually('every watch tells the last change', 5000, async () =>
        told.every((lines) => lines.at(-1)?.includes(` ${last} `) === true) ? true : undefined,
      );
      assert.deepEqual(told[1], told[0]);
      assert.deepEqual(told[2], told[0]);
      stop.abort();
      const { history } = recording;
      const violations = violationsOf(history);
      console.log(
        `measured: ${recording.acknowledged()} acknowledged writes (${history.writes.length - recording.acknowledged()} without a revision), ${history.reads.length} lists, ${history.events.length} events over ${watches} watches: ${violations.length} violations`,
      );
      assert.deepEqual(violations.slice(0, 10), []);
    }));
}

if (withoutEtcd() === false)
  testInOwnNamespaces({ path: fileURLToPath(import.meta.url), processes: realProcesses, defineTests });
else test('partitions', { skip: withoutEtcd() }, () => undefined);
