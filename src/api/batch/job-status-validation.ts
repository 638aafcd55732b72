import { readIndexRanges, sharedIndex } from '#api/batch/index-ranges.ts';
import type { Job, JobStatus, UncountedTerminatedPods } from '#api/batch/job.ts';
import { checkNonNegative } from '#api/field-checks.ts';
import { duplicateValue, invalidValue, requiredValue } from '#api/field-errors.ts';
import { equalJson } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';
import { parseTimestamp } from '#system/clock.ts';

const TERMINAL_CONDITIONS = ['Failed', 'Complete', 'FailureTarget'];

/**
 * What is wrong with the status of a job: most rules hold only for what the update changes, so that a status that was wrong
 * before can be put right step by step. Source: Kubernetes' `ValidateJobStatusUpdate`.
 */
export function validateJobStatus(job: Job, old: Job): FieldError[] {
  const change = changeOf(job, old);
  return [
    ...validateCounts(job.status ?? {}),
    ...validateConditions(change),
    ...validateTimes(change),
    ...validateEnd(change),
    ...validateIndexes(change),
    ...validateCourse(change),
  ];
}

/** An update of a status. */
interface StatusChange {
  readonly job: Job;
  readonly old: Job;
  readonly status: JobStatus;
  readonly before: JobStatus;
  /** Whether the job has the condition after the update. */
  readonly is: (condition: string) => boolean;
  readonly was: (condition: string) => boolean;
  /** Whether a condition comes or goes. */
  readonly turns: (condition: string) => boolean;
  readonly changes: (field: keyof JobStatus) => boolean;
  readonly isFinished: boolean;
  readonly finishes: boolean;
}

function changeOf(job: Job, old: Job): StatusChange {
  const { status = {} } = job;
  const { status: before = {} } = old;
  const is = (condition: string): boolean => hasCondition(status, condition);
  const was = (condition: string): boolean => hasCondition(before, condition);
  const isFinished = is('Complete') || is('Failed');
  return {
    job,
    old,
    status,
    before,
    is,
    was,
    turns: (condition) => is(condition) !== was(condition),
    changes: (field) =>
      !equalJson(status[field] as unknown as Json | undefined, before[field] as unknown as Json | undefined),
    isFinished,
    finishes: isFinished !== (was('Complete') || was('Failed')),
  };
}

function hasCondition({ conditions = [] }: JobStatus, wanted: string, status = 'True'): boolean {
  return conditions.some((condition) => condition.type === wanted && condition.status === status);
}

function validateCounts(status: JobStatus): FieldError[] {
  return [
    ...(['active', 'succeeded', 'failed', 'ready', 'terminating'] as const).flatMap((count) =>
      checkNonNegative(`status.${count}`, status[count]),
    ),
    ...validateUncounted(status.uncountedTerminatedPods ?? {}),
  ];
}

function validateUncounted({ succeeded = [], failed = [] }: UncountedTerminatedPods): FieldError[] {
  const field = 'status.uncountedTerminatedPods';
  const places = [
    ...succeeded.map((uid, index) => ({ uid, path: `${field}.succeeded[${index}]` })),
    ...failed.map((uid, index) => ({ uid, path: `${field}.failed[${index}]` })),
  ];
  const seen = new Set<string>();
  return places.flatMap(({ uid, path }) => {
    if (uid === '') return [invalidValue(path, uid, 'must not be empty')];
    if (seen.has(uid)) return [duplicateValue(path, uid)];
    seen.add(uid);
    return [];
  });
}

