import { type KubeObject, objectKey } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { LabelMatcher } from '#api/selector.ts';
import type { ViewIndex } from '#client/view.ts';
import type { Lookup } from '#reconcile/controller.ts';

/** Objects of a kind by namespace and label, so that a selector need not go through all of them. */
export type LabelIndex<T extends KubeObject> = ViewIndex<T, Map<string, Map<string, T>>>;

const indexes = new WeakMap<object, unknown>();

/** The index of a kind: always the same one, so that all who ask share what their view keeps for it. */
export function labelIndex<T extends KubeObject>(type: ResourceType<T>): LabelIndex<T> {
  const known = indexes.get(type);
  if (known !== undefined) return known as LabelIndex<T>;
  const index: LabelIndex<T> = {
    type,
    create: () => new Map(),
    take: (state, { object, previous }) => {
      if (previous !== undefined)
        for (const pair of pairsOf(previous)) remove(state, pair, objectKey(previous));
      if (object !== undefined) for (const pair of pairsOf(object)) add(state, pair, object);
    },
  };
  indexes.set(type, index);
  return index;
}

/**
 * The objects of a namespace that a selector matches, in no particular order. Costs as many steps as the rarest label
 * that the selector asks for has objects; a selector without an exact label goes through the whole namespace.
 */
export function selectObjects<T extends KubeObject>(
  lookup: Lookup,
  index: LabelIndex<T>,
  { namespace, matcher }: { namespace: string; matcher: LabelMatcher },
): T[] {
  const exact = matcher.requirements.filter(({ operator }) => operator === '=' || operator === '==');
  if (exact.length === 0)
    return lookup.list(index.type, { namespace }).filter(({ metadata }) => matcher.matches(metadata.labels));
  const state = lookup.index(index);
  const groups = exact.map(({ key, values }) =>
    state.get(pairOf(namespace, { key, value: values[0] ?? '' })),
  );
  const sized = groups.toSorted((a, b) => (a?.size ?? 0) - (b?.size ?? 0));
  const candidates = [...(sized[0]?.values() ?? [])];
  return candidates.filter(({ metadata }) => matcher.matches(metadata.labels));
}

function pairsOf({ metadata }: KubeObject): string[] {
  return Object.entries(metadata.labels ?? {}).map(([key, value]) =>
    pairOf(metadata.namespace ?? '', { key, value }),
  );
}

/** No part of it may hold a newline. */
function pairOf(namespace: string, { key, value }: { key: string; value: string }): string {
  return `${namespace}\n${key}\n${value}`;
}

function add<T extends KubeObject>(state: Map<string, Map<string, T>>, pair: string, object: T): void {
  const group = state.get(pair);
  if (group === undefined) state.set(pair, new Map([[objectKey(object), object]]));
  else group.set(objectKey(object), object);
}

function remove<T extends KubeObject>(state: Map<string, Map<string, T>>, pair: string, key: string): void {
  const group = state.get(pair);
  group?.delete(key);
  if (group?.size === 0) state.delete(pair);
}
