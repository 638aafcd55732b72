import type { KubeObject } from '#api/object.ts';

/** Objects whose text is shorter are parsed at once: putting it off would save nothing. */
const LAZY_CHARS_MIN = 1024;

/** Fields by which objects are remembered to have parts that are not parsed; an object with others is parsed at once. */
const LAZY_NAMES_MAX = 256;

/** What is read of every object, in this order, before anything else. */
const HEAD_NAMES = ['apiVersion', 'kind', 'metadata'];

/** The text of what is not parsed yet. */
const UNPARSED = Symbol('unparsed');

interface LazyObject {
  [UNPARSED]?: string | undefined;
  [name: string]: unknown;
}

/** By field: one and the same property for all objects, so that they share their shape. */
const lazyProperties = new Map<string, PropertyDescriptor>();

/**
 * An object out of its JSON text. What comes after its metadata is kept as text until somebody looks at a field of it: most
 * readers of most objects never do, and text takes a fraction of the memory. To its readers it is an object like any other;
 * it must not be changed. A text in an unusual order, or with white space, is parsed at once.
 */
export function parseLazily<T extends KubeObject>(text: string): T {
  const parts = text.length < LAZY_CHARS_MIN ? undefined : partsOf(text);
  if (parts === undefined) return JSON.parse(text) as T;
  const object = JSON.parse(`${text.slice(0, parts.headEnd)}}`) as LazyObject;
  Object.defineProperty(object, UNPARSED, {
    value: text.slice(parts.headEnd + 1),
    writable: true,
    enumerable: false,
  });
  for (const name of parts.names) Object.defineProperty(object, name, lazyProperty(name));
  return object as unknown as T;
}

/** An object that is parsed already, made lazy: where it came with many others. */
export function makeLazy<T extends KubeObject>(object: T): T {
  const { apiVersion, kind, metadata, ...rest } = object;
  return parseLazily(JSON.stringify({ apiVersion, kind, metadata, ...rest }));
}

function lazyProperty(name: string): PropertyDescriptor {
  const known = lazyProperties.get(name);
  if (known !== undefined) return known;
  const property: PropertyDescriptor = {
    get(this: LazyObject) {
      parseRest(this);
      return this[name];
    },
    enumerable: true,
    configurable: true,
  };
  lazyProperties.set(name, property);
  return property;
}

/** Puts the fields themselves in the place of what stands for them. */
function parseRest(object: LazyObject): void {
  const rest = JSON.parse(`{${object[UNPARSED] ?? '}'}`) as Record<string, unknown>;
  object[UNPARSED] = undefined;
  for (const name of Object.keys(rest)) {
    Object.defineProperty(object, name, {
      value: rest[name],
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}

/** Where the metadata ends, and which fields follow; undefined where the text is not in the usual form. */
function partsOf(text: string): { headEnd: number; names: string[] } | undefined {
  const names: string[] = [];
  let headEnd = 0;
  let position = 0;
  for (let index = 0; text[position] === (index === 0 ? '{' : ','); index++) {
    if (text[position + 1] !== '"') return undefined;
    const keyEnd = text.indexOf('"', position + 2);
    const name = text.slice(position + 2, keyEnd);
    const isPlain = keyEnd > 0 && text[keyEnd + 1] === ':' && /^\w+$/.test(name) && name !== '__proto__';
    if (!isPlain || (index < HEAD_NAMES.length && name !== HEAD_NAMES[index])) return undefined;
    position = endOfValue(text, keyEnd + 2);
    if (index < HEAD_NAMES.length) headEnd = position;
    else names.push(name);
  }
  const isWhole = text[position] === '}' && position === text.length - 1;
  const isKnown =
    lazyProperties.size + names.length <= LAZY_NAMES_MAX || names.every((name) => lazyProperties.has(name));
  return isWhole && isKnown && names.length > 0 ? { headEnd, names } : undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The place after the value that begins at `start`. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        for (i += 1; i < text.length && text.charCodeAt(i) !== QUOTE; i++)
          if (text.charCodeAt(i) === BACKSLASH) i += 1;
        if (depth === 0) return i + 1;
        break;
      case 0x7b:
      case 0x5b:
        depth += 1;
        break;
      case 0x7d:
      case 0x5d:
        depth -= 1;
        // The end of whatever holds a number, `true` or `null` is the end of that, too.
        if (depth < 0) return i;
        if (depth === 0) return i + 1;
        break;
      case 0x2c:
        if (depth === 0) return i;
        break;
      default:
    }
  }
  return text.length;
}
