import { mergeSchemaOf } from '#api/apiextensions/merge-schema.ts';
import type { ResourceType } from '#api/resource.ts';
import type { Schema, SchemaSet } from '#api/schema.ts';

/** The kinds that are served at one time. Never changes: whoever holds it goes on with what it was when he took it. */
export interface KindSet {
  readonly types: readonly ResourceType[];
  /** The schemas of all of them. */
  readonly schemas: SchemaSet;
  /** The kind of a path; undefined where none is served there. */
  readonly find: (path: KindPath) => ResourceType | undefined;
}

/** A kind's name in a path. */
export interface KindPath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** The kinds that are served now: those that are built in, and those that definitions add. */
export class Kinds {
  readonly #builtIn: { readonly types: readonly ResourceType[]; readonly schemas: SchemaSet };
  readonly #defined = new Map<string, readonly ResourceType[]>();
  readonly #listeners = new Set<() => void>();
  #current: KindSet | undefined;

  constructor(types: readonly ResourceType[], schemas: SchemaSet) {
    this.#builtIn = { types, schemas };
  }

  /** The same object until something changes: what is made of it may be kept by it. */
  get current(): KindSet {
    this.#current ??= kindSet(this.#builtIn, [...this.#defined.values()].flat());
    return this.#current;
  }

  /** Whether a group is one of the server's own. */
  isBuiltInGroup(group: string): boolean {
    return this.#builtIn.types.some((type) => type.group === group);
  }

  /** Replaces the kinds that one definition makes; none where it is gone. */
  define(definition: string, types: readonly ResourceType[]): void {
    if (types.length === 0 && !this.#defined.has(definition)) return;
    if (types.length === 0) this.#defined.delete(definition);
    else this.#defined.set(definition, types);
    this.#current = undefined;
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` after each change; the returned function ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function kindSet(
  builtIn: { readonly types: readonly ResourceType[]; readonly schemas: SchemaSet },
  defined: readonly ResourceType[],
): KindSet {
  const types = [...builtIn.types, ...defined];
  const byPath = new Map(types.map((type) => [pathKey(type), type]));
  return {
    types,
    schemas: defined.length === 0 ? builtIn.schemas : withCustomSchemas(builtIn.schemas, defined),
    find: (path) => byPath.get(pathKey(path)),
  };
}

function pathKey({ group, version, plural }: KindPath): string {
  return `${group}/${version}/${plural}`;
}

/** The schemas of the built-in kinds and, made when they are first asked for, those of the custom ones. */
function withCustomSchemas(builtIn: SchemaSet, defined: readonly ResourceType[]): SchemaSet {
  const sources = new Map(defined.map(({ schema, custom }) => [schema, custom?.schema]));
  const get = (name: string): Schema => {
    const source = sources.get(name);
    return source === undefined ? builtIn.get(name) : mergeSchemaOf(source);
  };
  return {
    get,
    resolve(schema) {
      if (schema.type !== 'ref' || !sources.has(schema.ref)) return builtIn.resolve(schema);
      return builtIn.resolve(get(schema.ref));
    },
  };
}
