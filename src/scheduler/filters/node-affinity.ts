import type { NodeSelectorRequirement, NodeSelectorTerm } from '#api/core/affinity.ts';
import { EVERYTHING, type LabelMatcher, compileRequirements, requirement } from '#api/selector.ts';
import type { Demand } from '#scheduler/demand.ts';
import type { Host } from '#scheduler/host.ts';
import { type Filter, FITS } from '#scheduler/surroundings.ts';

const OPERATORS = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!', Gt: 'gt', Lt: 'lt' } as const;
const MISMATCH = ["node(s) didn't match Pod's node affinity/selector"];

/** `nodeSelector` and required node affinity: labels that a host must have. */
export const nodeAffinityFilter: Filter = {
  name: 'NodeAffinity',
  prepare: (demand) => {
    const isWanted = wantedHosts(demand);
    return isWanted === undefined ? undefined : (host) => (isWanted(host) ? FITS : MISMATCH);
  },
};

/** Whether a demand wants a host by its labels or name; undefined where it does not ask for any. */
export function wantedHosts({ nodeSelector, requiredNodes }: Demand): ((host: Host) => boolean) | undefined {
  const exact = Object.entries(nodeSelector ?? {});
  if (exact.length === 0 && requiredNodes === undefined) return undefined;
  const terms = requiredNodes?.nodeSelectorTerms.map(compileTerm);
  return (host) =>
    exact.every(([key, value]) => host.labels[key] === value) && (terms === undefined || terms.some((matches) => matches(host)));
}

const compiledTerms = new WeakMap<NodeSelectorTerm, (host: Host) => boolean>();

/** A term without any requirement matches no host. Its fields know `metadata.name` only, as upstream. */
export function compileTerm(term: NodeSelectorTerm): (host: Host) => boolean {
  const known = compiledTerms.get(term);
  if (known !== undefined) return known;
  const { matchExpressions = [], matchFields = [] } = term;
  const isEmpty = matchExpressions.length === 0 && matchFields.length === 0;
  const labels = compile(matchExpressions);
  const fields = compile(matchFields);
  const matches = (host: Host): boolean =>
    !isEmpty && labels.matches(host.labels) && (fields === EVERYTHING || fields.matches({ 'metadata.name': host.name }));
  compiledTerms.set(term, matches);
  return matches;
}

function compile(requirements: readonly NodeSelectorRequirement[]): LabelMatcher {
  return compileRequirements(requirements.map(({ key, operator, values = [] }) => requirement(key, OPERATORS[operator], values)));
}
