import { type CelType, DYN } from '#api/cel/cel-type.ts';

/** What the open types of functions have turned out to be. Trials work on a copy. */
export type Bindings = Map<string, CelType>;

/** A type with what is known of its open types put in. */
export function substitute(type: CelType, bindings: Bindings): CelType {
  switch (type.kind) {
    case 'variable': {
      const bound = bindings.get(type.name);
      return bound === undefined ? type : substitute(bound, bindings);
    }
    case 'list': {
      const item = substitute(type.item, bindings);
      return item === type.item ? type : { ...type, item };
    }
    case 'map': {
      const key = substitute(type.key, bindings);
      const value = substitute(type.value, bindings);
      return key === type.key && value === type.value ? type : { ...type, key, value };
    }
    case 'opaque':
      return type.args.length === 0
        ? type
        : { ...type, args: type.args.map((arg) => substitute(arg, bindings)) };
    case 'type':
      return { kind: 'type', of: substitute(type.of, bindings) };
    default:
      return type;
  }
}

/** As {@link substitute}; what is still open is `dyn`. */
export function closeType(type: CelType, bindings: Bindings): CelType {
  const known = substitute(type, bindings);
  switch (known.kind) {
    case 'variable':
      return DYN;
    case 'list':
      return { ...known, item: closeType(known.item, bindings) };
    case 'map':
      return { ...known, key: closeType(known.key, bindings), value: closeType(known.value, bindings) };
    case 'opaque':
      return known.args.length === 0
        ? known
        : { ...known, args: known.args.map((arg) => closeType(arg, bindings)) };
    default:
      return known;
  }
}

/** Renames the open types of a declaration for one use of it. */
export function freshen(type: CelType, suffix: number): CelType {
  switch (type.kind) {
    case 'variable':
      return { kind: 'variable', name: `${type.name}${suffix}` };
    case 'list':
      return { ...type, item: freshen(type.item, suffix) };
    case 'map':
      return { ...type, key: freshen(type.key, suffix), value: freshen(type.value, suffix) };
    case 'opaque':
      return type.args.length === 0 ? type : { ...type, args: type.args.map((arg) => freshen(arg, suffix)) };
    case 'type':
      return { kind: 'type', of: freshen(type.of, suffix) };
    default:
      return type;
  }
}

/**
 * Whether a value of type `from` can stand where `to` is wanted; binds open types on the way, also where the answer is no:
 * try on a copy. `dyn` stands for anything, and null for an object, a time or a value of a library.
 */
export function assign(to: CelType, from: CelType, bindings: Bindings): boolean {
  const a = resolve(to, bindings);
  const b = resolve(from, bindings);
  if (a.kind === 'variable') {
    if (b.kind === 'variable' && b.name === a.name) return true;
    if (mentions(b, a.name, bindings)) return false;
    bindings.set(a.name, b);
    return true;
  }
  if (b.kind === 'variable') {
    if (mentions(a, b.name, bindings)) return false;
    bindings.set(b.name, a);
    return true;
  }
  if (a.kind === 'dyn' || b.kind === 'dyn') return true;
  if (b.kind === 'null' || a.kind === 'null') return isNullable(b.kind === 'null' ? a : b);
  return assignSame(a, b, bindings);
}

function assignSame(a: CelType, b: CelType, bindings: Bindings): boolean {
  if (a.kind === 'list' && b.kind === 'list') return assign(a.item, b.item, bindings);
  if (a.kind === 'map' && b.kind === 'map')
    return assign(a.key, b.key, bindings) && assign(a.value, b.value, bindings);
  if (a.kind === 'object' && b.kind === 'object') return a.name === b.name;
  if (a.kind === 'opaque' && b.kind === 'opaque')
    return (
      a.name === b.name &&
      a.args.length === b.args.length &&
      a.args.every((arg, index) => assign(arg, b.args[index] ?? DYN, bindings))
    );
  return a.kind === b.kind;
}

function isNullable({ kind }: CelType): boolean {
  return ['null', 'object', 'opaque', 'timestamp', 'duration'].includes(kind);
}

/** Follows what a type variable is bound to. */
export function resolve(type: CelType, bindings: Bindings): CelType {
  let current = type;
  while (current.kind === 'variable') {
    const bound = bindings.get(current.name);
    if (bound === undefined) return current;
    current = bound;
  }
  return current;
}

function mentions(type: CelType, name: string, bindings: Bindings): boolean {
  const known = resolve(type, bindings);
  switch (known.kind) {
    case 'variable':
      return known.name === name;
    case 'list':
      return mentions(known.item, name, bindings);
    case 'map':
      return mentions(known.key, name, bindings) || mentions(known.value, name, bindings);
    case 'opaque':
      return known.args.some((arg) => mentions(arg, name, bindings));
    case 'type':
      return mentions(known.of, name, bindings);
    default:
      return false;
  }
}
