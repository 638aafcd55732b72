import type { CustomKind } from '#api/apiextensions/custom-kind.ts';
import type { KubeObject } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

/**
 * All that the machinery knows of one kind. Each built-in kind is one file under `api/<group>/` that exports its type and
 * its ResourceType; `api/catalogue.ts` lists them.
 */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Served subresources that the generic machinery handles by itself. */
  readonly subresources: readonly ('status' | 'scale')[];
  /** Name of the kind's schema in the schema set. */
  readonly schema: string;
  /** What is wrong with a name; an RFC 1123 subdomain where absent. */
  readonly nameRule?: (name: string) => string[];
  /** Only of a version of a kind that is kept in the form of another one: the stored objects are the same. */
  readonly storedAs?: StoredVersion;
  /** Fills defaults in, in place, as the Kubernetes API reference states them. Total on any schema-valid object. */
  applyDefaults(object: T): void;
  /**
   * Every field that is wrong or missing, but for `metadata` (see metadata.ts); `old` on update, for immutable fields. Total
   * on any schema-valid object, after its defaults. `subresource` is what an update goes through, for kinds whose subresources
   * may change what a plain update may not.
   */
  validate(object: T, old: T | undefined, subresource?: string): FieldError[];
  /** What is wrong with the status, where an update goes through the `status` subresource, which `validate` does not see. */
  validateStatus?(object: T, old: T): FieldError[];
  /** What a client is told of a valid object that it writes, as `Warning` headers; `old` on update. */
  warnings?(object: T, old: T | undefined): readonly string[];
  /** What the server itself writes into an object with every write, in place, once its other half is as it was. */
  prepare?(object: T, old: T | undefined): void;
  /** Server-side columns, as `kubectl get` prints them; the first is Name. */
  readonly columns: readonly Column<T>[];
  /** Field selectors beside `metadata.name` and `metadata.namespace`, which every kind has. */
  readonly selectableFields: Readonly<Record<string, FieldReader<T>['read']>>;
  /** Selectable fields whose value stands in the object as that very text, or not at all: selecting by one is cheap. */
  readonly verbatimFields?: readonly string[];
  /** Whether `metadata.generation` rises when anything but metadata and status changes. */
  readonly hasGeneration: boolean;
  /** What clients of a deprecated kind are told, as a `Warning` header of every answer. */
  readonly deprecation?: string;
  /** Only of a kind that a CustomResourceDefinition defines. */
  readonly custom?: CustomKind;
}

/** The version in whose form objects of another one are kept. Neither way changes the object that it is given. */
export interface StoredVersion {
  readonly type: Pick<ResourceType, 'group' | 'version' | 'plural'>;
  readonly toStored: (object: KubeObject) => KubeObject;
  readonly fromStored: (object: KubeObject) => KubeObject;
}

/** The value of a selectable field. A method, so that a `ResourceType<Pod>` is a `ResourceType`. */
export interface FieldReader<T extends KubeObject> {
  read(object: T): string;
}

/** One printed column: `metav1.TableColumnDefinition` and how its cell is made. */
export interface Column<T extends KubeObject = KubeObject> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description: string;
  /** 0: always; 1: with `-o wide`. */
  readonly priority: 0 | 1;
  /** The cell. `nowMs` is for ages. */
  cell(object: T, nowMs: number): string | number | boolean | null;
}

/** The kind of a list of a kind's objects: `PodList`. */
export function listKindOf({ kind, custom }: Pick<ResourceType, 'kind' | 'custom'>): string {
  return custom?.listKind ?? `${kind}List`;
}

/** A kind's name on the wire: `v1`, `apps/v1`. */
export function apiVersionOf(type: { group: string; version: string }): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

/** The name of a resource in messages and RBAC: `pods`, `deployments.apps`. */
export function resourceName(type: { group: string; plural: string }): string {
  return type.group === '' ? type.plural : `${type.plural}.${type.group}`;
}
