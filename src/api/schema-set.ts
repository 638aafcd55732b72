import { FLEET_SCHEMAS } from '#api/fleet/schemas.ts';
import { GENERATED_SCHEMAS } from '#api/gen/schemas.ts';
import type { RefSchema, ResolvedSchema, Schema, SchemaSet } from '#api/schema.ts';
import { parseDefinition } from '#api/schema-notation.ts';
import { must } from '#system/assert.ts';

/** A set that parses each definition (see schema-notation.ts) when it is first asked for, and then keeps it. */
export function schemaSet(definitions: ReadonlyMap<string, string>): SchemaSet {
  const parsed = new Map<string, Schema>();
  const overridden = new WeakMap<RefSchema, ResolvedSchema>();

  const get = (name: string): Schema => {
    const known = parsed.get(name);
    if (known !== undefined) return known;
    const text = must(definitions.get(name), `no schema is called "${name}"`);
    const schema = parseDefinition(name, text);
    parsed.set(name, schema);
    return schema;
  };

  const resolve = (schema: Schema): ResolvedSchema => {
    if (schema.type !== 'ref') return schema;
    const { mapType, patchStrategy } = schema;
    if (mapType === undefined && patchStrategy === undefined) return resolve(get(schema.ref));
    const known = overridden.get(schema);
    if (known !== undefined) return known;
    const resolved = withOverrides(resolve(get(schema.ref)), schema);
    overridden.set(schema, resolved);
    return resolved;
  };

  return { get, resolve };
}

function withOverrides(schema: ResolvedSchema, { mapType, patchStrategy }: RefSchema): ResolvedSchema {
  if (schema.type !== 'object') return schema;
  return {
    ...schema,
    ...(mapType === undefined ? {} : { mapType }),
    ...(patchStrategy === undefined ? {} : { patchStrategy }),
  };
}

/** The notations of all built-in definitions by name: Kubernetes' and our own. */
export const BUILTIN_DEFINITIONS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(GENERATED_SCHEMAS),
  ...Object.entries(FLEET_SCHEMAS),
]);

/** The schemas of all built-in kinds, called as in {@link ResourceType.schema}: `apps/v1.Deployment`. */
export const BUILTIN_SCHEMAS: SchemaSet = schemaSet(BUILTIN_DEFINITIONS);

/** An object of which only the metadata is looked at. */
export const METADATA_HOLDER: Schema = {
  type: 'object',
  properties: { metadata: { type: 'ref', ref: 'meta/v1.ObjectMeta' } },
};
