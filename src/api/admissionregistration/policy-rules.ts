/** What validating and mutating admission policies have in common. */
import type { MatchResources, ParamKind, ParamRef } from '#api/admissionregistration/rule.ts';
import { validateRule } from '#api/admissionregistration/webhook-rules.ts';
import { checkLabelSelector, checkOneOf, checkPresent } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';

/** Defaults of what a policy or a binding matches, in place. */
export function defaultMatch(match: MatchResources | undefined): void {
  if (match === undefined) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])])
    rule.scope ??= '*';
}

/** What is wrong with what a policy or a binding matches; a policy must match something. */
export function validateMatch(
  field: string,
  match: MatchResources | undefined,
  { required }: { required: boolean },
): FieldError[] {
  if (match === undefined) return required ? [requiredValue(field)] : [];
  const { resourceRules = [], excludeResourceRules = [] } = match;
  return [
    ...(required ? checkPresent(`${field}.resourceRules`, resourceRules) : []),
    ...checkOneOf(`${field}.matchPolicy`, match.matchPolicy, ['Equivalent', 'Exact']),
    ...checkLabelSelector(`${field}.namespaceSelector`, match.namespaceSelector),
    ...checkLabelSelector(`${field}.objectSelector`, match.objectSelector),
    ...resourceRules.flatMap((rule, index) => validateRule(`${field}.resourceRules[${index}]`, rule)),
    ...excludeResourceRules.flatMap((rule, index) =>
      validateRule(`${field}.excludeResourceRules[${index}]`, rule),
    ),
  ];
}

/** What is wrong with the kind of a policy's parameters. */
export function validateParamKind(field: string, paramKind: ParamKind | undefined): FieldError[] {
  if (paramKind === undefined) return [];
  return [
    ...checkPresent(`${field}.apiVersion`, paramKind.apiVersion),
    ...checkPresent(`${field}.kind`, paramKind.kind),
  ];
}

/** What is wrong with the parameters that a binding names. */
export function validateParamRef(field: string, paramRef: ParamRef | undefined): FieldError[] {
  if (paramRef === undefined) return [];
  const { name = '', selector } = paramRef;
  return [
    ...((name === '') === (selector === undefined)
      ? [invalidValue(field, paramRef, 'exactly one of name or selector must be set')]
      : []),
    ...checkLabelSelector(`${field}.selector`, selector),
    ...checkPresent(`${field}.parameterNotFoundAction`, paramRef.parameterNotFoundAction),
    ...checkOneOf(`${field}.parameterNotFoundAction`, paramRef.parameterNotFoundAction, ['Allow', 'Deny']),
  ];
}

/** The kind of a policy's parameters, as kubectl prints it. */
export function formatParamKind(paramKind: ParamKind | undefined): string {
  return paramKind === undefined ? '<unset>' : `${paramKind.apiVersion ?? ''}/${paramKind.kind ?? ''}`;
}

/** The parameters of a binding, as kubectl prints them. */
export function formatParamRef(paramRef: ParamRef | undefined): string {
  if (paramRef === undefined) return '<unset>';
  const { namespace = '', name = '' } = paramRef;
  return namespace === '' ? name || '*' : `${namespace}/${name || '*'}`;
}
