import type { Overload } from '#api/cel/function.ts';
import { ADDRESSES } from '#api/cel/library-address.ts';
import { AUTHORIZERS } from '#api/cel/library-authorizer.ts';
import { COLLECTIONS } from '#api/cel/library-collections.ts';
import { CONVERSIONS } from '#api/cel/library-conversions.ts';
import { NAMED_FORMATS } from '#api/cel/library-format.ts';
import { OPERATORS } from '#api/cel/library-operators.ts';
import { OPTIONALS } from '#api/cel/library-optional.ts';
import { QUANTITIES, SEMVERS } from '#api/cel/library-quantity.ts';
import { STRINGS } from '#api/cel/library-strings.ts';
import { TIME } from '#api/cel/library-time.ts';
import { URLS } from '#api/cel/library-url.ts';

/** Forms of functions, by name: the target's type is the first parameter of a method. */
export interface Library {
  readonly functions: ReadonlyMap<string, readonly Overload[]>;
  readonly methods: ReadonlyMap<string, readonly Overload[]>;
}

/** A library of the given forms. */
export function createLibrary(overloads: readonly Overload[]): Library {
  const pick = (isMethod: boolean): ReadonlyMap<string, readonly Overload[]> =>
    Map.groupBy(
      overloads.filter((candidate) => candidate.isMethod === isMethod),
      ({ name }) => name,
    );
  return { functions: pick(false), methods: pick(true) };
}

const STANDARD: readonly Overload[] = [
  ...OPERATORS,
  ...CONVERSIONS,
  ...STRINGS,
  ...TIME,
  ...COLLECTIONS,
  ...OPTIONALS,
  ...URLS,
  ...ADDRESSES,
  ...QUANTITIES,
  ...SEMVERS,
  ...NAMED_FORMATS,
  ...AUTHORIZERS,
];

/** Everything that Kubernetes 1.36 gives to an expression. */
export const STANDARD_LIBRARY: Library = createLibrary(STANDARD);

/** The standard library and more, for one kind of expression. */
export function extendLibrary(more: readonly Overload[]): Library {
  return createLibrary([...STANDARD, ...more]);
}
