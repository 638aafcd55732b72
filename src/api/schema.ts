import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';

/**
 * One node of a kind's schema: the compact form from which defaulting, strict field checks, strategic merge, server-side
 * apply and OpenAPI documents are all derived. Generated for Kubernetes' kinds (`gen/`), written by hand for our own.
 */
export type Schema = ObjectSchema | MapSchema | ArraySchema | ScalarSchema | RefSchema;

/** A named schema, shared between kinds: resolve it with {@link SchemaSet.resolve}. */
export interface RefSchema extends SchemaText {
  readonly type: 'ref';
  readonly ref: string;
  /** In place of what the named schema says, for this field alone. */
  readonly mapType?: 'atomic' | 'granular';
  readonly patchStrategy?: 'retainKeys' | 'replace';
  /** See {@link ArraySchema.embedded}. */
  readonly embedded?: true;
}

interface SchemaText {
  readonly description?: string;
}

/** A struct: known properties only, unless `preserveUnknown`. */
export interface ObjectSchema extends SchemaText {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly preserveUnknown?: boolean;
  /** A custom kind as its definition describes it, which OpenAPI v3 documents tell in full. */
  readonly source?: JSONSchemaProps;
  /** `atomic`: server-side apply owns it whole. */
  readonly mapType?: 'atomic' | 'granular';
  /** Strategic merge: `retainKeys` (a volume's source, a Deployment's strategy). */
  readonly patchStrategy?: 'retainKeys' | 'replace';
}

/** String keys, values of one schema. */
export interface MapSchema extends SchemaText {
  readonly type: 'map';
  readonly values: Schema;
  readonly mapType?: 'atomic' | 'granular';
  /** An empty map is as good as none, and is dropped. */
  readonly omitEmpty?: true;
}

/** A list. */
export interface ArraySchema extends SchemaText {
  readonly type: 'array';
  readonly items: Schema;
  /** Server-side apply; atomic where absent. */
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  /** Strategic merge; replaced whole where absent. */
  readonly patchStrategy?: 'merge' | 'merge,retainKeys';
  readonly patchMergeKey?: string;
  /** Every object of the kind has it, if empty: nobody comes to own it by filling it. */
  readonly embedded?: true;
  /** An empty list is as good as none, and is dropped. */
  readonly omitEmpty?: true;
}

/** A single value, or free JSON. */
export interface ScalarSchema extends SchemaText {
  /** `any` is free JSON. */
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'intOrString' | 'quantity' | 'any';
  /** `int32`, `int64`, `double`, `byte` (base64), `date-time`, `micro-time`. */
  readonly format?: string;
  readonly enum?: readonly string[];
  /** An empty string, 0 or false is as good as none, and is dropped. */
  readonly omitEmpty?: true;
  /** Free JSON that server-side apply owns whole, and not field by field. */
  readonly atomic?: true;
  /** Only of free JSON: the definition that an object there has all the same. */
  readonly objectRef?: string;
  /** Only for a field that is a key of a list: what an item that leaves it out is known by. */
  readonly default?: string | number | boolean;
}

/** Any schema but a reference. */
export type ResolvedSchema = Exclude<Schema, RefSchema>;

/** Schemas by name. */
export interface SchemaSet {
  /** The named schema; throws where there is none: a programmer's error. */
  get(name: string): Schema;
  /** Follows references until the node is not one, and applies what they override. */
  resolve(schema: Schema): ResolvedSchema;
}
