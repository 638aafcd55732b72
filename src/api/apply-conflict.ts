import { type FieldSet, pathsOf } from '#api/apply-field-set.ts';
import { formatPath } from '#api/apply-fields-v1.ts';
import type { FieldManager } from '#api/apply-managers.ts';
import { StatusError } from '#api/status.ts';

/** Fields that an apply would change and that another manager owns. */
export interface ApplyConflict {
  readonly manager: FieldManager;
  readonly fields: FieldSet;
}

/** The most causes of one answer; the message counts them all. */
const CAUSES_MAX = 100;

/**
 * 409 with a cause for each field, worded as Kubernetes words it: `Apply failed with 1 conflict: conflict with "kubectl-edit"
 * using apps/v1: .spec.replicas`.
 */
export function conflictError(conflicts: readonly ApplyConflict[]): StatusError {
  const all = conflicts
    .toSorted((a, b) => (a.manager.manager < b.manager.manager ? -1 : 1))
    .flatMap(({ manager, fields }) =>
      pathsOf(fields).map((path) => ({ who: describeManager(manager), field: formatPath(path) })),
    );
  const causes = all.slice(0, CAUSES_MAX).map(({ who, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${who}`,
    field,
  }));
  return new StatusError('Conflict', messageOf(all), { details: { causes } });
}

function messageOf(conflicts: readonly { who: string; field: string }[]): string {
  const [only] = conflicts;
  if (only !== undefined && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${only.who}: ${only.field}`;
  }
  const managers = Map.groupBy(conflicts.slice(0, CAUSES_MAX), ({ who }) => who);
  const lines = [...managers].flatMap(([who, fields]) => [
    `conflicts with ${who}:`,
    ...fields.map(({ field }) => `- ${field}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function describeManager({ manager, operation, apiVersion, subresource }: FieldManager): string {
  const name =
    JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
