import {
  copyJson,
  equalJson,
  isJsonArray,
  isJsonObject,
  isMutableObject,
  isTooDeep,
  JSON_DEPTH_MAX,
  type JsonObject,
  type MutableJson,
  type MutableJsonObject,
  setProperty,
} from '#api/json.ts';
import { parsePointer } from '#api/json-pointer.ts';
import type { Json } from '#api/object.ts';
import { badRequest, StatusError } from '#api/status.ts';

/** The most operations of one patch, as in Kubernetes; more are refused with 413. */
export const JSON_PATCH_OPERATIONS_MAX = 10_000;
/** The most that all `copy` operations of one patch may copy, in characters of JSON; more is refused with 422. */
export const JSON_PATCH_COPY_CHARS_MAX = 3 * 1024 * 1024;
/** The most array elements that all operations of one patch may shift; more is refused with 422. */
const JSON_PATCH_SHIFTS_MAX = 50_000_000;

const TOO_DEEP = `the patched document nests deeper than ${JSON_DEPTH_MAX} levels`;

type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string };

/** The document under construction and what the patch has spent of its limits. */
interface Work {
  /** Holds the document as `root`, so that the pointer `''` is a property too. */
  readonly holder: { root: MutableJson };
  copiedChars: number;
  shifts: number;
}

/** Where a pointer leads: a property of an object or a place in an array. */
type Place =
  | { readonly kind: 'root' }
  | { readonly kind: 'property'; readonly parent: MutableJsonObject; readonly key: string }
  | { readonly kind: 'element'; readonly parent: MutableJson[]; readonly segment: string };

/**
 * Applies a JSON patch (RFC 6902): all operations or none. The result shares nothing with its inputs. As in Kubernetes, a
 * `test` for null holds where the property is absent.
 * Throws BadRequest where the patch is malformed, RequestEntityTooLarge for too many operations, and Invalid where an
 * operation cannot be applied, a test fails or a limit is reached; the cause names the operation.
 */
export function applyJsonPatch(object: JsonObject, patch: Json): MutableJsonObject {
  const operations = parsePatch(patch);
  const work: Work = { holder: { root: copyJson(object) }, copiedChars: 0, shifts: 0 };
  operations.forEach((operation, index) => applyOperation(work, operation, index));
  const { root } = work.holder;
  if (!isMutableObject(root)) throw rejected('', 'the patched document is not a JSON object');
  if (isTooDeep(root)) throw rejected('', TOO_DEEP);
  return root;
}

/** Kubernetes' answer to a patch that is well-formed but cannot be applied. kubectl prints the cause. */
function rejected(field: string, why: string): StatusError {
  return new StatusError('Invalid', 'the server rejected our request due to an error in our request', {
    details: { causes: [{ reason: 'FieldValueInvalid', message: why, field }] },
  });
}

function parsePatch(patch: Json): Operation[] {
  if (!isJsonArray(patch))
    throw badRequest('error decoding patch: a JSON patch must be an array of operations');
  if (patch.length > JSON_PATCH_OPERATIONS_MAX) {
    throw new StatusError(
      'RequestEntityTooLarge',
      `Request entity is too large: The allowed maximum operations in a JSON patch is ${JSON_PATCH_OPERATIONS_MAX}, got ${patch.length}`,
    );
  }
  return patch.map(parseOperation);
}

function parseOperation(operation: Json, index: number): Operation {
  const malformed = (why: string): StatusError =>
    badRequest(`error decoding patch: operation ${index}: ${why}`);
  if (!isJsonObject(operation)) throw malformed('must be an object');
  const { op, path, from, value } = operation;
  if (typeof op !== 'string' || typeof path !== 'string') throw malformed('"op" and "path" must be strings');
  switch (op) {
    case 'add':
    case 'replace':
    case 'test':
      if (value === undefined) throw malformed(`"${op}" needs a "value"`);
      return { op, path, value };
    case 'remove':
      return { op, path };
    case 'move':
    case 'copy':
      if (typeof from !== 'string') throw malformed(`"${op}" needs "from", a string`);
      return { op, path, from };
    default:
      throw malformed(`unexpected kind of operation: ${JSON.stringify(op)}`);
  }
}

