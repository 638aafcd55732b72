/**
 * A set of field paths, in the very form of `metav1.FieldsV1`: a tree whose keys are path elements (`f:name` a field,
 * `k:{"name":"a"}` an item by its key, `v:"x"` an item by its value). A node without children is a member of the set; one
 * with children is, if it has the key `.` too. Sets are never changed in place and share what they have in common.
 */
export type FieldSet = { readonly [element: string]: FieldSet };

/** A set under construction, owned by one function. */
export type MutableFieldSet = { [element: string]: MutableFieldSet };

export const NO_FIELDS: FieldSet = Object.freeze({});
/** The node of a path that ends here and goes no deeper. */
export const LEAF: FieldSet = NO_FIELDS;
/** Marks a node with children as a member. */
export const SELF = '.';

/** Whether the set has no path. */
export function isEmptySet(set: FieldSet): boolean {
  for (const _element in set) return false;
  return true;
}

/** Whether the path that ends at a node is in the set. */
export function isMember(node: FieldSet): boolean {
  return SELF in node || isEmptySet(node);
}

/** The elements below a node or at the root of a set. */
export function elementsOf(node: FieldSet): string[] {
  return Object.keys(node).filter((element) => element !== SELF);
}

/** The node with these children; undefined where it is neither a member nor has any. */
export function fieldNode(member: boolean, children: FieldSet): FieldSet | undefined {
  if (isEmptySet(children)) return member ? LEAF : undefined;
  return member ? { [SELF]: LEAF, ...children } : children;
}

/** Adds one path. The empty path is the object itself and no member of any set. */
export function insertPath(set: MutableFieldSet, path: readonly string[]): void {
  let node = set;
  for (const [depth, element] of path.entries()) {
    const isNew = node[element] === undefined;
    const child: MutableFieldSet = node[element] ?? {};
    const isLast = depth === path.length - 1;
    if (isLast ? !isNew && !isMember(child) : !isNew && isEmptySet(child)) child[SELF] = {};
    node[element] = child;
    node = child;
  }
}

/** Adds a node, with all that is below it, at a path that the set does not have yet. */
export function insertNode(set: MutableFieldSet, path: readonly string[], node: FieldSet): void {
  let parent = set;
  for (const element of path.slice(0, -1)) {
    parent[element] ??= {};
    parent = parent[element];
  }
  const last = path.at(-1);
  if (last !== undefined) parent[last] = node as MutableFieldSet;
}

/** The set of these paths of plain field names: `['metadata', 'name']`. */
export function fieldSetOfNames(paths: readonly (readonly string[])[]): FieldSet {
  const set: MutableFieldSet = {};
  for (const path of paths) {
    insertPath(
      set,
      path.map((name) => `f:${name}`),
    );
  }
  return set;
}

/** Every path of the set: of each node first the elements that are members, then what is below them, both by the elements' texts. */
export function pathsOf(set: FieldSet): string[][] {
  const nodes = elementsOf(set)
    .toSorted()
    .map((element) => ({ element, node: set[element] ?? LEAF }));
  return [
    ...nodes.flatMap(({ element, node }) => (isMember(node) ? [[element]] : [])),
    ...nodes.flatMap(({ element, node }) => pathsOf(node).map((path) => [element, ...path])),
  ];
}

/** The paths in either. */
export function unite(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(b)) return a;
  if (isEmptySet(a)) return b;
  let result: Record<string, FieldSet> | undefined;
  for (const element in b) {
    const [node, other] = [a[element], b[element]];
    if (element === SELF || other === undefined) continue;
    const united = node === undefined ? other : uniteNodes(node, other);
    if (united === node) continue;
    result ??= { ...a };
    result[element] = united;
  }
  return result === undefined ? a : sorted(result);
}

function uniteNodes(a: FieldSet, b: FieldSet): FieldSet {
  const member = isMember(a) || isMember(b);
  const children = unite(a, b);
  return member && !isMember(children) ? { [SELF]: LEAF, ...children } : children;
}

function sorted(set: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const element of Object.keys(set).toSorted()) result[element] = set[element] ?? LEAF;
  return result;
}

/** The paths in both. */
export function intersect(a: FieldSet, b: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const element in a) {
    const [node, other] = [a[element], b[element]];
    if (element === SELF || node === undefined || other === undefined) continue;
    const common = fieldNode(isMember(node) && isMember(other), intersect(node, other));
    if (common !== undefined) result[element] = common;
  }
  return result;
}

/** The paths of `a` that are not in `b`; a path below a path of `b` stays. The same set where there is nothing to take. */
export function subtract(a: FieldSet, b: FieldSet): FieldSet {
  return subtractBy(a, b, (node, other) =>
    settle(node, { member: isMember(node) && !isMember(other), children: subtract(node, other) }),
  );
}

/** As {@link subtract}; a path below a path of `b` goes too. */
export function subtractDeep(a: FieldSet, b: FieldSet): FieldSet {
  return subtractBy(a, b, (node, other) =>
    isMember(other)
      ? undefined
      : settle(node, { member: isMember(node), children: subtractDeep(node, other) }),
  );
}

function subtractBy(
  a: FieldSet,
  b: FieldSet,
  subtractNodes: (node: FieldSet, other: FieldSet) => FieldSet | undefined,
): FieldSet {
  let result: Record<string, FieldSet> | undefined;
  for (const element in b) {
    const [node, other] = [a[element], b[element]];
    if (element === SELF || node === undefined || other === undefined) continue;
    const rest = subtractNodes(node, other);
    if (rest === node) continue;
    result ??= { ...a };
    if (rest === undefined) delete result[element];
    else result[element] = rest;
  }
  return result ?? a;
}

/** The node after a subtraction: itself where nothing changed. */
function settle(
  node: FieldSet,
  { member, children }: { member: boolean; children: FieldSet },
): FieldSet | undefined {
  if (children === node && member === isMember(node)) return node;
  const { [SELF]: _self, ...rest } = children;
  return fieldNode(member, rest);
}
