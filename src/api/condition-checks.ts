import { checkName, checkOneOf, checkRequiredName } from '#api/field-checks.ts';
import { duplicateValue, invalidValue, requiredValue, tooLong } from '#api/field-errors.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import type { Condition } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

/** The longest reason and message of a condition, in bytes; a longer one is refused. */
const REASON_BYTES_MAX = 1024;
const MESSAGE_BYTES_MAX = 32 * 1024;

const REASON_PATTERN = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const REASON = new RegExp(`^${REASON_PATTERN}$`);

/** What is wrong with a list of `metav1.Condition`. Source: apimachinery `ValidateConditions`. */
export function checkConditions(field: string, conditions: readonly Condition[] = []): FieldError[] {
  const types = conditions.map(({ type }) => type);
  return conditions.flatMap((condition, index) => [
    ...(types.indexOf(condition.type) < index
      ? [duplicateValue(`${field}[${index}].type`, condition.type)]
      : []),
    ...checkCondition(`${field}[${index}]`, condition),
  ]);
}

function checkCondition(field: string, condition: Partial<Condition>): FieldError[] {
  const {
    type,
    status = '',
    lastTransitionTime,
    reason = '',
    message = '',
    observedGeneration = 0,
  } = condition;
  return [
    ...checkName(`${field}.type`, type ?? '', qualifiedNameErrors),
    ...checkOneOf(`${field}.status`, status, ['False', 'True', 'Unknown']),
    ...(observedGeneration < 0
      ? [
          invalidValue(
            `${field}.observedGeneration`,
            observedGeneration,
            'must be greater than or equal to zero',
          ),
        ]
      : []),
    ...(lastTransitionTime === undefined
      ? [requiredValue(`${field}.lastTransitionTime`, 'must be set')]
      : []),
    ...checkRequiredName(`${field}.reason`, reason, reasonErrors, 'must be set'),
    ...(reason.length > REASON_BYTES_MAX ? [tooLong(`${field}.reason`, REASON_BYTES_MAX)] : []),
    ...(message.length > MESSAGE_BYTES_MAX ? [tooLong(`${field}.message`, MESSAGE_BYTES_MAX)] : []),
  ];
}

function reasonErrors(reason: string): string[] {
  return REASON.test(reason)
    ? []
    : [
        `a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '${REASON_PATTERN}')`,
      ];
}
