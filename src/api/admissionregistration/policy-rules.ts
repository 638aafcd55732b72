/** What validating and mutating admission policies have in common. */
import type { MatchResources, ParamKind, ParamRef } from '#api/admissionregistration/rule.ts';
import { validateNamedRule } from '#api/admissionregistration/rule-validation.ts';
import { checkJoined, checkLabelSelector, checkName, checkOneOf, checkPresent } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { pathSegmentErrors, serviceNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
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

/** What is wrong with what a policy (`required`) or a binding matches. */
export function validateMatch(
  field: string,
  match: MatchResources | undefined,
  { required }: { required: boolean },
): FieldError[] {
  if (match === undefined) return required ? [requiredValue(field)] : [];
  const { resourceRules = [], excludeResourceRules = [] } = match;
  return [
    ...checkOneOf(`${field}.matchPolicy`, match.matchPolicy, ['Equivalent', 'Exact']),
    ...checkLabelSelector(`${field}.namespaceSelector`, match.namespaceSelector),
    ...checkLabelSelector(`${field}.objectSelector`, match.objectSelector),
    ...resourceRules.flatMap((rule, index) => validateNamedRule(`${field}.resourceRules[${index}]`, rule)),
    ...excludeResourceRules.flatMap((rule, index) =>
      validateNamedRule(`${field}.excludeResourceRules[${index}]`, rule),
    ),
    ...(required ? checkPresent(`${field}.resourceRules`, resourceRules) : []),
  ];
}

/** What is wrong with the kind of a policy's parameters. */
export function validateParamKind(field: string, paramKind: ParamKind | undefined): FieldError[] {
  if (paramKind === undefined) return [];
  const { apiVersion = '', kind = '' } = paramKind;
  const faults = serviceNameErrors(kind.toLowerCase());
  const detail = `may have mixed case, but should otherwise match: ${faults.join(',')}`;
  return [
    ...(apiVersion === ''
      ? [requiredValue(`${field}.apiVersion`)]
      : checkVersion(`${field}.apiVersion`, apiVersion)),
    ...(kind === '' ? [requiredValue(`${field}.kind`)] : []),
    ...(kind !== '' && faults.length > 0 ? [invalidValue(`${field}.kind`, kind, detail)] : []),
  ];
}

/** `v1`, `apps/v1`. */
function checkVersion(field: string, apiVersion: string): FieldError[] {
  const parts = apiVersion === '/' ? [''] : apiVersion.split('/');
  if (parts.length > 2)
    return [invalidValue(field, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)];
  const version = parts.at(-1) ?? '';
  const group = parts.length === 2 ? (parts[0] ?? '') : '';
  return [
    ...(group === '' ? [] : checkJoined(field, group, subdomainNameErrors)),
    ...(version === ''
      ? [invalidValue(field, apiVersion, 'version must be specified')]
      : checkJoined(field, version, serviceNameErrors)),
  ];
}

const NAME_OR_SELECTOR = 'name and selector are mutually exclusive';

/** What is wrong with which parameters a binding gives. */
export function validateParamRef(field: string, paramRef: ParamRef | undefined): FieldError[] {
  if (paramRef === undefined) return [];
  const { name = '', selector, parameterNotFoundAction: action = '' } = paramRef;
  const isBoth = name !== '' && selector !== undefined;
  const isNeither = name === '' && selector === undefined;
  return [
    ...(name === '' ? [] : checkName(`${field}.name`, name, pathSegmentErrors)),
    ...(isBoth ? [forbiddenField(`${field}.name`, NAME_OR_SELECTOR)] : []),
    ...checkLabelSelector(`${field}.selector`, selector),
    ...(isBoth ? [forbiddenField(`${field}.selector`, NAME_OR_SELECTOR)] : []),
    ...(isNeither ? [requiredValue(field, 'one of name or selector must be specified')] : []),
    ...(action === ''
      ? [requiredValue(`${field}.parameterNotFoundAction`)]
      : checkOneOf(`${field}.parameterNotFoundAction`, action, ['Deny', 'Allow'])),
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
