/**
 * Why nothing could be placed, in the words that `kubectl describe pod` users know:
 * `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` A host counts once for each of its reasons.
 */
export function unplaceableMessage(failures: ReadonlyMap<string, readonly string[]>): string {
  if (failures.size === 0) return 'no nodes available to schedule pods';
  const counts = new Map<string, number>();
  for (const reasons of failures.values())
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).toSorted();
  return `0/${failures.size} nodes are available: ${parts.join(', ')}.`;
}
