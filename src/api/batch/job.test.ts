import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CronJob, cronJobResource } from '#api/batch/cron-job.ts';
import { type Job, type JobSpec, jobResource } from '#api/batch/job.ts';
import type { ObjectMeta } from '#api/object.ts';
import { fieldErrorMessage } from '#api/status.ts';

const METADATA: ObjectMeta = {
  name: 'once',
  namespace: 'default',
  uid: 'u-1',
  resourceVersion: '1',
  creationTimestamp: '',
};

function job(spec: Partial<JobSpec> = {}): Job {
  const made: Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: METADATA,
    spec: {
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a:1' }] } },
      ...structuredClone(spec),
    },
  };
  jobResource.applyDefaults(made);
  jobResource.prepare?.(made, undefined);
  return made;
}

function messages(object: Job, old?: Job): string[] {
  return jobResource.validate(object, old).map(fieldErrorMessage);
}

test('a job runs one pod once, knows its pods by its uid, and tries six times', () => {
  const { spec } = job();
  assert.deepEqual(spec.selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' } });
  assert.deepEqual(spec.template.metadata?.labels, {
    'batch.kubernetes.io/controller-uid': 'u-1',
    'batch.kubernetes.io/job-name': 'once',
    'controller-uid': 'u-1',
    'job-name': 'once',
  });
  const { completions, parallelism, backoffLimit, completionMode, suspend } = spec;
  assert.deepEqual(
    { completions, parallelism, backoffLimit, completionMode, suspend },
    {
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
    },
  );
  assert.deepEqual(messages(job()), []);
  assert.equal(job({ parallelism: 3 }).spec.completions, undefined);
});

test('a wrong job is told in the words of Kubernetes', () => {
  const cases: [Partial<JobSpec>, string][] = [
    [{ parallelism: -1 }, 'spec.parallelism: Invalid value: -1: must be greater than or equal to 0'],
    [
      { completionMode: 'Indexed', parallelism: 2 },
      'spec.completions: Required value: when completion mode is Indexed',
    ],
    [
      { template: { spec: { containers: [{ name: 'a', image: 'a' }] } } },
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
    [
      { backoffLimitPerIndex: 1 },
      'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode',
    ],
  ];
  for (const [spec, wanted] of cases) assert.deepEqual(messages(job(spec)), [wanted]);
});

test('a job stays as it is, unless it is suspended and has not started', () => {
  const moved = {
    template: {
      spec: {
        restartPolicy: 'Never' as const,
        containers: [{ name: 'a', image: 'a:1' }],
        nodeSelector: { disk: 'ssd' },
      },
    },
  };
  assert.match(
    messages(job({ completions: 2 }), job()).join(),
    /^spec.completions: Invalid value: 2: field is immutable$/,
  );
  assert.match(messages(job(moved), job()).join(), /^spec.template: Invalid value: .*: field is immutable$/);
  assert.deepEqual(messages(job({ ...moved, suspend: true }), job({ suspend: true })), []);
  const other = {
    template: { spec: { restartPolicy: 'Never' as const, containers: [{ name: 'a', image: 'b:1' }] } },
  };
  assert.match(messages(job({ ...other, suspend: true }), job({ suspend: true })).join(), /^spec.template: /);
});

test('a cron job', () => {
  const cronJob = (name: string, schedule: string): CronJob => {
    const made: CronJob = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { ...METADATA, name },
      spec: {
        schedule,
        jobTemplate: {
          spec: {
            template: { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'a', image: 'a' }] } },
          },
        },
      },
    };
    cronJobResource.applyDefaults(made);
    return made;
  };
  const sound = cronJob('nightly', '0 3 * * *');
  assert.deepEqual(cronJobResource.validate(sound, undefined), []);
  assert.equal(sound.spec.jobTemplate.spec.selector, undefined);
  assert.equal(sound.spec.concurrencyPolicy, 'Allow');
  const found = cronJobResource
    .validate(cronJob('n'.repeat(53), '0 25 * * *'), undefined)
    .map(fieldErrorMessage);
  assert.equal(found.length, 2);
  assert.match(
    found.join(),
    /spec.schedule: Invalid value: "0 25 \* \* \*": end of range \(25\) above maximum \(23\): 25.*must be no more than 52 characters/,
  );
});
