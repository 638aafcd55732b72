import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '#api/core/affinity.ts';
import { compileRequirements, type LabelMatcher, requirement } from '#api/selector.ts';

/** What a node is selected by. */
export interface SelectableNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const OPERATORS = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
} as const;

/**
 * Whether a node has the labels of a pod's `nodeSelector` and matches its required node affinity; undefined where the pod
 * asks for neither.
 */
export function nodeMatcher({
  nodeSelector = {},
  required,
}: {
  nodeSelector?: Readonly<Record<string, string>> | undefined;
  required?: NodeSelector | undefined;
}): ((node: SelectableNode) => boolean) | undefined {
  const exact = Object.entries(nodeSelector);
  if (exact.length === 0 && required === undefined) return undefined;
  const terms = required?.nodeSelectorTerms.map(nodeTermMatcher);
  return (node) =>
    exact.every(([key, value]) => node.labels[key] === value) &&
    (terms === undefined || terms.some((matches) => matches(node)));
}

/** Terms stand in stored objects, which never change: each is compiled once. */
const compiledTerms = new WeakMap<NodeSelectorTerm, (node: SelectableNode) => boolean>();

/** A term without any requirement matches no node. Of fields it knows `metadata.name` only, as Kubernetes does. */
export function nodeTermMatcher(term: NodeSelectorTerm): (node: SelectableNode) => boolean {
  const known = compiledTerms.get(term);
  if (known !== undefined) return known;
  const { matchExpressions = [], matchFields = [] } = term;
  const isEmpty = matchExpressions.length === 0 && matchFields.length === 0;
  const labels = compile(matchExpressions);
  const fields = compile(matchFields);
  const matches = (node: SelectableNode): boolean =>
    !isEmpty &&
    labels.matches(node.labels) &&
    (matchFields.length === 0 || fields.matches({ 'metadata.name': node.name }));
  compiledTerms.set(term, matches);
  return matches;
}

function compile(requirements: readonly NodeSelectorRequirement[]): LabelMatcher {
  return compileRequirements(
    requirements.map(({ key, operator, values = [] }) => requirement(key, OPERATORS[operator], values)),
  );
}
