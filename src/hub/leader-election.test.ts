import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import { leaseResource } from '#api/coordination/lease.ts';
import { configMapResource } from '#api/core/config-map.ts';
import { isStatus } from '#api/status.ts';
import { API_SERVER_USER } from '#apiserver/components.ts';
import { createControlPlane, ensureNamespaces } from '#apiserver/control-plane.ts';
import { inProcessTransport } from '#apiserver/transport.ts';
import { type Client, createClient } from '#client/client.ts';
import { FAILOVER_MS_MAX, LeaderElection } from '#reconcile/leader-election.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import type { Store } from '#store/store.ts';
import { silentLog } from '#system/log.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

/** A process with a clock of its own: one whose clock stands still is paused, and does not know it. */
interface Candidate {
  readonly clock: SimulatedClock;
  readonly election: LeaderElection;
  /** What the leader's controllers write with. */
  readonly fenced: Client;
  readonly stop: () => void;
}

function candidate(store: Store, identity: string): Candidate {
  const [clock, random, log] = [new SimulatedClock(), seededRandom(identity.length), silentLog];
  const plane = createControlPlane({ store, types: BUILTIN_RESOURCES, clock, random, log });
  const election = new LeaderElection({
    ...{ client: plane.client, store, name: 'skerry-hub', identity, clock, random, log },
  });
  const transport = inProcessTransport(plane.server, API_SERVER_USER, { guard: () => election.guard() });
  const stop = new AbortController();
  void election.run(stop.signal);
  return { clock, election, fenced: createClient(transport, { name: 'test' }), stop: () => stop.abort() };
}

async function withCandidates(run: (candidates: Candidate[], store: Store) => Promise<void>): Promise<void> {
  await using store = await openMemoryStore({ log: createMemoryLog() });
  const [clock, random, log] = [new SimulatedClock(), seededRandom(1), silentLog];
  const { client } = createControlPlane({ store, types: BUILTIN_RESOURCES, clock, random, log });
  await ensureNamespaces(client, ['default', 'kube-system']);
  const candidates = ['a', 'bb', 'ccc'].map((identity) => candidate(store, identity));
  await run(candidates, store);
  for (const each of candidates) each.stop();
  await advance(candidates, 2000);
}

/** Lets time pass for those that are not paused, a step of each in turn. */
async function advance(candidates: readonly Candidate[], ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100)
    for (const { clock } of candidates) await clock.advance(100);
}

function leadersOf(candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(({ election }) => election.isLeading);
}

const page = (name: string) => ({
  apiVersion: 'v1' as const,
  kind: 'ConfigMap' as const,
  metadata: { namespace: 'default', name },
});

test('one of several leads, stays, and the Lease says who', () =>
  withCandidates(async (candidates) => {
    await advance(candidates, 2000);
    const [leader, ...more] = leadersOf(candidates);
    assert.ok(leader !== undefined && more.length === 0);
    await advance(candidates, 60_000);
    assert.deepEqual(leadersOf(candidates), [leader]);
    const lease = await leader.fenced.get(leaseResource, { namespace: 'kube-system', name: 'skerry-hub' });
    assert.equal(lease.spec.leaseTransitions, 0);
    await leader.fenced.create(configMapResource, page('led'));
  }));

test('a paused leader is replaced in time; what it writes late is refused, whatever it believes', () =>
  withCandidates(async (candidates) => {
    await advance(candidates, 2000);
    const [paused] = leadersOf(candidates);
    assert.ok(paused !== undefined);
    await paused.fenced.create(configMapResource, page('early'));
    const others = candidates.filter((each) => each !== paused);
    await advance(others, FAILOVER_MS_MAX);
    assert.equal(leadersOf(others).length, 1);
    assert.ok(paused.election.isLeading, 'its clock stood still, so it believes to lead');
    await assert.rejects(paused.fenced.create(configMapResource, page('late')), (error) =>
      isStatus(error, 'Conflict'),
    );
    await assert.rejects(paused.fenced.delete(configMapResource, { namespace: 'default', name: 'early' }));
    const [leader] = leadersOf(others);
    const { items } = (await leader?.fenced.list(configMapResource)) ?? { items: [] };
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ['early'],
    );
    await advance([paused], 5000);
    assert.ok(!paused.election.isLeading);
    await assert.rejects(paused.fenced.create(configMapResource, page('later')), (error) =>
      isStatus(error, 'ServiceUnavailable'),
    );
    await advance(candidates, 5000);
    assert.deepEqual(leadersOf(candidates), [leader]);
  }));

test('a leader that stops in order gives its lease back: the next need not wait', () =>
  withCandidates(async (candidates) => {
    await advance(candidates, 2000);
    const [leader] = leadersOf(candidates);
    assert.ok(leader !== undefined);
    leader.stop();
    await advance(candidates, 1500);
    const leaders = leadersOf(candidates);
    assert.ok(leaders.length === 1 && leaders[0] !== leader);
  }));
