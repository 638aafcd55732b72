import { timestamp } from '#system/clock.ts';

/** What the conditions of the workload kinds have in common. */
interface AnyCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export function findCondition<C extends AnyCondition>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/**
 * The conditions with `wanted` among them. Where its type has that status, reason and message already, nothing changes;
 * `lastTransitionTime` moves with the status only. Others keep their place; a new one comes last.
 */
export function withCondition<C extends AnyCondition>(
  conditions: readonly C[] | undefined,
  wanted: Omit<C, 'lastTransitionTime'>,
  nowMs: number,
): C[] {
  const list = conditions ?? [];
  const old = findCondition(list, wanted.type);
  if (old?.status === wanted.status && old.reason === wanted.reason && old.message === wanted.message)
    return [...list];
  const at = old?.status === wanted.status ? old.lastTransitionTime : undefined;
  const next = { ...wanted, lastTransitionTime: at ?? timestamp(nowMs) } as C;
  return old === undefined
    ? [...list, next]
    : list.map((condition) => (condition === old ? next : condition));
}

/** The conditions without that type; undefined where none are left, as the API writes an empty list. */
export function withoutCondition<C extends AnyCondition>(
  conditions: readonly C[] | undefined,
  type: string,
): C[] | undefined {
  const rest = (conditions ?? []).filter((condition) => condition.type !== type);
  return rest.length === 0 ? undefined : rest;
}
