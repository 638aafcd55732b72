import { fieldElement, formatPath } from '#api/apply-fields-v1.ts';
import { fieldSchema, itemElement } from '#api/apply-shape.ts';
import { isJsonArray, isJsonObject, type JsonObject } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { ArraySchema, MapSchema, ObjectSchema, Schema, SchemaSet } from '#api/schema.ts';
import { kindOfJson } from '#api/schema-walk.ts';

/** The most faults that are named; the rest are left out. */
const FAULTS_MAX = 10;

interface Check {
  readonly schemas: SchemaSet;
  readonly path: string[];
  readonly faults: string[];
}

/**
 * What keeps a configuration from being applied: values of the wrong type, fields that the schema does not have, items
 * without a key or with the same key, as Kubernetes words it: `.spec.replicas: expected numeric (int or float), got string`.
 */
export function appliedFaults(object: JsonObject, schema: Schema, schemas: SchemaSet): string[] {
  const check: Check = { schemas, path: [], faults: [] };
  checkValue(check, object, schema);
  return check.faults;
}

function fault(check: Check, message: string): void {
  if (check.faults.length < FAULTS_MAX) check.faults.push(`${formatPath(check.path)}: ${message}`);
}

function checkValue(check: Check, value: Json, schema: Schema | undefined): void {
  const resolved = schema === undefined ? undefined : check.schemas.resolve(schema);
  if (resolved === undefined || value === null) return;
  switch (resolved.type) {
    case 'any':
      return;
    case 'object':
    case 'map':
      if (isJsonObject(value)) checkFields(check, value, resolved);
      else fault(check, `expected map, got ${kindOfJson(value)}`);
      return;
    case 'array':
      if (isJsonArray(value)) checkItems(check, value, resolved);
      else fault(check, `expected list, got ${kindOfJson(value)}`);
      return;
    case 'string':
    case 'boolean':
      if (typeof value !== resolved.type) fault(check, `expected ${resolved.type}, got ${kindOfJson(value)}`);
      return;
    case 'integer':
    case 'number':
      if (typeof value !== 'number')
        fault(check, `expected numeric (int or float), got ${kindOfJson(value)}`);
      return;
    case 'intOrString':
    case 'quantity':
      if (typeof value === 'object') fault(check, `expected any scalar, got ${kindOfJson(value)}`);
      return;
  }
}

function checkFields(check: Check, object: JsonObject, schema: ObjectSchema | MapSchema): void {
  for (const name of Object.keys(object)) {
    const child = fieldSchema(schema, name);
    check.path.push(fieldElement(name));
    if (child === undefined && !isOpen(schema)) {
      fault(check, 'field not declared in schema');
    } else {
      checkValue(check, object[name] ?? null, child);
    }
    check.path.pop();
  }
}

/** Whether any field may stand in an object, also if only to be pruned later: so it is where no field is described. */
function isOpen(schema: ObjectSchema | MapSchema): boolean {
  if (schema.type === 'map' || schema.preserveUnknown === true) return true;
  return Object.keys(schema.properties).length === 0;
}

function checkItems(check: Check, items: readonly Json[], list: ArraySchema): void {
  const isAssociative = list.listType === 'set' || list.listType === 'map';
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const element = isAssociative ? itemElement(item, list, check.schemas) : `i:${index}`;
    if (element === undefined) {
      fault(check, `element ${index}: ${keylessItem(item, list)}`);
      continue;
    }
    if (seen.has(element)) fault(check, `duplicate entries for key ${formatPath([element])}`);
    seen.add(element);
    check.path.push(element);
    checkValue(check, item, list.items);
    check.path.pop();
  }
}

function keylessItem(item: Json, list: ArraySchema): string {
  if (list.listType === 'set')
    return `associative list without keys has an element that's a ${kindOfJson(item)}`;
  if (!isJsonObject(item)) return 'associative list with keys may not have non-map elements';
  const keys = (list.listMapKeys ?? []).map((key) => JSON.stringify(key)).join(' ');
  return `associative list with keys has an element that omits all key fields [${keys}] (and doesn't have default values for any key fields)`;
}
