import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionStatus,
} from '#api/apiextensions/custom-resource-definition.ts';
import { approvalOf } from '#api/apiextensions/group-approval.ts';
import { equalJson } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { findCondition, withCondition } from '#controllers/condition-list.ts';

type Wanted = Omit<CustomResourceDefinitionCondition, 'lastTransitionTime'>;

/**
 * The status of a definition: the names that no other definition of its group has taken, and whether it is established. Once
 * it is, it stays so. Source: Kubernetes' `naming_controller` and `establishing_controller`.
 */
export function definitionStatus(
  definition: CustomResourceDefinition,
  { others, nowMs }: { readonly others: readonly CustomResourceDefinition[]; readonly nowMs: number },
): CustomResourceDefinitionStatus {
  const { spec, status = {} } = definition;
  const taken = takenNames(others.filter((other) => other.spec.group === spec.group));
  const { names, conflict } = acceptNames(spec.names, status.acceptedNames, taken);
  const isEstablished = findCondition(status.conditions, 'Established')?.status === 'True';
  const wanted: Wanted[] = [
    conflict ?? {
      type: 'NamesAccepted',
      status: 'True',
      reason: 'NoConflicts',
      message: 'no conflicts found',
    },
    ...(isEstablished ? [] : [establishment(conflict)]),
    ...approval(definition),
  ];
  const conditions = wanted.reduce(
    (list, condition) => withCondition(list, condition, nowMs),
    status.conditions ?? [],
  );
  return { ...status, acceptedNames: names, conditions };
}

function establishment(conflict: Wanted | undefined): Wanted {
  return conflict === undefined
    ? {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      }
    : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
}

function approval(definition: CustomResourceDefinition): Wanted[] {
  const found = approvalOf(definition);
  if (found === undefined) return [];
  const type = 'KubernetesAPIApprovalPolicyConformant';
  const reasons = {
    approved: ['True', 'ApprovedAnnotation'],
    bypassed: ['False', 'UnapprovedAnnotation'],
    missing: ['False', 'MissingAnnotation'],
    invalid: ['False', 'InvalidAnnotation'],
  } as const;
  const [status, reason] = reasons[found.state];
  return [{ type, status, reason, message: found.reason }];
}

interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

function takenNames(others: readonly CustomResourceDefinition[]): Taken {
  const accepted = others.flatMap(({ status }) => status?.acceptedNames ?? []);
  return {
    resources: new Set(
      accepted.flatMap(({ plural, singular = '', shortNames = [] }) => [plural, singular, ...shortNames]),
    ),
    kinds: new Set(accepted.flatMap(({ kind, listKind = '' }) => [kind, listKind])),
  };
}

/** Each name by itself: those that are free are taken even where another one is not. */
function acceptNames(
  wanted: CustomResourceDefinitionNames,
  accepted: CustomResourceDefinitionNames | undefined,
  taken: Taken,
): { names: CustomResourceDefinitionNames; conflict: Wanted | undefined } {
  const names: CustomResourceDefinitionNames = { ...(accepted ?? { kind: '', plural: '' }) };
  let conflict: Wanted | undefined;
  const refuse = (reason: string, name: string): void => {
    conflict = { type: 'NamesAccepted', status: 'False', reason, message: `"${name}" is already in use` };
  };
  const take = (
    key: 'plural' | 'singular' | 'kind' | 'listKind',
    used: ReadonlySet<string>,
    reason: string,
  ): void => {
    const name = wanted[key] ?? '';
    if (name !== (accepted?.[key] ?? '') && used.has(name)) refuse(reason, name);
    else names[key] = name;
  };
  take('plural', taken.resources, 'PluralConflict');
  take('singular', taken.resources, 'SingularConflict');
  const clash = (wanted.shortNames ?? []).find(
    (name) => accepted?.shortNames?.includes(name) !== true && taken.resources.has(name),
  );
  if (clash !== undefined) refuse('ShortNamesConflict', clash);
  else setList(names, 'shortNames', wanted.shortNames);
  take('kind', taken.kinds, 'KindConflict');
  take('listKind', taken.kinds, 'ListKindConflict');
  setList(names, 'categories', wanted.categories);
  return {
    names:
      equalJson(names as unknown as Json, accepted as unknown as Json) && accepted !== undefined
        ? accepted
        : names,
    conflict,
  };
}

function setList(
  names: CustomResourceDefinitionNames,
  key: 'shortNames' | 'categories',
  list: string[] | undefined,
): void {
  if (list === undefined) delete names[key];
  else names[key] = list;
}
