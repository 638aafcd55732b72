import type { DaemonSet } from '#api/apps/daemon-set.ts';
import type { Deployment } from '#api/apps/deployment.ts';
import type { StatefulSet } from '#api/apps/stateful-set.ts';
import type { Job } from '#api/batch/job.ts';
import type { Pod } from '#api/core/pod.ts';
import type { ApplicationInstancePhase, InstanceResource } from '#api/fleet/application-instance.ts';
import type { KubeObject } from '#api/object.ts';
import { podTrouble } from '#fleet/pod-trouble.ts';

/** One object of an application, as it stands at the site. */
export type ResourceHealth = InstanceResource;

type Health = Pick<InstanceResource, 'health' | 'message' | 'desired' | 'ready'>;

/**
 * How an object fares, from its own status: what `kubectl rollout status` and kstatus look at. What keeps its pods from
 * running (`pods` are those of its namespace) is the better message where there is such a thing.
 */
export function resourceHealth(
  manifest: KubeObject,
  live: KubeObject | undefined,
  pods: readonly Pod[],
): ResourceHealth {
  const { apiVersion, kind, metadata } = manifest;
  const identity = { apiVersion, kind, name: metadata.name };
  if (live === undefined) return { ...identity, health: 'Missing' };
  if (live.metadata.deletionTimestamp !== undefined)
    return { ...identity, health: 'Progressing', message: 'is being deleted' };
  const health = healthByKind(kind, live);
  const trouble = health.health === 'Healthy' ? undefined : podTrouble(live, pods);
  return { ...identity, ...health, ...(trouble === undefined ? {} : { message: trouble }) };
}

function healthByKind(kind: string, live: KubeObject): Health {
  switch (kind) {
    case 'Deployment':
      return deploymentHealth(live as Deployment);
    case 'StatefulSet':
      return statefulSetHealth(live as StatefulSet);
    case 'DaemonSet':
      return daemonSetHealth(live as DaemonSet);
    case 'Job':
      return jobHealth(live as Job);
    case 'Pod':
      return podHealth(live as Pod);
    default:
      return { health: 'Healthy' };
  }
}

function replicas({
  desired,
  ready,
  updated,
  observed,
}: {
  desired: number;
  ready: number;
  updated: number;
  observed: boolean;
}): Health {
  const isDone = observed && ready >= desired && updated >= desired;
  return {
    health: isDone ? 'Healthy' : 'Progressing',
    desired,
    ready,
    ...(isDone ? {} : { message: `${ready} of ${desired} are ready, ${updated} are up to date` }),
  };
}

function isObserved(object: KubeObject & { status?: { observedGeneration?: number } }): boolean {
  return (object.status?.observedGeneration ?? 0) >= (object.metadata.generation ?? 1);
}

function deploymentHealth(deployment: Deployment): Health {
  const { spec, status } = deployment;
  const progressing = status?.conditions?.find((condition) => condition.type === 'Progressing');
  const desired = spec.replicas ?? 1;
  const ready = status?.availableReplicas ?? 0;
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    return {
      health: 'Degraded',
      desired,
      ready,
      message: progressing.message ?? 'the rollout does not advance',
    };
  }
  return replicas({
    desired,
    ready,
    updated: status?.updatedReplicas ?? 0,
    observed: isObserved(deployment),
  });
}

function statefulSetHealth(set: StatefulSet): Health {
  const { status } = set;
  const desired = set.spec.replicas ?? 1;
  return replicas({
    desired,
    ready: status?.readyReplicas ?? 0,
    updated: status?.updatedReplicas ?? 0,
    observed: isObserved(set),
  });
}

function daemonSetHealth(set: DaemonSet): Health {
  const { status } = set;
  const desired = status?.desiredNumberScheduled ?? 0;
  return replicas({
    desired,
    ready: status?.numberReady ?? 0,
    updated: status?.updatedNumberScheduled ?? 0,
    observed: isObserved(set),
  });
}

function jobHealth(job: Job): Health {
  const failed = job.status?.conditions?.find(
    (condition) => condition.type === 'Failed' && condition.status === 'True',
  );
  return failed === undefined
    ? { health: 'Healthy' }
    : { health: 'Degraded', message: failed.message ?? 'the job failed' };
}

function podHealth(pod: Pod): Health {
  if (pod.status?.phase === 'Failed')
    return { health: 'Degraded', message: pod.status.message ?? 'the pod failed' };
  const isReady =
    pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ===
    true;
  return isReady || pod.status?.phase === 'Succeeded'
    ? { health: 'Healthy' }
    : { health: 'Progressing', message: 'the pod is not ready' };
}

/** The worst of an application's objects is what the application is. */
export function summarise(resources: readonly ResourceHealth[]): {
  phase: ApplicationInstancePhase;
  reason: string;
  message?: string;
} {
  const worst =
    resources.find((resource) => resource.health === 'Degraded') ??
    resources.find((resource) => resource.health === 'Missing') ??
    resources.find((resource) => resource.health === 'Progressing');
  if (worst === undefined) return { phase: 'Running', reason: 'AllHealthy' };
  const message = `${worst.kind} ${worst.name}: ${worst.message ?? worst.health}`;
  if (worst.health === 'Degraded') return { phase: 'Failed', reason: 'ResourceFailed', message };
  return {
    phase: 'Progressing',
    reason: worst.health === 'Missing' ? 'ResourceMissing' : 'ResourceNotReady',
    message,
  };
}
