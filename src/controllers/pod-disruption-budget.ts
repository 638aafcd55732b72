import { deploymentResource } from '#api/apps/deployment.ts';
import { replicaSetResource } from '#api/apps/replica-set.ts';
import { statefulSetResource } from '#api/apps/stateful-set.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { replicationControllerResource } from '#api/core/replication-controller.ts';
import { controllerOf, type KubeObject, objectKey } from '#api/object.ts';
import {
  type PodDisruptionBudget,
  type PodDisruptionBudgetStatus,
  podDisruptionBudgetResource,
} from '#api/policy/pod-disruption-budget.ts';
import type { ResourceType } from '#api/resource.ts';
import { withCondition } from '#controllers/condition-list.ts';
import { resolveIntOrPercent } from '#controllers/int-or-percent.ts';
import { isPodReady, isPodTerminal } from '#controllers/pod-state.ts';
import { matcherOf } from '#controllers/selector-matcher.ts';
import { statusChange } from '#controllers/status-change.ts';
import { type Action, type Controller, type Lookup, read } from '#reconcile/controller.ts';
import { labelIndex, selectObjects } from '#reconcile/label-index.ts';
import { parseTimestamp } from '#system/clock.ts';

/** After this time an eviction that was let through, but whose pod is still there, counts as failed, in milliseconds. */
const EVICTION_TIMEOUT_MS = 2 * 60_000;

/** Kinds with a scale, by which `maxUnavailable` and percentages are reckoned. */
const SCALABLE: readonly ResourceType[] = [
  deploymentResource,
  replicaSetResource,
  statefulSetResource,
  replicationControllerResource,
] as unknown as readonly ResourceType[];

type Scalable = KubeObject & { readonly spec: { readonly replicas?: number } };

/**
 * Says in the status of a PodDisruptionBudget how many of its pods are healthy, how many have to be, and how many may be
 * evicted now (Kubernetes docs, "Specifying a Disruption Budget").
 */
export const podDisruptionBudgetController: Controller<PodDisruptionBudget> = {
  name: 'disruption-controller',
  for: podDisruptionBudgetResource,
  reads: [
    read(podResource, (pod, lookup) => budgetsOf(pod, lookup)),
    ...SCALABLE.map((type) =>
      read(type, ({ metadata }, lookup) =>
        lookup.list(podDisruptionBudgetResource, { namespace: metadata.namespace }).map(objectKey),
      ),
    ),
  ],
  writes: [{ type: podDisruptionBudgetResource, verbs: ['patchStatus'] }],
  plan(snapshot, nowMs) {
    const { object: budget } = snapshot;
    if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return [];
    const pods = podsOf(budget, snapshot);
    const { status, nextMs } = statusOf(budget, { pods, lookup: snapshot, nowMs });
    const why = `${status.currentHealthy} of ${status.expectedPods} pods are healthy, ${status.desiredHealthy} have to be`;
    const requeue: Action[] =
      nextMs === undefined ? [] : [{ type: 'requeue', afterMs: nextMs, why: 'an eviction may fail' }];
    return [...statusChange(podDisruptionBudgetResource, budget, { status, why }), ...requeue];
  },
};

function budgetsOf(pod: Pod, lookup: Lookup): string[] {
  const budgets = lookup.list(podDisruptionBudgetResource, { namespace: pod.metadata.namespace });
  return budgets
    .filter(
      ({ spec }) => spec.selector !== undefined && matcherOf(spec.selector).matches(pod.metadata.labels),
    )
    .map(objectKey);
}

function podsOf({ spec, metadata }: PodDisruptionBudget, lookup: Lookup): Pod[] {
  if (spec.selector === undefined) return [];
  const { namespace = '' } = metadata;
  const matching = selectObjects(lookup, labelIndex(podResource), {
    namespace,
    matcher: matcherOf(spec.selector),
  });
  return matching.filter((pod) => !isPodTerminal(pod));
}

