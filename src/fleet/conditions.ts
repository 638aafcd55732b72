import type { Condition, KubeObject } from '#api/object.ts';
import { timestamp } from '#system/clock.ts';

type Conditioned = KubeObject & { status?: { conditions?: Condition[] } };

/**
 * The whole list of conditions with one of them set, or undefined where that changes nothing. `lastTransitionTime` moves
 * only with the status (Kubernetes API conventions).
 */
export function conditionPatch(
  object: Conditioned,
  next: Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>,
  nowMs: number,
): Condition[] | undefined {
  const known = object.status?.conditions ?? [];
  const merged = withCondition(known, next, { nowMs, observedGeneration: object.metadata.generation });
  return merged === known ? undefined : merged;
}

/** As {@link conditionPatch}, on a list; the same list where nothing changes. */
export function withCondition(
  known: readonly Condition[],
  next: Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>,
  { nowMs, observedGeneration }: { nowMs: number; observedGeneration: number | undefined },
): Condition[] {
  const old = known.find((condition) => condition.type === next.type);
  const isSame =
    old?.status === next.status &&
    old.reason === next.reason &&
    old.message === next.message &&
    old.observedGeneration === observedGeneration;
  if (isSame) return known as Condition[];
  const lastTransitionTime = old?.status === next.status ? old.lastTransitionTime : timestamp(nowMs);
  const condition = {
    ...next,
    lastTransitionTime,
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
  };
  return [...known.filter(({ type }) => type !== next.type), condition].toSorted((a, b) =>
    a.type < b.type ? -1 : 1,
  );
}
