/** What {@link orderElements} goes by. */
export interface ElementOrder<T> {
  /** The identity of an element. */
  readonly keyOf: (element: T) => string;
  /** Identities in the order that the patch wants. */
  readonly wanted: readonly string[];
  /** Identities in the order that the live list had. */
  readonly live: readonly string[];
}

/**
 * Puts the elements of a merged list in order: those in `wanted` in its order, the others in live order, and the others
 * go before a wanted element that they preceded in the live list. Source: "Preserve order in strategic merge patch"
 * (Kubernetes design proposals).
 */
export function orderElements<T>(elements: readonly T[], { keyOf, wanted, live }: ElementOrder<T>): T[] {
  const wantedAt = firstIndexes(wanted);
  const liveAt = firstIndexes(live);
  const isWanted = (element: T): boolean => wantedAt.has(keyOf(element));
  const left = sortBy(
    elements.filter((element) => !isWanted(element)),
    (element) => liveAt.get(keyOf(element)),
  );
  const right = sortBy(elements.filter(isWanted), (element) => wantedAt.get(keyOf(element)));
  const ordered: T[] = [];
  let leftNext = 0;
  for (const element of right) {
    const place = liveAt.get(keyOf(element)) ?? -1;
    while (
      leftNext < left.length &&
      (liveAt.get(keyOf(left[leftNext] as T)) ?? Number.POSITIVE_INFINITY) < place
    ) {
      ordered.push(left[leftNext] as T);
      leftNext += 1;
    }
    ordered.push(element);
  }
  return [...ordered, ...left.slice(leftNext)];
}

function firstIndexes(keys: readonly string[]): Map<string, number> {
  const indexes = new Map<string, number>();
  for (const [index, key] of keys.entries()) {
    if (!indexes.has(key)) indexes.set(key, index);
  }
  return indexes;
}

/** Stable; elements without an index come last. */
function sortBy<T>(elements: readonly T[], indexOf: (element: T) => number | undefined): T[] {
  const last = Number.MAX_SAFE_INTEGER;
  return elements.toSorted((a, b) => (indexOf(a) ?? last) - (indexOf(b) ?? last));
}
