import { ruleFaults } from '#api/apiextensions/custom-rules.ts';
import { embeddedObjectFaults } from '#api/apiextensions/embedded-objects.ts';
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { pruneValue } from '#api/apiextensions/prune-object.ts';
import { validateValue } from '#api/apiextensions/validate-value.ts';
import { invalidValue } from '#api/field-errors.ts';
import { copyJson, equalJson } from '#api/json.ts';
import type { FieldError } from '#api/status.ts';

/** Defaults that their own schema would not let in. Source: apiextensions' `ValidateDefaults`. */
export function defaultFaults(field: string, schema: JSONSchemaProps): FieldError[] {
  // The default of the root is a whole object.
  return allFaults(field, schema, { ...schema, 'x-kubernetes-embedded-resource': true });
}

function allFaults(field: string, schema: JSONSchemaProps, own = schema): FieldError[] {
  const { items, properties = {} } = schema;
  return [
    ...ownFaults(`${field}.default`, own),
    ...(items === undefined ? [] : allFaults(`${field}.items`, items)),
    ...Object.entries(properties).flatMap(([key, child]) => allFaults(`${field}.properties[${key}]`, child)),
    ...(typeof schema.additionalProperties === 'object'
      ? allFaults(`${field}.additionalProperties`, schema.additionalProperties)
      : []),
  ];
}

function ownFaults(field: string, schema: JSONSchemaProps): FieldError[] {
  const value = schema.default;
  if (value === undefined) return [];
  const pruned = copyJson(value);
  pruneValue(pruned, schema);
  const unknown = equalJson(pruned, value)
    ? []
    : [invalidValue(field, value, 'must not have unknown fields')];
  const faults = [
    ...embeddedObjectFaults(value, schema, field),
    ...validateValue(value, schema, { path: '', old: undefined }).map((fault) => ({
      ...fault,
      field: joined(field, fault.field),
    })),
  ];
  if (faults.length > 0) return [...unknown, ...faults];
  const rules = ruleFaults({ object: value, old: undefined }, schema, []);
  return [...unknown, ...rules.map((fault) => ({ ...fault, field: joined(field, fault.field) }))];
}

function joined(field: string, below: string): string {
  if (below === '' || below === '<nil>') return field;
  return below.startsWith('[') ? `${field}${below}` : `${field}.${below}`;
}
