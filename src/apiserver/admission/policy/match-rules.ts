import type { MatchResources, NamedRuleWithOperations } from '#api/admissionregistration/rule.ts';
import type { KubeObject, LabelSelector } from '#api/object.ts';
import { compileLabelSelector, type LabelMatcher } from '#api/selector.ts';
import type { AdmissionRequest } from '#apiserver/admission/plugin.ts';

/** Whether a request is one of those that rules name. `equivalent`: any version of a kind stands for all. */
export function rulesMatch(
  rules: readonly NamedRuleWithOperations[],
  request: AdmissionRequest,
  { equivalent }: { equivalent: boolean },
): boolean {
  return rules.some((rule) => ruleMatches(rule, request, equivalent));
}

function ruleMatches(rule: NamedRuleWithOperations, request: AdmissionRequest, equivalent: boolean): boolean {
  const { group, version, plural, namespaced } = request.type;
  const names = rule.resourceNames ?? [];
  return (
    contains(rule.operations, request.operation.toUpperCase()) &&
    contains(rule.apiGroups, group) &&
    (equivalent || contains(rule.apiVersions, version)) &&
    (rule.resources ?? []).some((resource) => resourceMatches(resource, plural, request.subresource)) &&
    scopeMatches(rule.scope, namespaced) &&
    (names.length === 0 || names.includes(request.name))
  );
}

function contains(values: readonly string[] = [], wanted: string): boolean {
  return values.includes('*') || values.includes(wanted);
}

/** `pods`, `pods/status`, `pods/*`, `*`, `*\/status`, `*\/*`. A star alone takes no subresources. */
function resourceMatches(rule: string, plural: string, subresource: string | undefined): boolean {
  if (rule === '*/*') return true;
  const [resource = '', wanted = ''] = rule.split('/', 2);
  return (resource === '*' || resource === plural) && (wanted === '*' || wanted === (subresource ?? ''));
}

/** A Namespace is cluster-wide. */
function scopeMatches(scope: string | undefined, namespaced: boolean): boolean {
  return scope === undefined || scope === '*' || scope === (namespaced ? 'Namespaced' : 'Cluster');
}

const matchers = new WeakMap<LabelSelector, LabelMatcher>();

/** Compiled once for each selector of a stored object. */
function matcherOf(selector: LabelSelector): LabelMatcher {
  let matcher = matchers.get(selector);
  if (matcher === undefined) matchers.set(selector, (matcher = compileLabelSelector(selector)));
  return matcher;
}

function isEmpty({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;
}

function labelsOf(object: KubeObject | undefined): Readonly<Record<string, string>> {
  return object?.metadata?.labels ?? {};
}

/**
 * Whether a request is one that a policy or binding is about: its rules, and the labels of its namespace and of its object,
 * the new or the old one. A cluster-wide object has no namespace whose labels could keep it out.
 */
export async function resourcesMatch(match: MatchResources, request: AdmissionRequest): Promise<boolean> {
  const { namespaceSelector = {}, objectSelector = {}, resourceRules, excludeResourceRules = [] } = match;
  const equivalent = match.matchPolicy !== 'Exact';
  if (rulesMatch(excludeResourceRules, request, { equivalent })) return false;
  // A binding without rules adds none to those of its policy.
  if (
    resourceRules !== undefined &&
    resourceRules.length > 0 &&
    !rulesMatch(resourceRules, request, { equivalent })
  )
    return false;
  if (!isEmpty(objectSelector)) {
    const matcher = matcherOf(objectSelector);
    const { object, old } = request;
    const isMatched =
      matcher.matches(labelsOf(object)) || (old !== undefined && matcher.matches(labelsOf(old)));
    if (!isMatched) return false;
  }
  return isEmpty(namespaceSelector) || namespaceMatches(matcherOf(namespaceSelector), request);
}

async function namespaceMatches(matcher: LabelMatcher, request: AdmissionRequest): Promise<boolean> {
  if (request.namespace === undefined) return true;
  const isNamespace = !request.type.namespaced;
  if (isNamespace && request.operation !== 'delete') return matcher.matches(labelsOf(request.object));
  return matcher.matches(labelsOf(await request.namespaceObject()));
}
