import type { FlowResourceRule, FlowRule, FlowSubject } from '#api/flowcontrol/flow-schema.ts';
import { accountOfUserName } from '#apiserver/authentication/service-account-user.ts';
import type { Attributes, ResourceAttributes } from '#apiserver/authorize.ts';
import type { User } from '#apiserver/request.ts';

/** Whether one of the rules speaks of this user and of what he does. */
export function flowRulesMatch(rules: readonly FlowRule[], user: User, attributes: Attributes): boolean {
  for (const rule of rules) {
    if (rule.subjects.some((subject) => isSubject(subject, user)) && coversRequest(rule, attributes))
      return true;
  }
  return false;
}

function isSubject({ kind, group, user: named, serviceAccount }: FlowSubject, user: User): boolean {
  if (kind === 'Group')
    return group !== undefined && (group.name === '*' || user.groups.includes(group.name));
  if (kind === 'User') return named !== undefined && (named.name === '*' || named.name === user.name);
  if (serviceAccount === undefined || !user.name.startsWith('system:serviceaccount:')) return false;
  const account = accountOfUserName(user.name);
  if (account?.namespace !== serviceAccount.namespace) return false;
  return serviceAccount.name === '*' || serviceAccount.name === account.name;
}

function coversRequest(
  { resourceRules = [], nonResourceRules = [] }: FlowRule,
  attributes: Attributes,
): boolean {
  if (attributes.type === 'resource') return resourceRules.some((rule) => coversResource(rule, attributes));
  return nonResourceRules.some(
    ({ verbs, nonResourceURLs }) =>
      has(verbs, attributes.verb) && nonResourceURLs.some((url) => isPath(url, attributes.path)),
  );
}

function has(names: readonly string[], wanted: string): boolean {
  return names.includes('*') || names.includes(wanted);
}

function coversResource(
  rule: FlowResourceRule,
  { verb, group, resource, namespace }: ResourceAttributes,
): boolean {
  if (!has(rule.verbs, verb) || !has(rule.apiGroups, group) || !has(rule.resources, resource)) return false;
  return namespace === undefined ? rule.clusterScope === true : has(rule.namespaces ?? [], namespace);
}

/** `/healthz`, `/healthz/*` for what is below it, `*` for all. */
function isPath(url: string, path: string): boolean {
  if (url === '*' || url === path) return true;
  return url.endsWith('/*') && path.startsWith(url.slice(0, -1));
}
