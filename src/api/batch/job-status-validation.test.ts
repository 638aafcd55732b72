import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Job, type JobCondition, type JobStatus, jobResource } from '#api/batch/job.ts';
import { validateJobStatus } from '#api/batch/job-status-validation.ts';
import { fieldErrorMessage } from '#api/status.ts';

function job(status: JobStatus, spec: Partial<Job['spec']> = {}): Job {
  const made: Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'once', namespace: 'x', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [] } }, ...spec },
    status,
  };
  jobResource.applyDefaults(made);
  return made;
}

function conditions(...types: string[]): JobCondition[] {
  return types.map((type) => ({ type, status: 'True' }));
}

const TIMES = { startTime: '2026-01-01T00:00:00Z', completionTime: '2026-01-01T00:01:00Z' };

test('a status that follows the course of a job is taken', () => {
  const courses: JobStatus[][] = [
    [{}, { startTime: TIMES.startTime, active: 1, ready: 1 }, { startTime: TIMES.startTime, succeeded: 1 }],
    [{ startTime: TIMES.startTime }, { ...TIMES, conditions: conditions('SuccessCriteriaMet', 'Complete') }],
    [
      { startTime: TIMES.startTime },
      { startTime: TIMES.startTime, failed: 1, conditions: conditions('FailureTarget', 'Failed') },
    ],
  ];
  for (const course of courses)
    for (const [index, status] of course.entries())
      assert.deepEqual(validateJobStatus(job(status), job(course[index - 1] ?? {})), []);
});

test('a status that cannot be is told in the words of Kubernetes', () => {
  const cases: [before: JobStatus, after: JobStatus, wanted: string][] = [
    [{}, { active: -1 }, 'status.active: Invalid value: -1: must be greater than or equal to 0'],
    [{}, { ready: 1 }, 'status.ready: Invalid value: 1: cannot set more ready pods than active'],
    [{ failed: 2 }, { failed: 1 }, 'status.failed: Invalid value: 1: cannot decrease the failed counter'],
    [
      { conditions: conditions('FailureTarget') },
      {},
      'status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition',
    ],
    [
      { startTime: TIMES.startTime },
      { startTime: TIMES.startTime, conditions: conditions('Failed') },
      'status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition',
    ],
    [
      {},
      { conditions: conditions('FailureTarget', 'Failed') },
      'status.startTime: Required value: startTime is required for finished job',
    ],
    [
      {},
      { completedIndexes: '0' },
      'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
    ],
    [
      { startTime: TIMES.startTime },
      {},
      'status.startTime: Required value: startTime cannot be removed for unsuspended job',
    ],
    [
      {},
      { uncountedTerminatedPods: { succeeded: ['a'], failed: ['a'] } },
      'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
    ],
  ];
  for (const [before, after, wanted] of cases)
    assert.deepEqual(validateJobStatus(job(after), job(before)).map(fieldErrorMessage), [wanted]);
});

test('indexes that overlap or are too large are told', () => {
  const spec = { completionMode: 'Indexed', completions: 5, backoffLimitPerIndex: 1 } as const;
  const check = (status: JobStatus): string[] =>
    validateJobStatus(job(status, spec), job({}, spec)).map(fieldErrorMessage);
  assert.deepEqual(check({ completedIndexes: '0-2,4', failedIndexes: '3' }), []);
  assert.deepEqual(check({ completedIndexes: '0-2', failedIndexes: '2-3' }), [
    'status.failedIndexes: Invalid value: "2-3": failedIndexes and completedIndexes overlap at index: 2',
  ]);
  assert.deepEqual(check({ completedIndexes: '3,5' }), [
    'status.completedIndexes: Invalid value: "3,5": error parsing completedIndexes: too large index: "5"',
  ]);
});