function applyOperation(work: Work, operation: Operation, index: number): void {
  const fail = (why: string): StatusError =>
    rejected(`[${index}]`, `${operation.op} ${JSON.stringify(operation.path)}: ${why}`);
  if (operation.op === 'move') return move(work, operation, fail);
  const place = find(work, operation.path, fail);
  switch (operation.op) {
    case 'add':
      return add(work, place, copyJson(operation.value), fail);
    case 'replace':
      return replace(work, place, copyJson(operation.value), fail);
    case 'remove':
      return remove(work, place, fail);
    case 'test': {
      const current = read(work, place);
      if (!equalJson(current, operation.value) && !(current === undefined && operation.value === null))
        throw fail('test failed');
      return;
    }
    case 'copy':
      return add(work, place, copyOf(work, operation.from, fail), fail);
  }
}

type Fail = (why: string) => StatusError;

function find(work: Work, pointer: string, fail: Fail): Place {
  const segments = parsePointer(pointer);
  const last = segments.pop();
  if (last === undefined) return { kind: 'root' };
  let parent: MutableJson | undefined = work.holder.root;
  for (const segment of segments) {
    parent = child(parent, segment);
    if (parent === undefined) throw fail(`doc is missing path: missing value at ${JSON.stringify(segment)}`);
  }
  if (Array.isArray(parent)) return { kind: 'element', parent, segment: last };
  if (isMutableObject(parent)) return { kind: 'property', parent, key: last };
  throw fail('the parent is neither an object nor an array');
}

function child(value: MutableJson, segment: string): MutableJson | undefined {
  if (Array.isArray(value)) return value[indexOf(segment) ?? value.length];
  return isMutableObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
}

function indexOf(segment: string): number | undefined {
  return /^(?:0|[1-9]\d{0,8})$/.test(segment) ? Number(segment) : undefined;
}

function read(work: Work, place: Place): MutableJson | undefined {
  switch (place.kind) {
    case 'root':
      return work.holder.root;
    case 'property':
      return child(place.parent, place.key);
    case 'element':
      return child(place.parent, place.segment);
  }
}

function add(work: Work, place: Place, value: MutableJson, fail: Fail): void {
  if (place.kind !== 'element') return write(work, place, value);
  const { parent, segment } = place;
  const index = segment === '-' ? parent.length : indexOf(segment);
  if (index === undefined || index > parent.length) throw fail(`unable to access invalid index: ${segment}`);
  spendShifts(work, parent.length - index, fail);
  parent.splice(index, 0, value);
}

function replace(work: Work, place: Place, value: MutableJson, fail: Fail): void {
  if (read(work, place) === undefined) throw fail('doc is missing key: missing value');
  if (place.kind === 'element') place.parent[Number(place.segment)] = value;
  else write(work, place, value);
}

function write(work: Work, place: Exclude<Place, { kind: 'element' }>, value: MutableJson): void {
  if (place.kind === 'root') work.holder.root = value;
  else setProperty(place.parent, place.key, value);
}

function remove(work: Work, place: Place, fail: Fail): void {
  if (read(work, place) === undefined) throw fail('doc is missing path: missing value');
  switch (place.kind) {
    case 'root':
      work.holder.root = null;
      return;
    case 'property':
      delete place.parent[place.key];
      return;
    case 'element': {
      const index = Number(place.segment);
      spendShifts(work, place.parent.length - index, fail);
      place.parent.splice(index, 1);
    }
  }
}

function move(work: Work, { path, from }: { path: string; from: string }, fail: Fail): void {
  if (path === from) return;
  if (path.startsWith(`${from}/`)) throw fail('cannot move a value into itself');
  const source = find(work, from, fail);
  const value = read(work, source);
  if (value === undefined) throw fail(`doc is missing from path ${JSON.stringify(from)}: missing value`);
  remove(work, source, fail);
  add(work, find(work, path, fail), value, fail);
}

function copyOf(work: Work, from: string, fail: Fail): MutableJson {
  const value = read(work, find(work, from, fail));
  if (value === undefined) throw fail(`doc is missing from path ${JSON.stringify(from)}: missing value`);
  if (isTooDeep(value)) throw fail(TOO_DEEP);
  work.copiedChars += JSON.stringify(value).length;
  if (work.copiedChars > JSON_PATCH_COPY_CHARS_MAX) {
    throw fail(`the copies of this patch exceed ${JSON_PATCH_COPY_CHARS_MAX} characters`);
  }
  return copyJson(value);
}

function spendShifts(work: Work, shifts: number, fail: Fail): void {
  work.shifts += shifts;
  if (work.shifts > JSON_PATCH_SHIFTS_MAX) {
    throw fail(
      `the insertions and removals of this patch shift more than ${JSON_PATCH_SHIFTS_MAX} array elements`,
    );
  }
}
