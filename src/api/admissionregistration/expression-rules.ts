/** What is wrong with the expressions of webhooks and policies: with their names, and with what they say. */

import { faultsOf, type PolicyExpression } from '#api/admissionregistration/policy-programs.ts';
import type { MatchCondition, Variable } from '#api/admissionregistration/rule.ts';

import { checkRequiredName } from '#api/field-checks.ts';
import { duplicateValue, invalidValue, requiredValue, tooMany } from '#api/field-errors.ts';
import { isIdentifier, qualifiedNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** The most match conditions of a webhook or policy; more are refused. */
const MATCH_CONDITIONS_MAX = 64;

/** An expression: present, and sound; `compiled` is absent where it was accepted before. */
export function checkExpression(
  field: string,
  expression: string,
  { compiled, missing = '' }: { compiled: PolicyExpression | undefined; missing?: string },
): FieldError[] {
  return expression.trim() === '' ? [requiredValue(field, missing)] : faultsOf(compiled);
}

/** Conditions, each with a name of its own. */
export function validateMatchConditions(
  field: string,
  conditions: readonly MatchCondition[] = [],
  compiled: readonly PolicyExpression[] = [],
): FieldError[] {
  const names = conditions.map(({ name }) => name);
  return [
    ...(conditions.length > MATCH_CONDITIONS_MAX
      ? [tooMany(field, { found: conditions.length, max: MATCH_CONDITIONS_MAX })]
      : []),
    ...conditions.flatMap(({ name, expression }, index) => [
      ...checkExpression(`${field}[${index}].expression`, expression, { compiled: compiled[index] }),
      ...checkRequiredName(`${field}[${index}].name`, name, qualifiedNameErrors),
      ...(name !== '' && names.indexOf(name) < index
        ? [duplicateValue(`${field}[${index}].name`, name)]
        : []),
    ]),
  ];
}

/** Variables, which later expressions know by name. */
export function validateVariables(
  field: string,
  variables: readonly Variable[] = [],
  compiled: readonly PolicyExpression[] = [],
): FieldError[] {
  return variables.flatMap(({ name, expression }, index) => [
    ...checkVariableName(`${field}[${index}].name`, name),
    ...checkExpression(`${field}[${index}].expression`, expression, {
      compiled: compiled[index],
      missing: 'expression is not specified',
    }),
  ]);
}

function checkVariableName(field: string, name: string): FieldError[] {
  if (name.trim() === '') return [requiredValue(field, 'name is not specified')];
  return isIdentifier(name) ? [] : [invalidValue(field, name, 'name is not a valid CEL identifier')];
}
