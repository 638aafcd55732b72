import { type FieldSet, fieldNode } from '#api/apply-field-set.ts';
import { isJsonObject, type JsonObject, type MutableJsonObject, setProperty } from '#api/json.ts';
import type { Json } from '#api/object.ts';

/** The element of a field: `f:name`. */
export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** The element of an item of a keyed list; the key's fields are sorted by name: `k:{"containerPort":80,"protocol":"TCP"}`. */
export function keyElement(key: JsonObject): string {
  return `k:${JSON.stringify(key)}`;
}

/** The element of an item of a set: `v:"x"`. */
export function valueElement(value: Json): string {
  return `v:${JSON.stringify(value)}`;
}

/**
 * The canonical form of a `metav1.FieldsV1` that a client sent: elements sorted, keys of items sorted, elements of an unknown
 * kind left out. Undefined where it is malformed.
 */
export function canonicalFields(fields: Json): FieldSet | undefined {
  if (!isJsonObject(fields)) return undefined;
  const set: Record<string, FieldSet> = {};
  for (const text of Object.keys(fields).toSorted()) {
    if (text === '.') continue;
    const element = canonicalElement(text);
    const value = fields[text];
    if (element === undefined || !isJsonObject(value)) return undefined;
    if (element === '') continue;
    const children = canonicalFields(value);
    if (children === undefined) return undefined;
    const isLeaf = Object.keys(value).length === 0;
    const node = fieldNode(isLeaf || Object.hasOwn(value, '.'), children);
    if (node !== undefined) set[element] = node;
  }
  return set;
}

/** '' for an element of an unknown kind, undefined for a malformed one. */
function canonicalElement(text: string): string | undefined {
  if (text[1] !== ':') return undefined;
  const content = text.slice(2);
  switch (text.slice(0, 1)) {
    case 'f':
      return text;
    case 'k': {
      const key = parseJson(content);
      return isJsonObject(key) ? keyElement(sortedKey(key)) : undefined;
    }
    case 'v': {
      const value = parseJson(content);
      return value === undefined ? undefined : valueElement(value);
    }
    case 'i':
      return /^\d{1,9}$/.test(content) ? text : undefined;
    default:
      return '';
  }
}

function sortedKey(key: JsonObject): JsonObject {
  const sorted: MutableJsonObject = {};
  for (const field of Object.keys(key).toSorted()) {
    const value = key[field];
    setProperty(
      sorted,
      field,
      typeof value === 'object' || value === undefined ? JSON.stringify(value) : value,
    );
  }
  return sorted;
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A path as Kubernetes prints it: `.spec.containers[name="web"].image`, `.metadata.finalizers[="x"]`. */
export function formatPath(path: readonly string[]): string {
  return path.map(formatElement).join('');
}

function formatElement(element: string): string {
  const content = element.slice(2);
  switch (element.slice(0, 1)) {
    case 'f':
      return `.${content}`;
    case 'k': {
      const key = parseJson(content);
      const fields = isJsonObject(key) ? Object.entries(key) : [];
      return `[${fields.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    }
    case 'v':
      return `[=${content}]`;
    default:
      return `[${content}]`;
  }
}
