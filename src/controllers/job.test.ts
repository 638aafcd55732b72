import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Job, jobResource } from '#api/batch/job.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import type { Draft } from '#api/object.ts';
import { jobController } from '#controllers/job.ts';
import { runPod } from '#controllers/pod-fixtures.ts';
import { World } from '#reconcile/test-world.ts';
import { timestamp } from '#system/clock.ts';

const KEY = 'shop/report';
const NAME = { namespace: 'shop', name: 'report' };
const INDEX = 'batch.kubernetes.io/job-completion-index';

function report(spec: Partial<Job['spec']> = {}): Draft<Job> {
  const template = {
    spec: { restartPolicy: 'Never' as const, containers: [{ name: 'main', image: 'report:1' }] },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...NAME, uid: 'job-1' },
    spec: { template, ...spec },
  };
}

function jobOf(world: World): Job {
  const job = world.get(jobResource, NAME);
  assert.ok(job);
  return job;
}

function activePods(world: World): Pod[] {
  return world
    .list(podResource)
    .filter(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined && ['Pending', 'Running', undefined].includes(status?.phase),
    );
}

function nameOf({ metadata: { namespace, name } }: Pod) {
  return { namespace, name };
}

/** A host runs a pod to its end. */
function finish(world: World, pod: Pod, { exitCode = 0 }: { exitCode?: number } = {}): void {
  const terminated = { exitCode, finishedAt: timestamp(world.nowMs) };
  const containerStatuses = [
    { name: 'main', image: '', imageID: '', ready: false, restartCount: 0, state: { terminated } },
  ];
  world.patch(podResource, nameOf(pod), { spec: { nodeName: 'host-a' } });
  world.patchStatus(podResource, nameOf(pod), {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    containerStatuses,
  });
}

function conditionsOf(world: World): string[] {
  return (jobOf(world).status?.conditions ?? []).map(
    ({ type, status, reason }) => `${type}=${status} ${reason}`,
  );
}

/** Lets every active pod run to its end, as `exitCodeOf` says, until the Job is over or nothing moves. */
function run(world: World, exitCodeOf: (pod: Pod) => number = () => 0): void {
  for (let round = 0; round < 60; round += 1) {
    world.settle(jobController);
    for (const pod of activePods(world)) finish(world, pod, { exitCode: exitCodeOf(pod) });
    for (const pod of world.list(podResource)) {
      const isGone =
        pod.metadata.deletionTimestamp !== undefined && (pod.metadata.finalizers ?? []).length === 0;
      if (isGone) world.remove(podResource, nameOf(pod));
    }
    world.nowMs += 15_000;
  }
}

