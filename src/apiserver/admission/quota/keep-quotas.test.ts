import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podResource } from '#api/core/pod.ts';
import { type ResourceQuota, resourceQuotaResource } from '#api/core/resource-quota.ts';
import { keepQuotas } from '#apiserver/admission/quota/keep-quotas.ts';
import { decodeObject, encodeObject, objectStoreKey } from '#apiserver/stored-object.ts';
import { openMemoryStore } from '#store/memory.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import { withCommit } from '#store/with-commit.ts';
import { silentLog } from '#system/log.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const NAME = { namespace: 'shop', name: 'pods' };
const KEY = objectStoreKey(resourceQuotaResource, NAME);

function quota(): ReturnType<typeof encodeObject> {
  return encodeObject({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { ...NAME, uid: 'u-1' },
    spec: { hard: { pods: '2' } },
  } as unknown as ResourceQuota);
}

test('a new quota is worked out, whoever is told of it first, and again where the store failed', async () => {
  const clock = new SimulatedClock();
  await using memory = await openMemoryStore({ log: createMemoryLog() });
  // Watches of shorter prefixes that were there before are told before longer ones.
  const idle = await memory.watch('/registry/', memory.revision, {
    events: () => undefined,
    end: () => undefined,
  });
  let failures = 1;
  const store = withCommit(memory, (operations) => {
    if (failures-- > 0) throw new Error('the store is away');
    return memory.commit(operations);
  });
  const stop = new AbortController();
  const keeping = keepQuotas({ store, types: () => [podResource], clock, log: silentLog }, stop.signal);
  await clock.advance(1000);
  await memory.commit([{ type: 'put', key: KEY, ...quota(), precondition: { type: 'absent' } }]);
  await clock.advance(5000);
  const entry = await memory.get(KEY);
  assert.ok(entry !== undefined);
  assert.deepEqual(decodeObject<ResourceQuota>(entry.value).status, {
    hard: { pods: '2' },
    used: { pods: '0' },
  });
  assert.equal(failures, -1);
  idle.close();
  stop.abort();
  await keeping;
});
