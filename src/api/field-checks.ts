/** Checks of one value each, returning what is wrong with it. An absent value is valid: presence is another check. */

import {
  duplicateValue,
  immutableField,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from '#api/field-errors.ts';
import { equalJson } from '#api/json.ts';
import { labelKeyErrors, labelValueErrors, subdomainErrors } from '#api/label-syntax.ts';
import type { NameRule } from '#api/name-syntax.ts';
import { labelNameErrors, portNameErrors } from '#api/name-syntax.ts';
import type { Json, LabelSelector } from '#api/object.ts';
import { readQuantity } from '#api/quantity.ts';
import { goIntOrString, goSelector } from '#api/shown-values.ts';
import type { FieldError } from '#api/status.ts';

/** The highest port; a higher one is refused. */
const PORT_MAX = 65535;

/** At least 0. */
export function checkNonNegative(field: string, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0
    ? [invalidValue(field, value, 'must be greater than or equal to 0')]
    : [];
}

/** Above 0. */
export function checkPositive(field: string, value: number | undefined): FieldError[] {
  return value !== undefined && value <= 0 ? [invalidValue(field, value, 'must be greater than 0')] : [];
}

/** From `min` to `max`, both included. */
export function checkRange(
  field: string,
  value: number | undefined,
  { min, max }: { min: number; max: number },
): FieldError[] {
  const isOutside = value !== undefined && (value < min || value > max);
  return isOutside ? [invalidValue(field, value, `must be between ${min} and ${max}, inclusive`)] : [];
}

/** A port number. */
export function checkPort(field: string, value: number | undefined): FieldError[] {
  return checkRange(field, value, { min: 1, max: PORT_MAX });
}

/** A port by number or by name. */
export function checkPortOrName(field: string, value: number | string | undefined): FieldError[] {
  return typeof value === 'string' ? checkName(field, value, portNameErrors) : checkPort(field, value);
}

/** One of a closed set. */
export function checkOneOf(
  field: string,
  value: string | undefined,
  supported: readonly string[],
): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [unsupportedValue(field, value, supported)];
}

/** A text that keeps a rule of name-syntax.ts. */
export function checkName(field: string, value: string | undefined, rule: NameRule): FieldError[] {
  return value === undefined ? [] : rule(value).map((detail) => invalidValue(field, value, detail));
}

/** A text that keeps a rule; what is wrong with it is said in one error. */
export function checkJoined(field: string, text: string, rule: NameRule): FieldError[] {
  const faults = rule(text);
  return faults.length === 0 ? [] : [invalidValue(field, text, faults.join(','))];
}

/** A text that keeps a rule, and is not empty; `detail` is what is said of one that is. */
export function checkRequiredName(
  field: string,
  value: string | undefined,
  rule: NameRule,
  detail = '',
): FieldError[] {
  return value === undefined || value === '' ? [requiredValue(field, detail)] : checkName(field, value, rule);
}