/** Conditions that cannot stand together, or not without another one. */
function validateConditions({ job, is, turns, changes }: StatusChange): FieldError[] {
  const completes = turns('Complete');
  const fails = turns('Failed');
  const isSuccess = is('SuccessCriteriaMet');
  const wrong: [isWrong: boolean, detail: string][] = [
    [
      (completes || fails) && is('Complete') && is('Failed'),
      'cannot set Complete=True and Failed=true conditions',
    ],
    [
      (completes || turns('FailureTarget')) && is('Complete') && is('FailureTarget'),
      'cannot set Complete=True and FailureTarget=true conditions',
    ],
    [
      (fails || changes('failedIndexes')) && is('Failed') && !is('FailureTarget'),
      'cannot set Failed=True condition without the FailureTarget=true condition',
    ],
    [
      (completes || turns('SuccessCriteriaMet')) && is('Complete') && !isSuccess,
      'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ],
    [isSuccess && is('Failed'), 'cannot set SuccessCriteriaMet=True and Failed=true conditions'],
    [
      isSuccess && is('FailureTarget'),
      'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
    ],
    [
      job.spec.successPolicy !== undefined && !isSuccess && is('Complete'),
      'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True',
    ],
  ];
  return wrong.flatMap(([isWrong, detail]) => (isWrong ? [conditionsError(detail)] : []));
}

function conditionsError(detail: string): FieldError {
  return { type: 'Invalid', field: 'status.conditions', detail };
}

function validateTimes({ status, is, turns, changes }: StatusChange): FieldError[] {
  const field = 'status.completionTime';
  const { startTime, completionTime } = status;
  const isConcerned = turns('Complete') || changes('completionTime');
  const startMs = parseTimestamp(startTime);
  const endMs = parseTimestamp(completionTime);
  const isBackwards = startMs !== undefined && endMs !== undefined && endMs < startMs;
  return [
    ...(isConcerned && completionTime !== undefined && !is('Complete')
      ? [
          invalidValue(
            field,
            completionTime,
            'cannot set completionTime when there is no Complete=True condition',
          ),
        ]
      : []),
    ...(isConcerned && completionTime === undefined && is('Complete')
      ? [requiredValue(field, 'completionTime is required for Complete jobs')]
      : []),
    ...((changes('startTime') || changes('completionTime')) && isBackwards
      ? [invalidValue(field, completionTime, 'completionTime cannot be set before startTime')]
      : []),
  ];
}

/** What a finished job may not have. */
function validateEnd({ job, status, isFinished, finishes, changes }: StatusChange): FieldError[] {
  const { active = 0, ready, terminating = 0, startTime, uncountedTerminatedPods: uncounted } = status;
  const neverStarts = job.spec.suspend === true && job.spec.completions === 0;
  const uncountedCount = (uncounted?.failed?.length ?? 0) + (uncounted?.succeeded?.length ?? 0);
  const concerns = (field: keyof JobStatus): boolean => isFinished && (finishes || changes(field));
  return [
    ...(concerns('active') && active > 0
      ? [invalidValue('status.active', active, 'active>0 is invalid for finished job')]
      : []),
    ...(concerns('startTime') && startTime === undefined && !neverStarts
      ? [requiredValue('status.startTime', 'startTime is required for finished job')]
      : []),
    ...(concerns('uncountedTerminatedPods') && uncountedCount > 0
      ? [
          invalidValue(
            'status.uncountedTerminatedPods',
            uncounted,
            'uncountedTerminatedPods needs to be empty for finished job',
          ),
        ]
      : []),
    ...(concerns('terminating') && terminating > 0
      ? [invalidValue('status.terminating', terminating, 'terminating>0 is invalid for finished job')]
      : []),
    ...((changes('ready') || changes('active')) && ready !== undefined && ready > active
      ? [invalidValue('status.ready', ready, 'cannot set more ready pods than active')]
      : []),
  ];
}

function validateIndexes({ job, status, changes }: StatusChange): FieldError[] {
  const { completions, completionMode, backoffLimitPerIndex } = job.spec;
  const { completedIndexes = '', failedIndexes } = status;
  const done = 'status.completedIndexes';
  const failed = 'status.failedIndexes';
  const doneChanges = changes('completedIndexes');
  const failedChanges = changes('failedIndexes') && failedIndexes !== undefined;
  const shared =
    completions === undefined || failedIndexes === undefined
      ? undefined
      : sharedIndex(completedIndexes, failedIndexes, completions);
  return [
    ...(doneChanges ? validateRanges(done, completedIndexes, completions) : []),
    ...(failedChanges && backoffLimitPerIndex !== undefined
      ? validateRanges(failed, failedIndexes, completions)
      : []),
    ...(doneChanges && completedIndexes !== '' && completionMode !== 'Indexed'
      ? [
          invalidValue(
            done,
            completedIndexes,
            'cannot set non-empty completedIndexes when non-indexed completion mode',
          ),
        ]
      : []),
    ...(failedChanges && backoffLimitPerIndex === undefined
      ? [
          invalidValue(
            failed,
            failedIndexes,
            'cannot set non-null failedIndexes when backoffLimitPerIndex is null',
          ),
        ]
      : []),
    ...((doneChanges || failedChanges) && shared !== undefined
      ? [
          invalidValue(
            failed,
            failedIndexes,
            `failedIndexes and completedIndexes overlap at index: ${shared}`,
          ),
        ]
      : []),
  ];
}

function validateRanges(field: string, text: string, completions: number | undefined): FieldError[] {
  if (completions === undefined) return [];
  const reading = readIndexRanges(text, completions);
  const name = field.slice('status.'.length);
  return 'fault' in reading ? [invalidValue(field, text, `error parsing ${name}: ${reading.fault}`)] : [];
}

/** What was said once is not taken back. */
function validateCourse(change: StatusChange): FieldError[] {
  const { job, status, before, is, was, changes } = change;
  const { completionMode, completions, parallelism, suspend } = job.spec;
  const mayShrink = completionMode === 'Indexed' && completions === parallelism;
  const resumes = hasCondition(before, 'Suspended') && hasCondition(status, 'Suspended', 'False');
  return [
    ...TERMINAL_CONDITIONS.flatMap((type) =>
      was(type) && !is(type) ? [conditionsError(`cannot disable the terminal ${type}=True condition`)] : [],
    ),
    ...checkNotLess('failed', change),
    ...(mayShrink ? [] : checkNotLess('succeeded', change)),
    ...(changes('completionTime') &&
    status.completionTime !== undefined &&
    before.completionTime !== undefined
      ? [invalidValue('status.completionTime', status.completionTime, 'completionTime cannot be mutated')]
      : []),
    ...(changes('startTime') && before.startTime !== undefined && !resumes && suspend !== true
      ? [requiredValue('status.startTime', 'startTime cannot be removed for unsuspended job')]
      : []),
    ...(was('SuccessCriteriaMet') && !is('SuccessCriteriaMet')
      ? [conditionsError('cannot disable the SuccessCriteriaMet=True condition')]
      : []),
    ...(was('Complete') && !was('SuccessCriteriaMet') && is('SuccessCriteriaMet')
      ? [conditionsError('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions')]
      : []),
  ];
}

function checkNotLess(count: 'failed' | 'succeeded', { status, before }: StatusChange): FieldError[] {
  const value = status[count] ?? 0;
  return value < (before[count] ?? 0)
    ? [invalidValue(`status.${count}`, value, `cannot decrease the ${count} counter`)]
    : [];
}
