import type { LabelSelector } from '#api/object.ts';
import { compileLabelSelector, type LabelMatcher } from '#api/selector.ts';

/** Objects of a view are never changed, hence a selector compiles once for as long as its object is around. */
const compiled = new WeakMap<LabelSelector, LabelMatcher>();

/** The compiled form of a stored object's selector. */
export function matcherOf(selector: LabelSelector): LabelMatcher {
  const known = compiled.get(selector);
  if (known !== undefined) return known;
  const matcher = compileLabelSelector(selector);
  compiled.set(selector, matcher);
  return matcher;
}