/** `example.com/path`: who serves a class. */
export function checkDomainPrefixedPath(field: string, value = ''): FieldError[] {
  if (value === '') return [requiredValue(field)];
  const slash = value.indexOf('/');
  const [host, path] = [value.slice(0, slash), value.slice(slash + 1)];
  if (slash < 1 || path === '')
    return [invalidValue(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const detail = `Invalid path (regex used for validation is '${PATH_PATTERN}')`;
  return [
    ...checkName(field, host, subdomainErrors),
    ...(PATH.test(path) ? [] : [invalidValue(field, path, detail)]),
  ];
}

const PATH_PATTERN = String.raw`[A-Za-z0-9/\-._~%!$&'()*+,;=:]+`;
const PATH = new RegExp(`^${PATH_PATTERN}$`);

/** Present, and not empty. */
export function checkPresent(field: string, value: unknown, detail = ''): FieldError[] {
  const isEmpty = value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  return isEmpty ? [requiredValue(field, detail)] : [];
}

/** A selector, as it was. */
export function checkUnchangedSelector(
  field: string,
  value: LabelSelector | undefined,
  old: LabelSelector | undefined,
): FieldError[] {
  return checkUnchanged(field, value, old).map((error) =>
    value === undefined ? error : { ...error, value: goSelector(value) },
  );
}

/** As it was. */
export function checkUnchanged(field: string, value: unknown, old: unknown): FieldError[] {
  return equalJson(value as Json | undefined, old as Json | undefined) ? [] : [immutableField(field, value)];
}

/** Each value once; `fieldOf` names the place of an item. */
export function checkUnique(values: readonly string[], fieldOf: (index: number) => string): FieldError[] {
  return values.flatMap((value, index) =>
    values.indexOf(value) < index ? [duplicateValue(fieldOf(index), value)] : [],
  );
}

/** A value that is not the same as one before it in the list. */
export function checkFirst<T>(field: string, values: readonly T[], index: number): FieldError[] {
  const value = values[index] as T;
  return values.indexOf(value) < index ? [duplicateValue(field, value)] : [];
}

/** A quantity of at least 0. */
export function checkQuantity(field: string, value: string | undefined): FieldError[] {
  if (value === undefined) return [];
  const quantity = readQuantity(value);
  if (quantity === undefined) return [invalidValue(field, value, 'must be a quantity')];
  return quantity.nanos < 0n ? [invalidValue(field, value, 'must be greater than or equal to 0')] : [];
}

const PERCENTAGE = /^\d+%$/;

/** A count of at least 0, or a percentage. */
export function checkCountOrPercentage(field: string, value: number | string | undefined): FieldError[] {
  if (typeof value !== 'string') return checkNonNegative(field, value);
  const detail =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
  return PERCENTAGE.test(value) ? [] : [invalidValue(field, goIntOrString(value), detail)];
}

/** The number of a count or a percentage; 0 where it is neither, or absent. */
export function countOf(value: number | string | undefined): number {
  if (typeof value !== 'string') return value ?? 0;
  return /^-?\d+%?$/.test(value) ? Number.parseInt(value, 10) : 0;
}

/** At most 100 %, where it is a percentage. */
export function checkAtMostAll(field: string, value: number | string | undefined): FieldError[] {
  const isMore = typeof value === 'string' && PERCENTAGE.test(value) && Number.parseInt(value, 10) > 100;
  return isMore ? [invalidValue(field, goIntOrString(value), 'must not be greater than 100%')] : [];
}

/** A set of labels. */
export function checkLabels(
  field: string,
  labels: Readonly<Record<string, string>> | undefined,
): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...checkName(field, key, labelKeyErrors),
    ...checkName(field, value, labelValueErrors),
  ]);
}

const SELECTOR_OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** An RFC 1123 label where it is not empty: a name in a host name. Source: Kubernetes' `ValidateDNS1123Label`. */
export function checkLabelName(field: string, value: string | undefined): FieldError[] {
  return value === '' ? [] : checkName(field, value, labelNameErrors);
}

/** A label selector. */
export function checkLabelSelector(field: string, selector: LabelSelector | undefined): FieldError[] {
  const requirements = selector?.matchExpressions ?? [];
  return [
    ...checkLabels(`${field}.matchLabels`, selector?.matchLabels),
    ...requirements.flatMap(({ key, operator, values }, index) => {
      const path = `${field}.matchExpressions[${index}]`;
      return [
        ...checkRequirementCount(`${path}.values`, operator, values),
        ...(SELECTOR_OPERATORS.includes(operator)
          ? []
          : [invalidValue(`${path}.operator`, operator, 'not a valid selector operator')]),
        ...checkName(`${path}.key`, key, labelKeyErrors),
        ...(values ?? []).flatMap((value, at) => checkName(`${path}.values[${at}]`, value, labelValueErrors)),
      ];
    }),
  ];
}

function checkRequirementCount(
  field: string,
  operator: string,
  values: readonly string[] | undefined,
): FieldError[] {
  const isGiven = values !== undefined && values.length > 0;
  if (operator === 'In' || operator === 'NotIn')
    return isGiven ? [] : [requiredValue(field, "must be specified when `operator` is 'In' or 'NotIn'")];
  const isUnary = operator === 'Exists' || operator === 'DoesNotExist';
  const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
  return isUnary && isGiven ? [{ type: 'Forbidden', field, detail }] : [];
}
