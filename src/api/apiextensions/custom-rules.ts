import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { evaluateRules } from '#api/cel/rule-evaluation.ts';
import { compileRules, type RuleNode } from '#api/cel/validation-rules.ts';
import { invalidValue } from '#api/field-errors.ts';
import type { Json } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

/** Compiled once for each schema, as long as it is in use. */
const compiled = new WeakMap<JSONSchemaProps, { readonly rules: RuleNode | undefined }>();

/** Faults after which rules would stumble over the same again: they are not run. */
const BLOCKING: ReadonlySet<FieldError['type']> = new Set([
  'NotSupported',
  'Required',
  'TooLong',
  'TooMany',
  'TypeInvalid',
]);

const NOT_CHECKED =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

/**
 * What the rules of a schema (`x-kubernetes-validations`) say of an object, after the `faults` that were found without them.
 * Rules that fail where nothing has changed are passed over.
 */
export function ruleFaults(
  change: { readonly object: Json; readonly old: Json | undefined },
  schema: JSONSchemaProps,
  faults: readonly FieldError[],
): FieldError[] {
  const rules = rulesOf(schema);
  if (rules === undefined) return [];
  if (faults.some(({ type }) => BLOCKING.has(type))) return [invalidValue('<nil>', null, NOT_CHECKED)];
  return evaluateRules(rules, change).errors.map((error) =>
    error.field === '' ? { ...error, field: '<nil>' } : error,
  );
}

function rulesOf(schema: JSONSchemaProps): RuleNode | undefined {
  const known = compiled.get(schema) ?? { rules: compileRules(schema, '').rules };
  compiled.set(schema, known);
  return known.rules;
}
