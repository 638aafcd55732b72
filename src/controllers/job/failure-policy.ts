import type { Job, PodFailurePolicyRule } from '#api/batch/job.ts';
import type { Pod } from '#api/core/pod.ts';
import type { ContainerStatus } from '#api/core/pod-status.ts';
import { objectKey } from '#api/object.ts';

/** What a Job makes of a pod that failed. */
export interface FailureJudgement {
  readonly action: PodFailurePolicyRule['action'];
  /** Of the rule that matched; empty where none did. */
  readonly message: string;
}

/** The first rule that matches decides; without one the failure counts (Kubernetes docs, "Jobs", "Pod failure policy"). */
export function judgeFailure(job: Job, pod: Pod): FailureJudgement {
  const rules = pod.status?.phase === 'Failed' ? (job.spec.podFailurePolicy?.rules ?? []) : [];
  for (const [index, rule] of rules.entries()) {
    const reason = matchRule(rule, pod);
    if (reason !== undefined)
      return { action: rule.action, message: `${reason} matching ${rule.action} rule at index ${index}` };
  }
  return { action: 'Count', message: '' };
}

/** Why a rule matches; undefined where it does not. */
function matchRule(
  { onExitCodes, onPodConditions = [] }: PodFailurePolicyRule,
  pod: Pod,
): string | undefined {
  if (onExitCodes !== undefined) {
    const { status } = pod;
    const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    const failed = containers.find((container) => matchExitCode(onExitCodes, container));
    if (failed === undefined) return undefined;
    return `Container ${failed.name} for pod ${objectKey(pod)} failed with exit code ${failed.state?.terminated?.exitCode}`;
  }
  const met = onPodConditions.find(({ type, status = 'True' }) =>
    pod.status?.conditions?.some((condition) => condition.type === type && condition.status === status),
  );
  return met === undefined ? undefined : `Pod ${objectKey(pod)} has condition ${met.type}`;
}

function matchExitCode(
  { containerName, operator, values }: NonNullable<PodFailurePolicyRule['onExitCodes']>,
  { name, state }: ContainerStatus,
): boolean {
  const exitCode = state?.terminated?.exitCode;
  if (exitCode === undefined || exitCode === 0) return false;
  if (containerName !== undefined && containerName !== name) return false;
  return values.includes(exitCode) === (operator === 'In');
}
