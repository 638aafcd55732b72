import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/pod.ts';
import type { PodStatus } from '#api/core/pod-status.ts';
import { conflict } from '#api/status.ts';
import { podOf } from '#kubelet/pod-facts.fixture.ts';
import { StatusWriter } from '#kubelet/status/status-writer.ts';
import { sleep } from '#system/clock.ts';
import { silentLog } from '#system/log.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

function startWriter(answer: (patch: { status: PodStatus }, count: number) => Pod) {
  const clock = new SimulatedClock();
  const patches: { metadata: unknown; status: PodStatus }[] = [];
  const changes: number[] = [];
  const client = {
    patch: async (
      _type: unknown,
      _name: unknown,
      { patch }: { patch: { metadata: unknown; status: PodStatus } },
    ) => {
      patches.push(patch);
      await sleep(clock, 10);
      return answer(patch, patches.length);
    },
  } as never;
  const onChange = (): void => void changes.push(clock.monotonic());
  const writer = new StatusWriter({ client, clock, random: seededRandom(1), log: silentLog, onChange });
  return { clock, patches, changes, writer };
}

const accepted = (patch: { status: PodStatus }, count: number): Pod => {
  const pod = podOf({}, { status: patch.status });
  return { ...pod, metadata: { ...pod.metadata, resourceVersion: String(count + 1) } };
};

test('a status is written once, against the object that it was made from, and what is gone from it is removed', async () => {
  const { clock, patches, changes, writer } = startWriter(accepted);
  const pod = podOf({}, { status: { phase: 'Pending', podIP: '10.0.0.1' } });
  const status: PodStatus = { phase: 'Running' };
  assert.equal(writer.isWritten(pod, status), false);
  writer.write(pod, status);
  writer.write(pod, status);
  await clock.advance(20);
  writer.write(pod, status);
  await clock.advance(20);
  assert.deepEqual(patches, [
    { metadata: { uid: 'u1', resourceVersion: '1' }, status: { phase: 'Running', podIP: null } },
  ] as never);
  assert.deepEqual(changes, [10]);
  assert.equal(writer.isWritten(pod, status), true, 'though the view has not seen it yet');
  assert.equal(writer.newest(pod).metadata.resourceVersion, '2');
});

test('a newer object in the view counts more than the last answer', async () => {
  const { clock, writer } = startWriter(accepted);
  const pod = podOf();
  writer.write(pod, { phase: 'Running' });
  await clock.advance(20);
  const newer = {
    ...pod,
    metadata: { ...pod.metadata, resourceVersion: '9' },
    status: { phase: 'Failed' as const },
  };
  assert.equal(writer.newest(newer), newer);
  assert.equal(writer.isWritten(newer, { phase: 'Running' }), false);
});

test('a server that makes something else of a status is not written to for ever', async () => {
  const { clock, patches, writer } = startWriter((patch, count) =>
    accepted({ status: { ...patch.status, message: 'added' } }, count),
  );
  for (let round = 0; round < 5; round++) {
    writer.write(podOf(), { phase: 'Running' });
    await clock.advance(20);
  }
  assert.equal(patches.length, 1);
});

test('after a refusal, the status is asked for again in a while', async () => {
  const { clock, patches, changes, writer } = startWriter((patch, count) => {
    if (count === 1) throw conflict({ resource: 'pods', name: 'web' }, 'newer');
    return accepted(patch, count);
  });
  writer.write(podOf(), { phase: 'Running' });
  await clock.advance(11);
  writer.write(podOf(), { phase: 'Running' });
  assert.equal(patches.length, 1, 'not at once');
  await clock.advance(1000);
  assert.equal(changes.length, 2);
  writer.write(podOf(), { phase: 'Running' });
  assert.equal(patches.length, 2);
  await clock.advance(20);
});
