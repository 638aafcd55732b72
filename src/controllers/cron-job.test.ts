import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CronJob, cronJobResource } from '#api/batch/cron-job.ts';
import { jobResource } from '#api/batch/job.ts';
import type { Draft } from '#api/object.ts';
import { cronJobController } from '#controllers/cron-job.ts';
import { World } from '#reconcile/test-world.ts';
import { timestamp } from '#system/clock.ts';

const KEY = 'shop/backup';
const NAME = { namespace: 'shop', name: 'backup' };
const HOUR_MS = 3_600_000;

function backup(spec: Partial<CronJob['spec']> = {}): Draft<CronJob> {
  const template = {
    spec: { restartPolicy: 'Never' as const, containers: [{ name: 'main', image: 'backup:1' }] },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: NAME,
    spec: {
      schedule: '0 * * * *',
      jobTemplate: { metadata: { labels: { app: 'backup' } }, spec: { template } },
      ...spec,
    },
  };
}

/** A world in which the CronJob was made at midnight. */
function worldWith(spec: Partial<CronJob['spec']> = {}): World {
  const world = new World();
  world.put(cronJobResource, backup(spec));
  world.settle(cronJobController);
  return world;
}

function jobsOf(world: World): string[] {
  return world.list(jobResource).map(({ metadata }) => metadata.name);
}

/** Lets hours pass one by one; `each` sees the world at every one. */
function hours(world: World, count: number, each: () => void = () => undefined): void {
  for (let hour = 0; hour < count; hour += 1) {
    world.nowMs += HOUR_MS;
    world.settle(cronJobController);
    each();
  }
}

function end(world: World, name: string, type: 'Complete' | 'Failed' = 'Complete'): void {
  const at = timestamp(world.nowMs);
  const conditions = [{ type, status: 'True', lastTransitionTime: at }];
  world.patchStatus(
    jobResource,
    { namespace: 'shop', name },
    { conditions, ...(type === 'Complete' ? { completionTime: at } : {}) },
  );
}

test('nothing runs before its time, and the plan comes back then', () => {
  const world = worldWith();
  assert.deepEqual(jobsOf(world), []);
  assert.deepEqual(
    world.plan(cronJobController, KEY).map((action) => action.type === 'requeue' && action.afterMs),
    [HOUR_MS + 100],
  );
});

test('at its time a job is made, named by it, owned and told of', () => {
  const world = worldWith();
  hours(world, 1);
  const [job] = world.list(jobResource);
  assert.equal(job?.metadata.name, `backup-${world.nowMs / 60_000}`);
  assert.equal(
    job.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'],
    '2026-01-01T01:00:00Z',
  );
  assert.equal(job.metadata.labels?.['app'], 'backup');
  assert.equal(job.metadata.ownerReferences?.[0]?.kind, 'CronJob');
  const status = world.get(cronJobResource, NAME)?.status;
  assert.equal(status?.lastScheduleTime, '2026-01-01T01:00:00Z');
  assert.deepEqual(
    status.active?.map(({ name }) => name),
    [job.metadata.name],
  );
  assert.ok(world.events.includes(`SuccessfulCreate Created job ${job.metadata.name}`));
  assert.deepEqual(
    world.plan(cronJobController, KEY).map(({ type }) => type),
    ['requeue'],
  );
});

test('a job that is over is taken off the list and told of', () => {
  const world = worldWith();
  hours(world, 1);
  const [name = ''] = jobsOf(world);
  end(world, name);
  world.settle(cronJobController);
  const status = world.get(cronJobResource, NAME)?.status;
  assert.deepEqual([status?.active, status?.lastSuccessfulTime], [undefined, '2026-01-01T01:00:00Z']);
  assert.ok(world.events.includes(`SawCompletedJob Saw completed job: ${name}, condition: Complete`));
});

test('after a long absence only the last missed time is made up for, with a warning', () => {
  const world = worldWith();
  world.nowMs += 200 * HOUR_MS + 60_000;
  world.settle(cronJobController);
  assert.equal(jobsOf(world).length, 1);
  assert.ok(world.events.some((event) => event.startsWith('TooManyMissedTimes')));
});

test('a time that is past its starting deadline is missed', () => {
  const world = worldWith({ startingDeadlineSeconds: 30 });
  world.nowMs += HOUR_MS + 60_000;
  world.settle(cronJobController);
  assert.deepEqual(jobsOf(world), []);
  assert.equal(world.events[0], 'MissSchedule Missed scheduled time to start a job: 2026-01-01T01:00:00Z');
});

for (const { concurrencyPolicy, expected } of [
  { concurrencyPolicy: 'Allow', expected: 2 },
  { concurrencyPolicy: 'Forbid', expected: 1 },
  { concurrencyPolicy: 'Replace', expected: 1 },
] as const) {
  test(`with ${concurrencyPolicy} a run that meets the one before makes ${expected}`, () => {
    const world = worldWith({ concurrencyPolicy });
    hours(world, 1);
    const before = jobsOf(world);
    hours(world, 1);
    assert.equal(jobsOf(world).length, expected);
    assert.equal(jobsOf(world).includes(before[0] ?? ''), concurrencyPolicy !== 'Replace');
  });
}

test('with Forbid the run that had to wait is made once the other is over', () => {
  const world = worldWith({ concurrencyPolicy: 'Forbid' });
  hours(world, 2);
  const [first = ''] = jobsOf(world);
  world.nowMs += 60_000;
  end(world, first);
  world.settle(cronJobController);
  assert.equal(jobsOf(world).length, 2);
});

test('the history keeps the last successful and failed jobs', () => {
  const world = worldWith({ successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 1 });
  let ends = 0;
  hours(world, 8, () => {
    ends += 1;
    end(world, jobsOf(world).at(-1) ?? '', ends % 2 === 0 ? 'Failed' : 'Complete');
  });
  world.settle(cronJobController);
  const states = world.list(jobResource).map(({ status }) => status?.conditions?.[0]?.type);
  assert.deepEqual(states.toSorted(), ['Complete', 'Complete', 'Failed']);
});

test('a suspended CronJob makes nothing, and what it missed once it goes on', () => {
  const world = worldWith({ suspend: true });
  hours(world, 3);
  assert.deepEqual(jobsOf(world), []);
  world.patch(cronJobResource, NAME, { spec: { suspend: false } });
  world.settle(cronJobController);
  assert.equal(jobsOf(world).length, 1);
});

test('a time zone that does not exist is told, and nothing runs', () => {
  const world = worldWith({ timeZone: 'Nowhere/Else' });
  hours(world, 2);
  assert.deepEqual(jobsOf(world), []);
  assert.ok(world.events[0]?.startsWith('UnparseableSchedule'));
});
