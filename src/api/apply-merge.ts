import { type ApplyShape, applyShape, fieldSchema, itemElement } from '#api/apply-shape.ts';
import {
  copyJson,
  isJsonArray,
  isJsonObject,
  isMutableObject,
  type JsonObject,
  type MutableJson,
  type MutableJsonObject,
  propertyOf,
  setProperty,
} from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { ArraySchema, MapSchema, ObjectSchema, Schema, SchemaSet } from '#api/schema.ts';
import { assert } from '#system/assert.ts';

/**
 * Puts an applied configuration onto the live object: fields are merged, leaves replaced, items of sets and keyed lists
 * merged by element in the order that structured-merge-diff gives them (applied order, live-only items kept near their
 * neighbours). A null on a field of the schema removes it. The result shares nothing with its inputs.
 */
export function mergeApplied(
  live: JsonObject,
  applied: JsonObject,
  schema: Schema,
  schemas: SchemaSet,
): MutableJsonObject {
  const merged = mergeValues(live, applied, schema, schemas);
  assert(isMutableObject(merged), 'a merge of objects is an object');
  return merged;
}

function mergeValues(
  live: Json | undefined,
  applied: Json | undefined,
  schema: Schema | undefined,
  schemas: SchemaSet,
): MutableJson | undefined {
  if (applied === undefined) return live === undefined ? undefined : copyJson(live);
  const shape = applyShape(schema, schemas, applied);
  if (applied === null) return mergeNull(live, shape, schema, schemas);
  if (shape.kind === 'fields' && isJsonObject(applied)) {
    return mergeFields(isJsonObject(live) ? live : {}, applied, shape.schema, schemas);
  }
  if (shape.kind === 'items' && isJsonArray(applied)) {
    return mergeItems(isJsonArray(live) ? live : [], applied, shape.list, schemas);
  }
  return copyJson(applied);
}

/** A null leaf is an explicit removal; a null container says nothing about its members. */
function mergeNull(
  live: Json | undefined,
  shape: ApplyShape,
  schema: Schema | undefined,
  schemas: SchemaSet,
): MutableJson | undefined {
  const hasMembers = typeof live === 'object' && live !== null && Object.keys(live).length > 0;
  if (shape.kind !== 'leaf' && hasMembers) return copyJson(live);
  const isFree = schema === undefined || schemas.resolve(schema).type === 'any';
  return isFree ? null : undefined;
}

function mergeFields(
  live: JsonObject,
  applied: JsonObject,
  schema: ObjectSchema | MapSchema | undefined,
  schemas: SchemaSet,
): MutableJsonObject {
  const result: MutableJsonObject = {};
  for (const name of new Set([...Object.keys(live), ...Object.keys(applied)])) {
    const merged = mergeValues(
      propertyOf(live, name),
      propertyOf(applied, name),
      fieldSchema(schema, name),
      schemas,
    );
    if (merged !== undefined) setProperty(result, name, merged);
  }
  return result;
}

/** One step of the merged order: where an item stands in the live list, in the applied list, or in both. */
function mergeItems(
  live: readonly Json[],
  applied: readonly Json[],
  list: ArraySchema,
  schemas: SchemaSet,
): MutableJson[] {
  const elementOf = (item: Json): string => itemElement(item, list, schemas) ?? '';
  const liveElements = live.map(elementOf);
  const appliedElements = applied.map(elementOf);
  const liveByElement = uniqueItems(live, liveElements);
  const isApplied = new Set(appliedElements);
  const result: MutableJson[] = [];
  const takeApplied = (index: number): void => {
    const merged = mergeValues(
      liveByElement.get(appliedElements[index] ?? ''),
      applied[index],
      list.items,
      schemas,
    );
    if (merged !== undefined) result.push(merged);
  };
  for (const step of mergedOrder(liveElements, appliedElements, isApplied)) {
    if (step.from === 'applied') takeApplied(step.index);
    else result.push(copyJson(live[step.index] ?? null));
  }
  return result;
}

/** An item that live holds twice is replaced, not merged. */
function uniqueItems(items: readonly Json[], elements: readonly string[]): Map<string, Json | undefined> {
  const unique = new Map<string, Json | undefined>();
  for (const [index, item] of items.entries()) {
    const element = elements[index] ?? '';
    unique.set(element, unique.has(element) ? undefined : item);
  }
  return unique;
}

interface Step {
  readonly from: 'live' | 'applied';
  readonly index: number;
}

/**
 * The applied items in applied order; each live-only item goes before the first applied item that it preceded in the live
 * list, as far as the items that both lists have stand in the same order.
 */
function mergedOrder(
  live: readonly string[],
  applied: readonly string[],
  isApplied: ReadonlySet<string>,
): Step[] {
  const isLive = new Set(live);
  const shared = applied.filter((element) => isLive.has(element));
  const steps: Step[] = [];
  const done = new Set<string>();
  let nextShared = 0;
  let atLive = 0;
  let atApplied = 0;
  while (atLive < live.length || atApplied < applied.length) {
    const liveElement = live[atLive];
    const appliedElement = applied[atApplied];
    if (liveElement !== undefined && !isApplied.has(liveElement)) {
      steps.push({ from: 'live', index: atLive });
      atLive += 1;
    } else if (
      liveElement !== undefined &&
      isSkipped(liveElement, appliedElement, shared[nextShared], done)
    ) {
      atLive += 1;
    } else if (appliedElement !== undefined) {
      steps.push({ from: 'applied', index: atApplied });
      done.add(appliedElement);
      if (appliedElement === shared[nextShared]) nextShared += 1;
      if (appliedElement === liveElement) atLive += 1;
      atApplied += 1;
    } else {
      atLive += 1;
    }
  }
  return steps;
}

/** Whether a shared item of the live list is passed over: it was merged already, or its turn is not now. */
function isSkipped(
  liveElement: string,
  appliedElement: string | undefined,
  nextShared: string | undefined,
  done: ReadonlySet<string>,
): boolean {
  if (liveElement === appliedElement) return false;
  return (
    done.has(liveElement) ||
    (appliedElement !== undefined && nextShared !== undefined && liveElement !== nextShared)
  );
}
