import { orderElements } from '#api/element-order.ts';
import {
  copyJson,
  copyObject,
  isJsonArray,
  isJsonObject,
  isMutableObject,
  type JsonObject,
  type MutableJson,
  type MutableJsonObject,
  propertyOf,
  scalarKey,
  setProperty,
} from '#api/json.ts';
import type { Json } from '#api/object.ts';
import {
  DELETE_PREFIX,
  DIRECTIVE,
  introduce,
  introduceList,
  introduceObject,
  ORDER_PREFIX,
  RETAIN_KEYS,
} from '#api/patch-directives.ts';
import type { ArraySchema, Schema, SchemaSet } from '#api/schema.ts';
import { fieldsSchema, kindOfJson, listSchema, propertySchema } from '#api/schema-walk.ts';
import { badRequest, StatusError } from '#api/status.ts';

const RETAIN_KEYS_WRONG = 'invalid patch format of retainKeys';
const ORDER_WRONG = 'invalid patch format of setElementOrder list';
const DELETE_WRONG = 'invalid patch format of primitive list';

/** The schema of the patched kind. */
export interface StrategicPatchOptions {
  readonly schema: Schema;
  readonly schemas: SchemaSet;
}

/**
 * Applies a strategic merge patch: objects merge, null removes, lists merge by the schema's merge keys or are replaced;
 * with the directives `$patch: replace | delete | merge`, `$retainKeys`, `$deleteFromPrimitiveList/…` and
 * `$setElementOrder/…`. The result shares nothing with its inputs.
 *
 * Differs from Kubernetes in two places: `$patch: merge` means the default instead of an error, and `$patch: replace` on a
 * field that is absent sets it instead of being lost.
 * Source: Kubernetes, "Strategic Merge Patch" (contributors' API conventions). Throws BadRequest, or Invalid for a list of
 * lists.
 */
export function applyStrategicPatch(
  object: JsonObject,
  patch: Json,
  options: StrategicPatchOptions,
): MutableJsonObject {
  if (!isJsonObject(patch))
    throw badRequest('invalid JSON document: a strategic merge patch must be a JSON object');
  return mergeObject(copyObject(object), patch, options.schema, options.schemas);
}

/** Merges into `live`, which it owns. */
function mergeObject(
  live: MutableJsonObject,
  patch: JsonObject,
  schema: Schema | undefined,
  schemas: SchemaSet,
): MutableJsonObject {
  const directive = propertyOf(patch, DIRECTIVE);
  if (directive === 'delete') return {};
  if (directive === 'replace') return introduceObject(patch);
  if (directive !== undefined && directive !== 'merge') throw unknownDirective(directive);
  retainKeys(live, patch);
  const ordered = mergeOrderedLists(live, patch, schema, schemas);
  // Sorted, so that a list loses elements (`$delete…`) before it gains some, whatever the order of the patch's keys.
  for (const key of Object.keys(patch).toSorted()) {
    if (key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(ORDER_PREFIX) || ordered.has(key))
      continue;
    const value = patch[key] ?? null;
    if (key.startsWith(DELETE_PREFIX)) deleteScalars(live, key.slice(DELETE_PREFIX.length), value);
    else mergeProperty(live, key, value, propertySchema(schemas, schema, key), schemas);
  }
  return live;
}

function mergeProperty(
  live: MutableJsonObject,
  key: string,
  value: Json,
  schema: Schema | undefined,
  schemas: SchemaSet,
): void {
  const current = propertyOf(live, key);
  if (value === null) {
    delete live[key];
  } else if (isJsonArray(value) && Array.isArray(current)) {
    setProperty(live, key, mergeList(current, value, listSchema(schemas, schema), schemas));
  } else if (isJsonObject(value) && isMutableObject(current) && !isReplaced(schemas, schema)) {
    setProperty(live, key, mergeObject(current, value, schema, schemas));
  } else if (isJsonObject(value) && propertyOf(value, DIRECTIVE) === 'delete') {
    delete live[key];
  } else {
    setProperty(live, key, introduce(value));
  }
}

