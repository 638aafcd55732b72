import type { Pod } from '#api/core/pod.ts';
import type { KubeObject } from '#api/object.ts';
import {
  type PodDisruptionBudget,
  type PodDisruptionBudgetStatus,
  podDisruptionBudgetResource,
} from '#api/policy/pod-disruption-budget.ts';
import { compileLabelSelector } from '#api/selector.ts';
import { forbidden, StatusError } from '#api/status.ts';
import type { RestContext, WriteRequest } from '#apiserver/rest-context.ts';
import { updateObject } from '#apiserver/rest-update.ts';
import { decodeObject, listPrefix } from '#apiserver/stored-object.ts';
import { timestamp } from '#system/clock.ts';

/** Evictions that a budget remembers until its pods are seen to be going; at it no further one is let through. */
const DISRUPTED_PODS_MAX = 2000;
/** When to ask again, in seconds, where the budget's status is not up to its spec. */
const RETRY_SECONDS = 10;

const REFUSAL = "Cannot evict pod as it would violate the pod's disruption budget.";

type Budgeted = PodDisruptionBudget & { status?: PodDisruptionBudgetStatus };

/**
 * Takes one disruption from the budget that covers a pod, where there is one, before the pod is deleted. Throws 429 where the
 * budget has none left, 500 where several budgets cover the pod (Kubernetes docs, "API-initiated Eviction").
 */
export async function chargeEviction(
  context: RestContext,
  { pod, write }: { pod: Pod; write: WriteRequest },
): Promise<void> {
  if (isGoingAnyway(pod)) return;
  const [budget, other] = await budgetsOf(context, pod);
  if (budget === undefined) return;
  if (other !== undefined) {
    throw new StatusError(
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  if (!isReady(pod) && letsUnhealthyGo(budget)) return;
  await updateObject(context, podDisruptionBudgetResource, {
    ...write,
    namespace: budget.metadata.namespace,
    name: budget.metadata.name,
    subresource: 'status',
    change: (current) => charged(current, pod, timestamp(context.clock.now())),
  });
}

/** What has ended, has not begun or is on its way out disturbs nobody. */
function isGoingAnyway({ status, metadata }: Pod): boolean {
  return (
    metadata.deletionTimestamp !== undefined ||
    ['Succeeded', 'Failed', 'Pending'].includes(status?.phase ?? 'Pending')
  );
}

async function budgetsOf({ store }: RestContext, pod: Pod): Promise<Budgeted[]> {
  const { entries } = await store.list(listPrefix(podDisruptionBudgetResource, pod.metadata.namespace));
  return entries
    .map(({ value }) => decodeObject<Budgeted>(value))
    .filter(({ spec }) => compileLabelSelector(spec.selector).matches(pod.metadata.labels));
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
}

/** A pod that is not ready may go where the budget says so, or where enough others are healthy. */
function letsUnhealthyGo({ spec, status }: Budgeted): boolean {
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

function charged(current: KubeObject, pod: Pod, now: string): KubeObject {
  const budget = current as Budgeted;
  const { metadata, status = {} } = budget;
  const { disruptionsAllowed = 0, disruptedPods = {}, desiredHealthy = 0, currentHealthy = 0 } = status;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw tooMany(
      `The disruption budget ${metadata.name} is still being processed by the server.`,
      RETRY_SECONDS,
    );
  if (disruptionsAllowed <= 0)
    throw tooMany(
      `The disruption budget ${metadata.name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    );
  if (Object.keys(disruptedPods).length > DISRUPTED_PODS_MAX) {
    throw forbidden(
      { resource: 'poddisruptionbudgets', group: 'policy', name: metadata.name },
      'DisruptedPods map too big - too many evictions not confirmed by PDB controller',
    );
  }
  const left = disruptionsAllowed - 1;
  const conditions = (status.conditions ?? []).map((each) =>
    left === 0 && each.type === 'DisruptionAllowed'
      ? { ...each, status: 'False' as const, reason: 'InsufficientPods', lastTransitionTime: now }
      : each,
  );
  budget.status = {
    ...status,
    conditions,
    disruptionsAllowed: left,
    disruptedPods: { ...disruptedPods, [pod.metadata.name]: now },
  };
  return budget;
}

function tooMany(message: string, retryAfterSeconds?: number): StatusError {
  const causes = [{ reason: 'DisruptionBudget', message }];
  return new StatusError('TooManyRequests', REFUSAL, {
    details: { causes, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) },
  });
}
