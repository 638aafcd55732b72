import type { Pod } from '#api/core/pod.ts';
import type { ResourceQuota, ScopedResourceSelectorRequirement } from '#api/core/resource-quota.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** Whether a quota's scopes take an object in. Scopes are about pods: a quota that has any counts nothing else. */
export function isInScope({ spec }: ResourceQuota, type: ResourceType, object: KubeObject): boolean {
  const scopes: ScopedResourceSelectorRequirement[] = [
    ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec.scopeSelector?.matchExpressions ?? []),
  ];
  if (scopes.length === 0) return true;
  if (type.group !== '' || type.kind !== 'Pod') return false;
  return scopes.every((scope) => matches(scope, object as Pod));
}

function matches({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  const { spec } = pod;
  switch (scopeName) {
    case 'Terminating':
      return (spec.activeDeadlineSeconds ?? -1) >= 0;
    case 'NotTerminating':
      return (spec.activeDeadlineSeconds ?? -1) < 0;
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return matchesClass(operator, values, spec.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod);
    default:
      return false;
  }
}

function matchesClass(operator: string, values: readonly string[], name: string): boolean {
  switch (operator) {
    case 'In':
      return values.includes(name);
    case 'NotIn':
      return !values.includes(name);
    case 'Exists':
      return name !== '';
    case 'DoesNotExist':
      return name === '';
    default:
      return false;
  }
}

/** No container asks for, or is limited to, any computing. */
export function isBestEffort({ spec }: Pod): boolean {
  const isComputing = (name: string): boolean => name === 'cpu' || name === 'memory';
  return [...spec.containers, ...(spec.initContainers ?? []), { resources: spec.resources }].every(
    ({ resources }) =>
      ![...Object.keys(resources?.requests ?? {}), ...Object.keys(resources?.limits ?? {})].some(isComputing),
  );
}

/** Affinity to pods of other namespaces, which may keep others' pods off a host. */
function crossesNamespaces({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  const terms = [podAffinity, podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      ({ podAffinityTerm }) => podAffinityTerm,
    ),
  ]);
  return terms.some(
    ({ namespaces = [], namespaceSelector }) => namespaces.length > 0 || namespaceSelector !== undefined,
  );
}
