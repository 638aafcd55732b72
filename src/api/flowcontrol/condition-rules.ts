import { checkFirst } from '#api/field-checks.ts';
import { requiredValue } from '#api/field-errors.ts';
import type { Condition } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

/** What is wrong with the conditions of a flow schema or a priority level: each has a type of its own. */
export function checkFlowConditions(conditions: readonly Partial<Condition>[] = []): FieldError[] {
  const types = conditions.map(({ type = '' }) => type);
  return types.flatMap((type, index) => {
    const field = `status.conditions[${index}].type`;
    return [
      ...checkFirst(field, types, index),
      ...(type === '' ? [requiredValue(field, 'must not be empty')] : []),
    ];
  });
}
