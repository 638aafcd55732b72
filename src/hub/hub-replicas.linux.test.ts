import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { leaseResource } from '#api/coordination/lease.ts';
import { configMapResource } from '#api/core/config-map.ts';
import { namespaceResource } from '#api/core/namespace.ts';
import { serviceAccountResource } from '#api/core/service-account.ts';
import type { Client } from '#client/client.ts';
import { readBody } from '#client/transport.ts';
import { type HubProcess, startHubProcess } from '#hub/hub-process.linux.fixture.ts';
import { FAILOVER_MS_MAX } from '#reconcile/leader-election.ts';
import { type EtcdMember, startEtcd, withoutEtcd } from '#store/etcd-member.linux.fixture.ts';
import { must } from '#system/assert.ts';
import { httpsClient } from '#system/https-client.ts';

const HUBS = 3;

/** What the failover may take beside the lease: a busy machine. */
const SLACK_MS = 4000;

async function withHubs(run: (hubs: HubProcess[], etcd: EtcdMember[]) => Promise<void>): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), 'skerry-replicas-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(place, { recursive: true, force: true }));
  const members = await startEtcd(3);
  for (const member of members) stack.use(member);
  const { files } = must(members[0], 'a member');
  const args = [
    ...['--store', `etcd=${members.map(({ endpoint }) => `https://127.0.0.1:${endpoint.port}`).join()}`],
    ...['--etcd-ca', files.authority, '--etcd-cert', files.certificate, '--etcd-key', files.key],
  ];
  const hubs: HubProcess[] = [];
  for (let index = 0; index < HUBS; index++) {
    const folder = join(place, `hub${index}`);
    const hub = await startHubProcess(folder, { args });
    stack.use(hub);
    hubs.push(hub);
  }
  await run(hubs, members);
}

function clientOf(hubs: readonly HubProcess[], index: number): Client {
  return must(hubs[index % hubs.length], 'a hub').connection.client;
}

/** The hub that holds the Lease, as `client` sees it. */
async function leaderOf(hubs: readonly HubProcess[], client: Client): Promise<HubProcess | undefined> {
  const lease = await client.find(leaseResource, { namespace: 'kube-system', name: 'skerry-hub' });
  const holder = lease?.spec.holderIdentity ?? '';
  return hubs.find(({ context }) => holder.startsWith(`${context.server.replace('https://', '')}_`));
}

async function eventually<T>(what: string, withinMs: number, look: () => Promise<T | undefined>): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    assert.ok(performance.now() < deadlineMs, `${what}: not within ${withinMs} ms`);
    await sleep(100);
  }
}

const page = (name: string) => ({
  apiVersion: 'v1' as const,
  kind: 'ConfigMap' as const,
  metadata: { namespace: 'default', name },
});

/** Everything that happens to the ConfigMaps of a namespace, as one hub tells it. */
function follow(client: Client, resourceVersion: string, signal: AbortSignal): string[] {
  const told: string[] = [];
  void (async () => {
    for await (const event of client.watch(configMapResource, {
      namespace: 'default',
      resourceVersion,
      signal,
    })) {
      if (event.type !== 'BOOKMARK')
        told.push(`${event.type} ${event.object.metadata.name} ${event.object.metadata.resourceVersion}`);
    }
  })().catch(() => undefined);
  return told;
}

/** Asks one hub for a token of a service account. */
async function tokenOf({ context }: HubProcess, path: string): Promise<string> {
  using https = httpsClient(new URL(context.server).host, context);
  const body = Buffer.from('{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}');
  const headers = { 'content-type': 'application/json' };
  const answer = await https.request({ method: 'POST', path, headers, body });
  const text = Buffer.from(await readBody(answer)).toString('utf8');
  assert.equal(answer.status, 201, text);
  return (JSON.parse(text) as { status: { token: string } }).status.token;
}

/** What a hub answers to whoever brings a token: 401 where it does not know it, 403 where its owner may not list secrets. */
async function statusWith({ context }: HubProcess, token: string): Promise<number> {
  using https = httpsClient(new URL(context.server).host, { authority: context.authority });
  const headers = { authorization: `Bearer ${token}` };
  const answer = await https.request({ method: 'GET', path: '/api/v1/namespaces/default/secrets', headers });
  await readBody(answer);
  return answer.status;
}

