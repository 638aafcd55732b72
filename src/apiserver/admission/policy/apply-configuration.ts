import { mergeApplied } from '#api/apply-merge.ts';
import { jsonOfValue } from '#api/cel/json-value.ts';
import { CelError, CelList, CelMap, type CelResult, type CelValue } from '#api/cel/value.ts';
import { isJsonArray, isJsonObject, type JsonObject, type MutableJsonObject } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import { applyJsonPatch } from '#api/patch-json.ts';
import type { Schema, SchemaSet } from '#api/schema.ts';
import { fieldsSchema, listSchema, propertySchema } from '#api/schema-walk.ts';
import { StatusError } from '#api/status.ts';

/** Why a mutation cannot be carried out. */
export class MutationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MutationError';
  }
}

/**
 * The object with what an `ApplyConfiguration` expression gave merged into it, as server-side apply merges, but for who owns
 * what. Throws MutationError where a constructed object does not stand where its name says, or would replace an atomic list.
 */
export function applyConfiguration(
  object: JsonObject,
  value: CelValue,
  { schema, schemas }: { readonly schema: Schema; readonly schemas: SchemaSet },
): MutableJsonObject {
  const misplaced = misplacedObject(value, 'Object');
  if (misplaced !== undefined) throw new MutationError(`type mismatch: ${misplaced}`);
  const configuration = jsonOfValue(value);
  if (configuration instanceof CelError) throw new MutationError(configuration.message);
  if (!isJsonObject(configuration))
    throw new MutationError('unsupported return type from ApplyConfiguration expression');
  const atomics = atomicsOf(configuration, { schema, schemas, path: '' });
  if (atomics.length > 0)
    throw new MutationError(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`,
    );
  return mergeApplied(object, configuration, schema, schemas);
}

/** `Object.spec{…}` belongs to field `spec`, in a list too. */
function misplacedObject(value: CelResult, name: string): string | undefined {
  if (value instanceof CelList) {
    for (let index = 0; index < value.size; index += 1) {
      const fault = misplacedObject(value.at(index), name);
      if (fault !== undefined) return fault;
    }
  }
  if (!(value instanceof CelMap)) return undefined;
  const isConstructed = value.typeName === 'Object' || value.typeName.startsWith('Object.');
  if (isConstructed && value.typeName !== name)
    return `unexpected type name "${value.typeName}", expected "${name}", which matches field name path from root Object type`;
  for (const key of value.keys) {
    const inner = value.get(key);
    const fault = inner === undefined ? undefined : misplacedObject(inner, `${name}.${String(key)}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

interface Place {
  readonly schema: Schema | undefined;
  readonly schemas: SchemaSet;
  readonly path: string;
}

/** Paths of lists and maps that would be replaced whole: whoever writes a part of one would take the rest away. */
function atomicsOf(value: Json, { schema, schemas, path }: Place): string[] {
  if (isJsonObject(value)) {
    const fields = fieldsSchema(schemas, schema);
    const here = fields?.mapType === 'atomic' ? [path] : [];
    const inner = Object.keys(value).flatMap((key) =>
      atomicsOf(value[key] ?? null, {
        schema: propertySchema(schemas, schema, key),
        schemas,
        path: `${path}.${key}`,
      }),
    );
    return [...here, ...inner];
  }
  if (!isJsonArray(value)) return [];
  const list = listSchema(schemas, schema);
  if (list === undefined) return [];
  const here = list.listType === undefined || list.listType === 'atomic' ? [path] : [];
  return [
    ...here,
    ...value.flatMap((item, index) =>
      atomicsOf(item, { schema: list.items, schemas, path: `${path}[${index}]` }),
    ),
  ];
}

/** The object after what a `JSONPatch` expression gave. Throws MutationError. */
export function applyPatchOf(object: JsonObject, value: CelValue): MutableJsonObject {
  const operations = jsonOfValue(value);
  if (operations instanceof CelError) throw new MutationError(operations.message);
  try {
    return applyJsonPatch(object, operations);
  } catch (error) {
    if (error instanceof StatusError) throw new MutationError(`JSON Patch: ${error.message}`);
    throw error;
  }
}
