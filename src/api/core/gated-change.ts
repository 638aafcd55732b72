import type { Affinity, NodeAffinity, NodeSelectorTerm } from '#api/core/affinity.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { invalidValue } from '#api/field-errors.ts';
import { equalJson } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

/**
 * What a pod that waits at a gate may change beside what others may: it can be narrowed down to fewer nodes. `masked` is that as it
 * was. Source: Kubernetes' KEP-3838.
 */
export function gatedChange(
  spec: PodSpec,
  old: PodSpec,
): { readonly errors: FieldError[]; readonly masked: Partial<PodSpec> } {
  if ((old.schedulingGates ?? []).length === 0) return { errors: [], masked: {} };
  const masked = { nodeSelector: old.nodeSelector, affinity: maskedAffinity(spec.affinity, old.affinity) };
  return {
    errors: [
      ...validateSelector(spec.nodeSelector ?? {}, old.nodeSelector ?? {}),
      ...validateTerms(spec.affinity?.nodeAffinity, old.affinity?.nodeAffinity),
    ],
    masked: masked as Partial<PodSpec>,
  };
}

/** The affinity with the nodes as they were. */
function maskedAffinity(affinity: Affinity | undefined, old: Affinity | undefined): Affinity | undefined {
  const nodeAffinity = old?.nodeAffinity;
  const { nodeAffinity: _, ...others } = affinity ?? {};
  const isNone = Object.keys(others).length === 0 && nodeAffinity === undefined;
  if (isNone) return affinity === undefined || old === undefined ? old : {};
  return nodeAffinity === undefined ? others : { ...others, nodeAffinity };
}

function validateSelector(
  selector: Readonly<Record<string, string>>,
  old: Readonly<Record<string, string>>,
): FieldError[] {
  const isKept = Object.entries(old).every(([key, value]) => selector[key] === value);
  const detail = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
  return isKept ? [] : [invalidValue('spec.nodeSelector', selector, detail)];
}

function validateTerms(affinity: NodeAffinity | undefined, old: NodeAffinity | undefined): FieldError[] {
  const oldTerms = old?.[REQUIRED]?.nodeSelectorTerms ?? [];
  if (oldTerms.length === 0 || affinity === old) return [];
  const field = `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`;
  const terms = affinity?.[REQUIRED]?.nodeSelectorTerms ?? [];
  if (terms.length !== oldTerms.length) {
    const counted = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    return [invalidValue(field, terms, counted)];
  }
  return terms.flatMap((term, index) => {
    const oldTerm = oldTerms[index];
    return oldTerm === undefined || isNarrowed(term, oldTerm)
      ? []
      : [invalidValue(`${field}[${index}]`, term, 'only additions are allowed (no mutations or deletions)')];
  });
}

/** Whether a term still asks for all that it asked for. One that asked for nothing selects nothing, and cannot be narrowed. */
function isNarrowed(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const;
  const hadNone = lists.every((list) => (old[list] ?? []).length === 0);
  if (hadNone) return lists.every((list) => (term[list] ?? []).length === 0);
  return lists.every((list) => {
    const before = old[list] ?? [];
    return equalJson(
      (term[list] ?? []).slice(0, before.length) as unknown as Json,
      before as unknown as Json,
    );
  });
}