test(
  'three hubs on one etcd: lists are of now, watches tell the same, one leads, and another after it is killed or paused',
  {
    skip: withoutEtcd(),
  },
  () =>
    withHubs(async (hubs, members) => {
      // What one hub has acknowledged, every other one lists at once.
      const stop = new AbortController();
      const { resourceVersion } = await clientOf(hubs, 0).list(configMapResource, { namespace: 'default' });
      const told = hubs.map(({ connection }) => follow(connection.client, resourceVersion, stop.signal));
      for (let n = 0; n < 60; n++) {
        const created = await clientOf(hubs, n).create(configMapResource, page(`page-${n}`));
        const { items, resourceVersion: at } = await clientOf(hubs, n + 1).list(configMapResource, {
          namespace: 'default',
        });
        assert.ok(
          items.some(({ metadata }) => metadata.name === `page-${n}`),
          `page-${n} at the next hub`,
        );
        assert.ok(Number(at) >= Number(created.metadata.resourceVersion));
        // A revision that another hub told is not of the future, though it may not have come here yet.
        const version = `resourceVersion=${created.metadata.resourceVersion}&resourceVersionMatch=NotOlderThan`;
        await must(hubs[(n + 2) % HUBS], 'a hub').connection.lines(
          `/api/v1/namespaces/default/configmaps?${version}`,
        );
        if (n % 3 === 0)
          await clientOf(hubs, n + 2).delete(configMapResource, { namespace: 'default', name: `page-${n}` });
      }
      // One address is given to one service only, whichever hub was asked; the same holds of one name.
      const created = await Promise.allSettled(
        Array.from({ length: 9 }, (_, n) => clientOf(hubs, n).create(configMapResource, page('contested'))),
      );
      assert.equal(created.filter(({ status }) => status === 'fulfilled').length, 1);
      await clientOf(hubs, 0).create(configMapResource, page('last'));
      await eventually('every watch tells the last change', 5000, async () =>
        told.every((lines) => lines.at(-1)?.includes(' last ') === true) ? true : undefined,
      );
      assert.deepEqual(told[1], told[0]);
      assert.deepEqual(told[2], told[0]);
      assert.equal(new Set(told[0]).size, told[0]?.length);

      // A token of one hub is a token of each.
      const account = '/api/v1/namespaces/default/serviceaccounts/default';
      await eventually('the service account', 10_000, () =>
        clientOf(hubs, 0).find(serviceAccountResource, { namespace: 'default', name: 'default' }),
      );
      const tokens = await Promise.all(hubs.map((hub) => tokenOf(hub, `${account}/token`)));
      for (const token of tokens) for (const hub of hubs) assert.equal(await statusWith(hub, token), 403);
      assert.equal(await statusWith(must(hubs[0], 'a hub'), `${tokens[0]}x`), 401);

      // A member of etcd dies: nothing is noticed but a moment.
      await must(members[0], 'a member').kill();
      await eventually('a write without one member of etcd', 15_000, () =>
        clientOf(hubs, 0).create(configMapResource, page('without')),
      );
      await must(members[0], 'a member').start();

      // The leader is killed.
      const first = await eventually('a leader', 10_000, () => leaderOf(hubs, clientOf(hubs, 0)));
      first.signal('SIGKILL');
      const killedMs = performance.now();
      const left = hubs.filter((hub) => hub !== first);
      const second = await eventually('another leader', FAILOVER_MS_MAX + SLACK_MS, () =>
        leaderOf(left, clientOf(left, 0)),
      );
      console.log(`# killed: another hub led after ${((performance.now() - killedMs) / 1000).toFixed(1)} s`);
      const dead = tokens[hubs.indexOf(first)] ?? '';
      for (const hub of left) assert.equal(await statusWith(hub, dead), 403, 'its tokens go on');
      await clientOf(left, 0).create(namespaceResource, {
        ...{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'after' }, spec: {} },
      });
      await eventually('its controllers work', 5000, () =>
        clientOf(left, 1).find(serviceAccountResource, { namespace: 'after', name: 'default' }),
      );

      // The next one is paused beyond its lease, and comes back.
      second.signal('SIGSTOP');
      const third = must(
        left.find((hub) => hub !== second),
        'a third hub',
      );
      await eventually('the third hub leads', FAILOVER_MS_MAX + SLACK_MS, () =>
        leaderOf([third], third.connection.client),
      );
      second.signal('SIGCONT');
      await eventually('the paused hub serves again', 10_000, () =>
        second.connection.client.create(configMapResource, page('resumed')),
      );
      assert.equal(await leaderOf(hubs, second.connection.client), third);
      assert.ok(
        (await third.connection.client.find(configMapResource, { namespace: 'default', name: 'resumed' })) !==
          undefined,
      );
      stop.abort();
    }),
);
