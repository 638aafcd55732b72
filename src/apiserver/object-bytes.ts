import { utf8 } from '#apiserver/request.ts';

/** A part of the bytes of an object: from `start` up to `end`, exclusive. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where `metadata` lies in the bytes of an object, and `managedFields` in it with its key, as far as they are there. */
export interface ObjectSpans {
  readonly metadata: Span;
  readonly managedFields: Span | undefined;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

const METADATA_KEY = Buffer.from('"metadata"');
const MANAGED_FIELDS_KEY = Buffer.from('"managedFields"');

const PARTIAL_HEAD = utf8('{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":');
const CLOSE = utf8('}');
const NO_METADATA = utf8('{}');

/**
 * The stored bytes of an object without its `managedFields`, whose place is looked for where it is not given: what whoever does not ask who owns which field should parse,
 * for they are the larger half of many objects. The same bytes where there are none.
 */
export function withoutManagedFields(value: Uint8Array, { managedFields } = spansOf(value)): Uint8Array {
  return managedFields === undefined ? value : cut(value, managedFields);
}

/** The stored bytes of an object as an answer that is no table shows it. */
export function representBytes(
  value: Uint8Array,
  { shape, omitsManagedFields }: { shape: 'object' | 'partialMetadata'; omitsManagedFields: boolean },
): Uint8Array {
  if (shape === 'partialMetadata')
    return partialMetadataBytes(value, { withManagedFields: !omitsManagedFields });
  return omitsManagedFields ? withoutManagedFields(value) : value;
}

/** The stored bytes of an object as those of a `meta/v1.PartialObjectMetadata`, with or without `managedFields`. */
export function partialMetadataBytes(
  value: Uint8Array,
  { withManagedFields, spans = spansOf(value) }: { withManagedFields: boolean; spans?: ObjectSpans },
): Uint8Array {
  const { metadata, managedFields } = spans;
  const isCut = managedFields !== undefined && !withManagedFields;
  const parts = isCut
    ? [value.subarray(metadata.start, managedFields.start), value.subarray(managedFields.end, metadata.end)]
    : [value.subarray(metadata.start, metadata.end)];
  return Buffer.concat([PARTIAL_HEAD, ...(metadata.end === 0 ? [NO_METADATA] : parts), CLOSE]);
}

function cut(value: Uint8Array, { start, end }: Span): Uint8Array {
  return Buffer.concat([value.subarray(0, start), value.subarray(end)]);
}

/** Goes through stored bytes as far as the end of the metadata, once. They are JSON without white space: the server wrote them. */
export function spansOf(value: Uint8Array): ObjectSpans {
  let position = 1;
  while (value[position] === QUOTE) {
    const keyEnd = endOfText(value, position);
    if (isKey(value, { start: position, end: keyEnd }, METADATA_KEY)) return metadataSpans(value, keyEnd + 1);
    const valueEnd = endOfValue(value, keyEnd + 1);
    position = value[valueEnd] === COMMA ? valueEnd + 1 : valueEnd;
  }
  return { metadata: { start: 0, end: 0 }, managedFields: undefined };
}

/** The metadata that begins at `start`, and `managedFields` in it: with its key, and with the comma that goes with it. */
function metadataSpans(value: Uint8Array, start: number): ObjectSpans {
  let managedFields: Span | undefined;
  let position = start + 1;
  while (value[position] === QUOTE) {
    const keyEnd = endOfText(value, position);
    const valueEnd = endOfValue(value, keyEnd + 1);
    const isFollowed = value[valueEnd] === COMMA;
    if (isKey(value, { start: position, end: keyEnd }, MANAGED_FIELDS_KEY)) {
      const followsComma = value[position - 1] === COMMA;
      managedFields = followsComma
        ? { start: position - 1, end: valueEnd }
        : { start: position, end: isFollowed ? valueEnd + 1 : valueEnd };
    }
    position = isFollowed ? valueEnd + 1 : valueEnd;
  }
  return { metadata: { start, end: position + 1 }, managedFields };
}

function isKey(value: Uint8Array, { start, end }: Span, key: Uint8Array): boolean {
  if (end - start !== key.length || value[end] !== COLON) return false;
  for (let i = 0; i < key.length; i++) if (value[start + i] !== key[i]) return false;
  return true;
}

/** The place after the text that begins at `start`. */
function endOfText(value: Uint8Array, start: number): number {
  for (let i = start + 1; i < value.length; i++) {
    if (value[i] === BACKSLASH) i += 1;
    else if (value[i] === QUOTE) return i + 1;
  }
  return value.length;
}

/** The place after the value that begins at `start`. */
function endOfValue(value: Uint8Array, start: number): number {
  let depth = 0;
  for (let i = start; i < value.length; i++) {
    switch (value[i]) {
      case QUOTE:
        i = endOfText(value, i) - 1;
        if (depth === 0) return i + 1;
        break;
      case OPENING_BRACE:
      case OPENING_BRACKET:
        depth += 1;
        break;
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        depth -= 1;
        // The end of whatever holds a number, `true` or `null` is the end of that, too.
        if (depth < 0) return i;
        if (depth === 0) return i + 1;
        break;
      case COMMA:
        if (depth === 0) return i;
        break;
      default:
    }
  }
  return value.length;
}
