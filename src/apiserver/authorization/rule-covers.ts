import type { PolicyRule } from '#api/rbac/role.ts';
import type { Attributes, ResourceAttributes } from '#apiserver/authorize.ts';

/** Whether one of `rules` allows it. */
export function rulesAllow(rules: readonly PolicyRule[], attributes: Attributes): boolean {
  for (const rule of rules) if (ruleAllows(rule, attributes)) return true;
  return false;
}

function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!covers(rule.verbs, attributes.verb)) return false;
  return attributes.type === 'resource'
    ? coversResource(rule, attributes)
    : coversPath(rule.nonResourceURLs, attributes.path);
}

function covers(allowed: readonly string[] | undefined, wanted: string): boolean {
  return allowed !== undefined && (allowed.includes('*') || allowed.includes(wanted));
}

function coversResource(rule: PolicyRule, { group, resource, name }: ResourceAttributes): boolean {
  if (!covers(rule.apiGroups, group) || !namesResource(rule.resources, resource)) return false;
  const { resourceNames } = rule;
  if (resourceNames === undefined || resourceNames.length === 0) return true;
  return name !== undefined && resourceNames.includes(name);
}

/** `*`, `pods`, `pods/log`, and a wildcard for the scale of all. */
function namesResource(resources: readonly string[] | undefined, wanted: string): boolean {
  if (resources === undefined) return false;
  if (resources.includes('*') || resources.includes(wanted)) return true;
  const slash = wanted.indexOf('/');
  return slash >= 0 && resources.includes(`*${wanted.slice(slash)}`);
}

function coversPath(patterns: readonly string[] | undefined, path: string): boolean {
  return (patterns ?? []).some((pattern) =>
    pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path,
  );
}

/**
 * What `wanted` allows and `held` does not, as simple rules: one group, resource, verb and name each. Empty: whoever holds
 * `held` may hand out `wanted` (Kubernetes' `rbac/validation.Covers`).
 */
export function uncoveredRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(simpleRules).filter((simple) => !held.some((rule) => coversSimple(rule, simple)));
}

function simpleRules(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const named = resourceNames.length === 0 ? [{}] : resourceNames.map((name) => ({ resourceNames: [name] }));
  return [
    ...apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          named.map((names) => ({ apiGroups: [group], resources: [resource], ...names, verbs: [verb] })),
        ),
      ),
    ),
    ...nonResourceURLs.flatMap((url) => verbs.map((verb) => ({ nonResourceURLs: [url], verbs: [verb] }))),
  ];
}

function coversSimple(held: PolicyRule, wanted: PolicyRule): boolean {
  const [verb = ''] = wanted.verbs;
  if (!covers(held.verbs, verb)) return false;
  const [url] = wanted.nonResourceURLs ?? [];
  if (url !== undefined) return coversPath(held.nonResourceURLs, url);
  const [group = ''] = wanted.apiGroups ?? [];
  const [resource = ''] = wanted.resources ?? [];
  if (!covers(held.apiGroups, group) || !namesResource(held.resources, resource)) return false;
  const { resourceNames: heldNames = [] } = held;
  const [name] = wanted.resourceNames ?? [];
  return heldNames.length === 0 || (name !== undefined && heldNames.includes(name));
}

/** `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}` for each group and resource, sorted: as upstream lists them. */
export function describeRules(simple: readonly PolicyRule[]): string[] {
  const merged = new Map<string, PolicyRule>();
  for (const rule of simple) {
    const { verbs, ...rest } = rule;
    const isResource = rule.nonResourceURLs === undefined;
    const key = JSON.stringify(isResource ? rest : [rest, verbs]);
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { ...rest, verbs: [...verbs] });
    else known.verbs.push(...verbs.filter((verb) => !known.verbs.includes(verb)));
  }
  return [...merged.values()].map(describeRule).toSorted();
}

function describeRule({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['NonResourceURLs', nonResourceURLs],
    ['ResourceNames', resourceNames],
    ['Verbs', verbs],
  ];
  const texts = parts.flatMap(([name, values = []]) =>
    values.length === 0 ? [] : [`${name}:${quotedList(values)}`],
  );
  return `{${texts.join(', ')}}`;
}

/** `["a" "b"]`, as Go prints a list of quoted texts. */
export function quotedList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}