function isReplaced(schemas: SchemaSet, schema: Schema | undefined): boolean {
  const fields = fieldsSchema(schemas, schema);
  return fields?.type === 'object' && fields.patchStrategy === 'replace';
}

/** `$retainKeys: [a, b]`: the union in `live` keeps these members alone; the patch may set no other. */
function retainKeys(live: MutableJsonObject, patch: JsonObject): void {
  const list = propertyOf(patch, RETAIN_KEYS);
  if (list === undefined) return;
  if (!isJsonArray(list)) throw badRequest(RETAIN_KEYS_WRONG);
  const retained = new Set(list);
  for (const [key, value] of Object.entries(patch)) {
    if (value !== null && !key.startsWith('$') && !retained.has(key)) throw badRequest(RETAIN_KEYS_WRONG);
  }
  for (const key of Object.keys(live)) {
    if (!retained.has(key)) delete live[key];
  }
}

/** Merges the lists that have a `$setElementOrder`, and returns their names. */
function mergeOrderedLists(
  live: MutableJsonObject,
  patch: JsonObject,
  schema: Schema | undefined,
  schemas: SchemaSet,
): Set<string> {
  const done = new Set<string>();
  for (const directive of Object.keys(patch)) {
    if (!directive.startsWith(ORDER_PREFIX)) continue;
    const key = directive.slice(ORDER_PREFIX.length);
    const order = patch[directive];
    const value = propertyOf(patch, key);
    if (key === '' || !isJsonArray(order)) throw badRequest(ORDER_WRONG);
    if (value === null) continue;
    if (value !== undefined && !isJsonArray(value)) throw wrongKind('array', value);
    const list = listSchema(schemas, propertySchema(schemas, schema, key));
    assertOrderFits(value ?? [], order, list?.patchMergeKey);
    const merged = mergeInOrder(propertyOf(live, key), value, order, list, schemas);
    if (merged !== undefined) setProperty(live, key, merged);
    done.add(key);
  }
  return done;
}

function mergeInOrder(
  live: MutableJson | undefined,
  patch: readonly Json[] | undefined,
  order: readonly Json[],
  list: ArraySchema | undefined,
  schemas: SchemaSet,
): MutableJson[] | undefined {
  if (live !== undefined && !Array.isArray(live)) throw wrongKind('array', live);
  if (live === undefined) return patch === undefined ? undefined : introduceList(patch);
  const keyOf = (element: Json): string => identity(element, list?.patchMergeKey);
  const liveOrder = live.map(keyOf);
  const merged = patch === undefined ? live : mergeList(live, patch, list, schemas);
  return orderElements(merged, { keyOf, wanted: order.map(keyOf), live: liveOrder });
}

/** The patch list must hold elements of the order only, in the same relative order. */
function assertOrderFits(patch: readonly Json[], order: readonly Json[], mergeKey: string | undefined): void {
  if (order.length === 0) return;
  const wanted = order.map((element) => identity(element, mergeKey));
  let from = 0;
  for (const element of patch) {
    if (isJsonObject(element) && Object.hasOwn(element, DIRECTIVE)) continue;
    const at = wanted.indexOf(identity(element, mergeKey), from);
    if (at < 0) throw badRequest(`The order in patch list doesn't match ${ORDER_PREFIX.slice(0, -1)} list`);
    from = at + 1;
  }
}

function mergeList(
  live: MutableJson[],
  patch: readonly Json[],
  list: ArraySchema | undefined,
  schemas: SchemaSet,
): MutableJson[] {
  if (list?.patchStrategy === undefined) return introduceList(patch);
  if ([...live, ...patch].some(isJsonArray)) {
    throw new StatusError('Invalid', 'lists of lists are not supported', {});
  }
  const isOfObjects = [...live, ...patch].some(isJsonObject);
  return isOfObjects ? mergeKeyedList(live, patch, list, schemas) : mergeScalars(live, patch);
}