interface Situation {
  readonly pods: readonly Pod[];
  readonly lookup: Lookup;
  readonly nowMs: number;
}

function statusOf(
  budget: PodDisruptionBudget,
  { pods, lookup, nowMs }: Situation,
): { status: PodDisruptionBudgetStatus; nextMs: number | undefined } {
  const { disrupted, nextMs } = pendingEvictions(budget, { pods, nowMs });
  const { expected, desired } = wantedOf(budget, { pods, lookup });
  const healthy = pods.filter(
    (pod) =>
      isPodReady(pod) &&
      pod.metadata.deletionTimestamp === undefined &&
      disrupted[pod.metadata.name] === undefined,
  ).length;
  const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
  const condition = {
    type: 'DisruptionAllowed',
    status: allowed > 0 ? ('True' as const) : ('False' as const),
    reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration: budget.metadata.generation ?? 0,
  };
  const status: PodDisruptionBudgetStatus = {
    conditions: withCondition(budget.status?.conditions, condition, nowMs),
    currentHealthy: healthy,
    desiredHealthy: desired,
    disruptionsAllowed: allowed,
    expectedPods: expected,
    observedGeneration: budget.metadata.generation ?? 0,
    ...(Object.keys(disrupted).length === 0 ? {} : { disruptedPods: disrupted }),
  };
  return { status, nextMs };
}

/** Evictions that were let through and whose pods are not yet seen to be going. */
function pendingEvictions(
  { status }: PodDisruptionBudget,
  { pods, nowMs }: Pick<Situation, 'pods' | 'nowMs'>,
): { disrupted: Record<string, string>; nextMs: number | undefined } {
  const disrupted: Record<string, string> = {};
  let nextMs: number | undefined;
  for (const [name, time] of Object.entries(status?.disruptedPods ?? {})) {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    const leftMs = (parseTimestamp(time) ?? 0) + EVICTION_TIMEOUT_MS - nowMs;
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || leftMs <= 0) continue;
    disrupted[name] = time;
    nextMs = Math.min(nextMs ?? leftMs, leftMs);
  }
  return { disrupted, nextMs };
}

/** How many pods there should be, and how many of them have to be healthy. */
function wantedOf(
  { spec }: PodDisruptionBudget,
  { pods, lookup }: Pick<Situation, 'pods' | 'lookup'>,
): { expected: number; desired: number } {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable !== undefined) {
    const expected = scaleOf(pods, lookup);
    const unavailable = resolveIntOrPercent(maxUnavailable, { total: expected, round: 'up' });
    return { expected, desired: Math.max(0, expected - unavailable) };
  }
  if (typeof minAvailable === 'number') return { expected: pods.length, desired: minAvailable };
  const expected = scaleOf(pods, lookup);
  return { expected, desired: resolveIntOrPercent(minAvailable ?? 1, { total: expected, round: 'up' }) };
}

/** What the owners of the pods are scaled to, in all; a pod without such an owner counts as one. */
function scaleOf(pods: readonly Pod[], lookup: Lookup): number {
  const owners = new Map<string, number>();
  let single = 0;
  for (const pod of pods) {
    const owner = scalableOwnerOf(pod, lookup);
    if (owner === undefined) single += 1;
    else owners.set(owner.metadata.uid, owner.spec.replicas ?? 1);
  }
  return [...owners.values()].reduce((sum, replicas) => sum + replicas, single);
}

/** The outermost owner with a scale: a Deployment rather than its ReplicaSet. */
function scalableOwnerOf(object: KubeObject, lookup: Lookup): Scalable | undefined {
  const reference = controllerOf(object);
  const type = SCALABLE.find(({ kind }) => kind === reference?.kind);
  if (reference === undefined || type === undefined) return undefined;
  const owner = lookup.get(type, { namespace: object.metadata.namespace, name: reference.name });
  if (owner === undefined || owner.metadata.uid !== reference.uid) return undefined;
  return scalableOwnerOf(owner, lookup) ?? (owner as Scalable);
}
