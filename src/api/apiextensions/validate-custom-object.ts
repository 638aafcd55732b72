import type { CustomResourceDefinitionVersion } from '#api/apiextensions/custom-resource-definition.ts';
import { ruleFaults } from '#api/apiextensions/custom-rules.ts';
import { embeddedObjectFaults } from '#api/apiextensions/embedded-objects.ts';
import { findByPath, parseJsonPath } from '#api/apiextensions/json-path.ts';
import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { repeatedItems } from '#api/apiextensions/list-uniqueness.ts';
import { validateValue } from '#api/apiextensions/validate-value.ts';
import { invalidValue } from '#api/field-errors.ts';
import { type JsonObject, propertyOf } from '#api/json.ts';
import type { Json, KubeObject } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

/** The largest number of replicas that a Scale can hold: an int32. */
const REPLICAS_MAX = 2 ** 31 - 1;

/**
 * Every fault of a custom object, but for its metadata: by its schema, then what lists and embedded objects must keep. Through
 * `status` only the status is judged. Source: apiextensions' `customResourceStrategy`.
 */
export function validateCustomObject(
  object: KubeObject,
  old: KubeObject | undefined,
  { version, subresource }: { version: CustomResourceDefinitionVersion; subresource: string | undefined },
): FieldError[] {
  const schema = version.schema?.openAPIV3Schema;
  const value = object as unknown as JsonObject;
  const before = old as unknown as JsonObject | undefined;
  if (schema === undefined) return scaleFaults(value, version, subresource);
  const lists = repeatedItems(value, schema);
  const wasUnique = before === undefined || repeatedItems(before, schema).length === 0;
  const faults = [
    ...schemaFaults(value, before, { schema, subresource }),
    ...scaleFaults(value, version, subresource),
    ...embeddedObjectFaults(value, { ...schema, 'x-kubernetes-embedded-resource': false }),
    // What was let in before may stay: only who leaves the lists in order has to keep them so.
    ...(wasUnique ? lists : []),
  ];
  return [...faults, ...ruleFaults({ object: value, old: before }, schema, faults)];
}

function schemaFaults(
  value: JsonObject,
  old: JsonObject | undefined,
  { schema, subresource }: { schema: JSONSchemaProps; subresource: string | undefined },
): FieldError[] {
  if (subresource !== 'status') return validateValue(value, schema, { path: '', old });
  const [status, statusSchema] = [propertyOf(value, 'status'), propertyOf(schema.properties ?? {}, 'status')];
  if (status === undefined || statusSchema === undefined) return [];
  const before = old === undefined ? undefined : propertyOf(old, 'status');
  // Kubernetes' words are of the status as a value of its own.
  return validateValue(status, statusSchema, { path: '', old: before }).map((fault) => ({
    ...fault,
    field: fault.field === '<nil>' ? 'status' : `status.${fault.field}`,
  }));
}

function scaleFaults(
  value: Json,
  { subresources }: CustomResourceDefinitionVersion,
  subresource: string | undefined,
): FieldError[] {
  const scale = subresources?.scale;
  if (scale === undefined) return [];
  const paths = [...(subresource === 'status' ? [] : [scale.specReplicasPath]), scale.statusReplicasPath];
  return paths.flatMap((path) => replicasFaults(value, path));
}

function replicasFaults(value: Json, path: string): FieldError[] {
  const parsed = parseJsonPath(path);
  const replicas = parsed === undefined ? undefined : findByPath(value, parsed)[0];
  if (typeof replicas !== 'number') return [];
  if (replicas < 0) return [invalidValue(path, replicas, 'should be a non-negative integer')];
  return replicas > REPLICAS_MAX
    ? [invalidValue(path, replicas, `should be less than or equal to ${REPLICAS_MAX}`)]
    : [];
}