function mergeScalars(live: readonly MutableJson[], patch: readonly Json[]): MutableJson[] {
  const union = new Map([...live, ...patch.map(copyJson)].map((element) => [scalarKey(element), element]));
  return orderElements([...union.values()], {
    keyOf: scalarKey,
    wanted: patch.map(scalarKey),
    live: live.map(scalarKey),
  });
}

/** `$deleteFromPrimitiveList/finalizers: [a]`. */
function deleteScalars(live: MutableJsonObject, key: string, value: Json): void {
  if (key === '' || !isJsonArray(value)) throw badRequest(DELETE_WRONG);
  const current = propertyOf(live, key);
  if (!Array.isArray(current)) return;
  const deleted = new Set(value.map(scalarKey));
  setProperty(
    live,
    key,
    current.filter((element) => !deleted.has(scalarKey(element))),
  );
}

function mergeKeyedList(
  live: readonly MutableJson[],
  patch: readonly Json[],
  list: ArraySchema,
  schemas: SchemaSet,
): MutableJson[] {
  const mergeKey = list.patchMergeKey;
  if (mergeKey === undefined) throw badRequest('cannot merge lists without merge key');
  const keyOf = (element: Json): string => identity(element, mergeKey);
  const { deleted, isReplaced, plain } = sortOutDirectives(patch, keyOf);
  if (isReplaced) return plain.map(introduceObject);
  const merged = live.filter((element) => !deleted.has(keyOf(element)));
  const places = new Map(
    merged.map((element, index) => [keyOf(element), index]).toReversed() as [string, number][],
  );
  for (const element of plain) {
    const place = places.get(keyOf(element));
    const current = place === undefined ? undefined : merged[place];
    if (place === undefined || !isMutableObject(current)) {
      places.set(keyOf(element), merged.length);
      merged.push(introduceObject(element));
    } else {
      merged[place] = mergeObject(current, element, list.items, schemas);
    }
  }
  return orderElements(merged, { keyOf, wanted: plain.map(keyOf), live: live.map(keyOf) });
}

interface SortedOut {
  readonly deleted: ReadonlySet<string>;
  readonly isReplaced: boolean;
  readonly plain: readonly JsonObject[];
}

/** Tells the elements of a patch list that are directives (`{name: a, $patch: delete}`, `{$patch: replace}`) from the rest. */
function sortOutDirectives(patch: readonly Json[], keyOf: (element: Json) => string): SortedOut {
  const deleted = new Set<string>();
  const plain: JsonObject[] = [];
  let isReplaced = false;
  for (const element of patch) {
    if (!isJsonObject(element)) throw wrongKind('object', element);
    const directive = propertyOf(element, DIRECTIVE);
    if (directive === undefined || directive === 'merge') plain.push(element);
    else if (directive === 'delete') deleted.add(keyOf(element));
    else if (directive === 'replace') isReplaced = true;
    else throw unknownDirective(directive);
  }
  return { deleted, isReplaced, plain };
}

/** What tells an element from another: its merge key, or itself where it is a scalar. */
function identity(element: Json, mergeKey: string | undefined): string {
  if (mergeKey === undefined && !isJsonObject(element)) return scalarKey(element);
  if (!isJsonObject(element)) throw wrongKind('object', element);
  const value = mergeKey === undefined ? undefined : propertyOf(element, mergeKey);
  if (value === undefined) {
    throw badRequest(
      `map: ${JSON.stringify(element).slice(0, 200)} does not contain declared merge key: ${mergeKey ?? 'none'}`,
    );
  }
  return scalarKey(value);
}

function unknownDirective(directive: Json): StatusError {
  return badRequest(`unknown patch type: ${JSON.stringify(directive)}, expected replace, delete or merge`);
}

function wrongKind(wanted: string, found: Json): StatusError {
  return badRequest(`expected a ${wanted}, but received a ${kindOfJson(found)}`);
}
