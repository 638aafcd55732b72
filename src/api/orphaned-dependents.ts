import type { DeleteOptions } from '#api/meta/delete-options.ts';
import { type ResourceType, resourceName } from '#api/resource.ts';

/** Kinds that leave behind what they own where nobody says otherwise: they are older than garbage collection. */
const LEAVES_BEHIND: ReadonlySet<string> = new Set(['jobs.batch', 'replicationcontrollers']);

/** Whether a deletion leaves dependents behind only because it does not say what shall become of them. */
export function orphansByDefault(type: ResourceType, options: DeleteOptions): boolean {
  const { propagationPolicy, orphanDependents } = options;
  return (
    propagationPolicy === undefined && orphanDependents === undefined && LEAVES_BEHIND.has(resourceName(type))
  );
}

/** What is said to who deletes a job so. */
export function orphanWarnings(type: ResourceType, options: DeleteOptions): string[] {
  return type.plural === 'jobs' && orphansByDefault(type, options)
    ? [
        'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
      ]
    : [];
}
