/** What RoleBinding and ClusterRoleBinding have in common. */
import { AGE_COLUMN, NAME_COLUMN, textColumn, wide } from '#api/columns.ts';
import { checkName, checkOneOf, checkPresent, checkRequiredName } from '#api/field-checks.ts';
import { invalidValue, unsupportedValue } from '#api/field-errors.ts';
import { equalJson } from '#api/json.ts';
import { pathSegmentErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { Json, KubeObject } from '#api/object.ts';
import type { RoleRef, Subject } from '#api/rbac/role-binding.ts';
import type { Column } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** An object that gives subjects a role. */
export interface Binding extends KubeObject {
  subjects?: Subject[];
  roleRef: RoleRef;
}

/** Defaults of a binding, in place: the groups of the role and of the subjects. */
export function defaultBinding({ subjects = [], roleRef }: Binding): void {
  if (roleRef !== undefined) roleRef.apiGroup ??= RBAC_GROUP;
  for (const subject of subjects) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ??= RBAC_GROUP;
  }
}

/** What is wrong with a binding to a role of one of `roleKinds`. */
export function validateBinding(
  { subjects = [], roleRef }: Binding,
  old: Binding | undefined,
  { roleKinds, namespaced }: { roleKinds: readonly string[]; namespaced: boolean },
): FieldError[] {
  const isSameRole =
    old === undefined || equalJson(roleRef as unknown as Json, old.roleRef as unknown as Json);
  return [
    ...checkOneOf('roleRef.apiGroup', roleRef.apiGroup ?? '', [RBAC_GROUP]),
    ...(roleKinds.includes(roleRef.kind) ? [] : [unsupportedValue('roleRef.kind', roleRef.kind, roleKinds)]),
    ...checkRequiredName('roleRef.name', roleRef.name, pathSegmentErrors),
    ...subjects.flatMap((subject, index) => validateSubject(`subjects[${index}]`, subject, namespaced)),
    ...(isSameRole ? [] : [invalidValue('roleRef', roleRef, 'cannot change roleRef')]),
  ];
}

function validateSubject(
  field: string,
  { kind, name, namespace = '', apiGroup = '' }: Subject,
  namespaced: boolean,
): FieldError[] {
  const errors = checkPresent(`${field}.name`, name);
  switch (kind) {
    case 'ServiceAccount':
      return [
        ...errors,
        ...checkName(`${field}.name`, name || undefined, subdomainNameErrors),
        ...checkOneOf(`${field}.apiGroup`, apiGroup, ['']),
        ...(namespaced ? [] : checkPresent(`${field}.namespace`, namespace)),
      ];
    case 'User':
    case 'Group':
      return [...errors, ...checkOneOf(`${field}.apiGroup`, apiGroup, [RBAC_GROUP])];
    default:
      return [...errors, unsupportedValue(`${field}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  }
}

/** The columns of both kinds. */
export const BINDING_COLUMNS: readonly Column<Binding>[] = [
  NAME_COLUMN,
  textColumn('Role', 'The role that is given.', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  AGE_COLUMN,
  wide(textColumn('Users', 'Users that have it.', (binding) => subjectsOf(binding, 'User'))),
  wide(textColumn('Groups', 'Groups that have it.', (binding) => subjectsOf(binding, 'Group'))),
  wide(
    textColumn('ServiceAccounts', 'Service accounts that have it.', (binding) =>
      subjectsOf(binding, 'ServiceAccount'),
    ),
  ),
];

function subjectsOf({ subjects = [] }: Binding, wanted: string): string {
  return subjects
    .filter(({ kind }) => kind === wanted)
    .map(({ kind, name, namespace = '' }) => (kind === 'ServiceAccount' ? `${namespace}/${name}` : name))
    .join(', ');
}
