import { equalJson, isJsonArray, isJsonObject, propertyOf } from '#api/json.ts';
import type { Json } from '#api/object.ts';

/** The longest path in characters; a longer one is refused. */
const PATH_CHARS_MAX = 4096;

/** One step of a path. */
type Step =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'index'; readonly index: number }
  | { readonly type: 'slice'; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly type: 'all' }
  | { readonly type: 'below' }
  | { readonly type: 'filter'; readonly left: Operand; readonly operator: string; readonly right: Operand };

type Operand =
  | { readonly type: 'value'; readonly value: Json }
  | { readonly type: 'path'; readonly path: JsonPath };

/** A path into an object, in the JSONPath of kubectl. */
export interface JsonPath {
  readonly steps: readonly Step[];
}

/**
 * Reads `.spec.replicas`, `.metadata.labels['a\.b']`, `.status.conditions[?(@.type=="Ready")].status`, `.items[*].name`,
 * `.list[-1:]`, `..name`. Undefined where the text is no such path. Source: client-go's `jsonpath`, without `range`.
 */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (text.length > PATH_CHARS_MAX) return undefined;
  const reader = { text: text.startsWith('$') ? text.slice(1) : text, at: 0 };
  const steps: Step[] = [];
  while (reader.at < reader.text.length) {
    const step = readStep(reader);
    if (step === undefined) return undefined;
    if (step !== 'self') steps.push(step);
  }
  return { steps };
}

/** Every value that the path leads to, in order; nothing where a field is missing. */
export function findByPath(value: Json, { steps }: JsonPath): Json[] {
  return steps.reduce<Json[]>((found, step) => found.flatMap((each) => follow(each, step)), [value]);
}

interface Reader {
  readonly text: string;
  at: number;
}

function readStep(reader: Reader): Step | 'self' | undefined {
  const { text } = reader;
  if (text[reader.at] === '[') return readBracket(reader);
  if (text.startsWith('..', reader.at)) {
    // The name, where there is one, is a step of its own.
    reader.at += text[reader.at + 2] === '[' ? 2 : 1;
    return { type: 'below' };
  }
  if (text[reader.at] === '.') {
    reader.at += 1;
    if (reader.at === text.length || text[reader.at] === '[') return 'self';
  } else if (reader.at > 0) return undefined;
  if (text[reader.at] === '*') {
    reader.at += 1;
    return { type: 'all' };
  }
  const name = readName(reader);
  return name === '' ? undefined : { type: 'field', name };
}

function readName(reader: Reader): string {
  let name = '';
  while (reader.at < reader.text.length) {
    const char = reader.text[reader.at] ?? '';
    if (char === '\\' && reader.at + 1 < reader.text.length) {
      name += reader.text[reader.at + 1] ?? '';
      reader.at += 2;
    } else if (/[.[\]\s{}()'"|,]/u.test(char)) break;
    else {
      name += char;
      reader.at += 1;
    }
  }
  return name;
}

function readBracket(reader: Reader): Step | undefined {
  const end = endOfBracket(reader);
  if (end === undefined) return undefined;
  const inner = reader.text.slice(reader.at + 1, end).trim();
  reader.at = end + 1;
  if (inner === '*') return { type: 'all' };
  const quotedName = /^(?<quote>['"])(?<name>.*)\k<quote>$/su.exec(inner)?.groups?.name;
  if (quotedName !== undefined) return { type: 'field', name: quotedName.replaceAll(/\\(.)/gsu, '$1') };
  if (/^-?\d{1,9}$/u.test(inner)) return { type: 'index', index: Number(inner) };
  const slice = /^(?<from>-?\d{1,9})?:(?<to>-?\d{1,9})?$/u.exec(inner)?.groups;
  if (slice !== undefined) return { type: 'slice', from: numberOf(slice.from), to: numberOf(slice.to) };
  const filter = /^\?\((?<condition>.*)\)$/su.exec(inner)?.groups?.condition;
  return filter === undefined ? undefined : readFilter(filter);
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** The place of the bracket that closes the one here, past quotes and brackets within. */
function endOfBracket({ text, at }: Reader): number | undefined {
  let depth = 0;
  let quote = '';
  for (let place = at; place < text.length; place += 1) {
    const char = text[place] ?? '';
    if (quote !== '') {
      if (char === '\\') place += 1;
      else if (char === quote) quote = '';
    } else if (char === "'" || char === '"') quote = char;
    else if (char === '[') depth += 1;
    else if (char === ']' && --depth === 0) return place;
  }
  return undefined;
}

const FILTER =
  /^\s*(?<left>"[^"]*"|'[^']*'|[^=!<>]+?)\s*(?:(?<operator>==|!=|<=|>=|<|>)\s*(?<right>"[^"]*"|'[^']*'|[^=!<>]+?)\s*)?$/su;

function readFilter(text: string): Step | undefined {
  const { left, operator, right } = FILTER.exec(text)?.groups ?? {};
  const first = left === undefined ? undefined : readOperand(left);
  const second = right === undefined ? undefined : readOperand(right);
  if (first === undefined || (operator !== undefined && second === undefined)) return undefined;
  return {
    type: 'filter',
    left: first,
    operator: operator ?? 'exists',
    right: second ?? { type: 'value', value: null },
  };
}

function readOperand(text: string): Operand | undefined {
  if (text.startsWith('@')) {
    const path = parseJsonPath(text.slice(1));
    return path === undefined ? undefined : { type: 'path', path };
  }
  if (/^(?:"[^"]*"|'[^']*')$/su.test(text)) return { type: 'value', value: text.slice(1, -1) };
  if (text === 'true' || text === 'false') return { type: 'value', value: text === 'true' };
  return /^-?\d+(?:\.\d+)?$/u.test(text) ? { type: 'value', value: Number(text) } : undefined;
}

function follow(value: Json, step: Step): Json[] {
  switch (step.type) {
    case 'field': {
      const found = isJsonObject(value) ? propertyOf(value, step.name) : undefined;
      return found === undefined ? [] : [found];
    }
    case 'index': {
      const found = isJsonArray(value) ? value.at(step.index) : undefined;
      return found === undefined ? [] : [found];
    }
    case 'slice':
      return isJsonArray(value) ? value.slice(step.from, step.to) : [];
    case 'all':
      return childrenOf(value);
    case 'below':
      return everythingIn(value);
    case 'filter':
      return isJsonArray(value) ? value.filter((item) => holds(item, step)) : [];
  }
}

function childrenOf(value: Json): Json[] {
  if (isJsonArray(value)) return [...value];
  return isJsonObject(value) ? Object.values(value) : [];
}

function everythingIn(value: Json): Json[] {
  return [value, ...childrenOf(value).flatMap(everythingIn)];
}

function holds(item: Json, { left, operator, right }: Extract<Step, { type: 'filter' }>): boolean {
  const [a, b] = [valueOf(item, left), valueOf(item, right)];
  if (operator === 'exists') return a !== undefined;
  if (a === undefined || b === undefined) return false;
  switch (operator) {
    case '==':
      return equalJson(a, b);
    case '!=':
      return !equalJson(a, b);
    default:
      return (
        typeof a === typeof b && (typeof a === 'number' || typeof a === 'string') && isOrdered(a, b, operator)
      );
  }
}

function valueOf(item: Json, operand: Operand): Json | undefined {
  return operand.type === 'value' ? operand.value : findByPath(item, operand.path)[0];
}

function isOrdered(a: number | string, b: Json, operator: string): boolean {
  const other = b as typeof a;
  if (operator === '<') return a < other;
  if (operator === '<=') return a <= other;
  return operator === '>' ? a > other : a >= other;
}