test('a pod is run to its end, counted, and the Job is complete', () => {
  const world = new World();
  world.put(jobResource, report());
  world.settle(jobController);
  const [pod] = activePods(world);
  assert.deepEqual(pod?.metadata.finalizers, ['batch.kubernetes.io/job-tracking']);
  assert.match(pod.metadata.name, /^report-[b-z2-9]{5}$/);
  assert.deepEqual(jobOf(world).status?.active, 1);
  finish(world, pod);
  world.settle(jobController);
  assert.deepEqual(conditionsOf(world), [
    'SuccessCriteriaMet=True CompletionsReached',
    'Complete=True CompletionsReached',
  ]);
  const { succeeded, active, startTime, completionTime } = jobOf(world).status ?? {};
  assert.deepEqual(
    [succeeded, active, startTime, completionTime],
    [1, undefined, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
  );
  assert.deepEqual(world.list(podResource)[0]?.metadata.finalizers, []);
  assert.ok(world.events.includes('Completed Job completed'));
  assert.deepEqual(world.plan(jobController, KEY), []);
});

test('parallelism and completions: never more at once, never more than wanted in all', () => {
  const world = new World();
  world.put(jobResource, report({ parallelism: 2, completions: 5 }));
  let most = 0;
  run(world, () => {
    most = Math.max(most, activePods(world).length);
    return 0;
  });
  assert.equal(most, 2);
  assert.equal(world.list(podResource).length, 5);
  assert.equal(jobOf(world).status?.succeeded, 5);
});

test('without completions one success ends it, once all pods have ended', () => {
  const world = new World();
  world.put(jobResource, report({ parallelism: 2 }));
  world.settle(jobController);
  const [first] = activePods(world);
  assert.ok(first);
  finish(world, first);
  world.settle(jobController);
  assert.equal(activePods(world).length, 1);
  assert.deepEqual(conditionsOf(world), []);
  run(world);
  assert.equal(conditionsOf(world)[1], 'Complete=True CompletionsReached');
});

test('a failed pod is tried again after a wait that doubles, until the limit', () => {
  const world = new World();
  world.put(jobResource, report({ backoffLimit: 2 }));
  world.settle(jobController);
  const waits: number[] = [];
  for (let failure = 0; failure < 3; failure += 1) {
    const [pod] = activePods(world);
    assert.ok(pod, `no pod after ${failure} failures`);
    finish(world, pod, { exitCode: 1 });
    world.settle(jobController);
    const [wait] = world.plan(jobController, KEY);
    if (wait?.type === 'requeue') {
      waits.push(wait.afterMs);
      world.nowMs += wait.afterMs;
      world.settle(jobController);
    }
  }
  assert.deepEqual(waits, [10_000, 20_000]);
  assert.deepEqual(conditionsOf(world), [
    'FailureTarget=True BackoffLimitExceeded',
    'Failed=True BackoffLimitExceeded',
  ]);
  assert.equal(jobOf(world).status?.failed, 3);
  assert.ok(world.events.includes('BackoffLimitExceeded Job has reached the specified backoff limit'));
});

test('a pod that somebody deletes counts as failed, once, and is replaced', () => {
  const world = new World();
  world.put(jobResource, report());
  world.settle(jobController);
  const [pod] = activePods(world);
  assert.ok(pod);
  runPod(world, pod);
  world.patch(podResource, nameOf(pod), { metadata: { deletionTimestamp: timestamp(world.nowMs) } });
  run(world);
  assert.deepEqual([jobOf(world).status?.failed, jobOf(world).status?.succeeded], [1, 1]);
});

test('a Job that is past its deadline stops its pods and fails', () => {
  const world = new World();
  world.put(jobResource, report({ activeDeadlineSeconds: 60 }));
  world.settle(jobController);
  for (const pod of activePods(world)) runPod(world, pod);
  world.settle(jobController);
  const [wait] = world.plan(jobController, KEY);
  assert.deepEqual(wait?.type === 'requeue' && wait.afterMs, 60_000);
  world.nowMs += 60_000;
  world.settle(jobController);
  assert.equal(activePods(world).length, 0);
  run(world);
  assert.equal(conditionsOf(world)[1], 'Failed=True DeadlineExceeded');
});

test('a suspended Job stops its pods, which count as nothing, and goes on when it is resumed', () => {
  const world = new World();
  world.put(jobResource, report({ parallelism: 2, completions: 2 }));
  world.settle(jobController);
  for (const pod of activePods(world)) runPod(world, pod);
  world.patch(jobResource, NAME, { spec: { suspend: true } });
  run(world);
  assert.equal(world.list(podResource).length, 0);
  assert.deepEqual(conditionsOf(world), ['Suspended=True JobSuspended']);
  assert.deepEqual([jobOf(world).status?.failed, jobOf(world).status?.startTime], [undefined, undefined]);
  world.patch(jobResource, NAME, { spec: { suspend: false } });
  run(world);
  assert.equal(jobOf(world).status?.succeeded, 2);
  assert.deepEqual(
    world.events.filter((event) => /^(Suspended|Resumed)/.test(event)),
    ['Suspended Job suspended', 'Resumed Job resumed'],
  );
});

test('an Indexed Job has one pod for each index, which knows it, and says which are completed', () => {
  const world = new World();
  world.put(jobResource, report({ completionMode: 'Indexed', completions: 4, parallelism: 4 }));
  world.settle(jobController);
  const pods = activePods(world);
  assert.deepEqual(
    pods.map(({ metadata }) => metadata.annotations?.[INDEX]),
    ['0', '1', '2', '3'],
  );
  assert.match(pods[2]?.metadata.name ?? '', /^report-2-[b-z2-9]{5}$/);
  assert.equal(pods[2]?.spec.hostname, 'report-2');
  assert.deepEqual(
    pods[2]?.spec.containers[0]?.env?.[0]?.valueFrom?.fieldRef?.fieldPath,
    `metadata.annotations['${INDEX}']`,
  );
  for (const index of [0, 1, 3]) finish(world, pods[index] as Pod);
  world.settle(jobController);
  assert.equal(jobOf(world).status?.completedIndexes, '0,1,3');
  run(world);
  assert.equal(jobOf(world).status?.completedIndexes, '0-3');
  assert.equal(conditionsOf(world)[1], 'Complete=True CompletionsReached');
});

test('failures by index: the others go on, and the Job fails at the end', () => {
  const world = new World();
  world.put(
    jobResource,
    report({ completionMode: 'Indexed', completions: 3, parallelism: 3, backoffLimitPerIndex: 1 }),
  );
  run(world, ({ metadata }) => (metadata.annotations?.[INDEX] === '1' ? 1 : 0));
  const { completedIndexes, failedIndexes, failed } = jobOf(world).status ?? {};
  assert.deepEqual([completedIndexes, failedIndexes, failed], ['0,2', '1', 2]);
  assert.equal(conditionsOf(world)[1], 'Failed=True FailedIndexes');
});

test('a success policy ends a Job when the indexes that matter are completed', () => {
  const world = new World();
  const successPolicy = { rules: [{ succeededIndexes: '0', succeededCount: 1 }] };
  world.put(
    jobResource,
    report({ completionMode: 'Indexed', completions: 3, parallelism: 3, successPolicy }),
  );
  world.settle(jobController);
  const [leader, ...others] = activePods(world);
  assert.ok(leader);
  for (const pod of others) runPod(world, pod);
  finish(world, leader);
  run(world);
  assert.deepEqual(conditionsOf(world), [
    'SuccessCriteriaMet=True SuccessPolicy',
    'Complete=True SuccessPolicy',
  ]);
});

test('a failure policy: an exit code ends the Job at once, a disruption does not count', () => {
  const rules = [
    { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ] as const;
  const world = new World();
  world.put(jobResource, report({ podFailurePolicy: { rules: [...rules] as never } }));
  world.settle(jobController);
  const [first] = activePods(world);
  assert.ok(first);
  finish(world, first, { exitCode: 137 });
  world.patchStatus(podResource, nameOf(first), {
    conditions: [{ type: 'DisruptionTarget', status: 'True' }],
  });
  world.nowMs += 60_000;
  world.settle(jobController);
  assert.equal(jobOf(world).status?.failed, undefined);
  run(world, () => 42);
  const failed = jobOf(world).status?.conditions?.find(({ type }) => type === 'Failed');
  assert.equal(failed?.reason, 'PodFailurePolicy');
  assert.match(
    failed?.message ?? '',
    /^Container main for pod shop\/report-\w+ failed with exit code 42 matching FailJob rule at index 0$/,
  );
});

test('a Job that is over is deleted after its time to live', () => {
  const world = new World();
  world.put(jobResource, report({ ttlSecondsAfterFinished: 100 }));
  world.settle(jobController);
  for (const pod of activePods(world)) finish(world, pod);
  world.settle(jobController);
  const [wait] = world.plan(jobController, KEY);
  assert.deepEqual(wait?.type === 'requeue' && wait.afterMs, 100_000);
  world.nowMs += 100_000;
  world.step(jobController, KEY);
  assert.ok(jobOf(world).metadata.deletionTimestamp);
});

test('pods of a Job that is gone lose the finalizer that would keep them', () => {
  const world = new World();
  world.put(jobResource, report());
  world.settle(jobController);
  world.remove(jobResource, NAME);
  world.step(jobController, KEY);
  assert.deepEqual(world.list(podResource)[0]?.metadata.finalizers, []);
});

test('with fewer parallelism pods are taken away without counting', () => {
  const world = new World();
  world.put(jobResource, report({ parallelism: 3, completions: 3 }));
  world.settle(jobController);
  for (const pod of activePods(world)) runPod(world, pod);
  world.patch(jobResource, NAME, { spec: { parallelism: 1 } });
  world.settle(jobController);
  assert.equal(activePods(world).length, 1);
  assert.equal(jobOf(world).status?.failed, undefined);
});

test('a Job that another controller manages is left alone', () => {
  const world = new World();
  world.put(jobResource, report({ managedBy: 'example.com/queue' }));
  assert.deepEqual(world.plan(jobController, KEY), []);
});
