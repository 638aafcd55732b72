import { badRequest } from '#api/status.ts';

/** How much of a request is told. */
export type AuditLevel = 'None' | 'Metadata' | 'Request' | 'RequestResponse';

/** When it is told. */
export type AuditStage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic';

/** `audit.k8s.io/v1.Policy`: the first rule that matches decides. */
export interface AuditPolicy {
  readonly rules: readonly AuditRule[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

/** `audit.k8s.io/v1.PolicyRule`; an absent or empty list means any. */
export interface AuditRule {
  readonly level: AuditLevel;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly {
    readonly group?: string;
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

/** What a policy decides by. */
export interface AuditAttributes {
  readonly user: { readonly name: string; readonly groups: readonly string[] };
  readonly verb: string;
  /** `pods/exec`; undefined for what is no resource. */
  readonly resource: string | undefined;
  readonly group: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly path: string;
}

/** What is told of one request. */
export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: readonly AuditStage[];
  readonly omitManagedFields: boolean;
}

const LEVELS: readonly unknown[] = ['None', 'Metadata', 'Request', 'RequestResponse'];
const STAGES: readonly unknown[] = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'];

/** The most rules of a policy; more are refused. */
const RULES_MAX = 1024;

/** What is told where nothing else is configured: every write, never a body; not what components of this process repeat. */
export const DEFAULT_POLICY: AuditPolicy = {
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', verbs: ['get', 'list', 'watch', 'head', 'options'] },
    {
      level: 'None',
      resources: [
        { group: '', resources: ['events'] },
        { group: 'events.k8s.io', resources: ['events'] },
        { group: 'coordination.k8s.io', resources: ['leases'] },
      ],
    },
    {
      level: 'None',
      userGroups: ['system:nodes'],
      verbs: ['patch', 'update'],
      resources: [{ group: '', resources: ['nodes/status', 'pods/status'] }],
    },
    { level: 'Metadata' },
  ],
};

/** Reads a policy that was parsed from YAML. Throws BadRequest that names the field. */
export function readPolicy(value: unknown): AuditPolicy {
  const policy = value as Partial<AuditPolicy> & { apiVersion?: unknown; kind?: unknown };
  if (
    typeof value !== 'object' ||
    value === null ||
    policy.kind !== 'Policy' ||
    policy.apiVersion !== 'audit.k8s.io/v1'
  )
    throw badRequest('an audit policy has apiVersion: audit.k8s.io/v1 and kind: Policy');
  const { rules } = policy;
  if (!Array.isArray(rules)) throw badRequest('rules: Required value: a list of rules');
  if (rules.length > RULES_MAX)
    throw badRequest(`rules: Too many: ${rules.length}: at most ${RULES_MAX} are read`);
  checkStages('omitStages', policy.omitStages);
  for (const [index, rule] of (rules as Partial<AuditRule>[]).entries()) checkRule(`rules[${index}]`, rule);
  return policy as AuditPolicy;
}

function checkRule(field: string, rule: Partial<AuditRule>): void {
  if (typeof rule !== 'object' || rule === null) throw badRequest(`${field}: must be a rule`);
  if (!LEVELS.includes(rule.level))
    throw badRequest(
      `${field}.level: Unsupported value: ${JSON.stringify(rule.level)}: supported values: ${LEVELS.join(', ')}`,
    );
  for (const list of ['users', 'userGroups', 'verbs', 'namespaces', 'nonResourceURLs'] as const)
    checkTexts(`${field}.${list}`, rule[list]);
  checkStages(`${field}.omitStages`, rule.omitStages);
  if (rule.resources !== undefined && !Array.isArray(rule.resources))
    throw badRequest(`${field}.resources: must be a list`);
  for (const [index, each] of (rule.resources ?? []).entries()) {
    checkTexts(`${field}.resources[${index}].resources`, each.resources);
    checkTexts(`${field}.resources[${index}].resourceNames`, each.resourceNames);
  }
  if (
    (rule.nonResourceURLs?.length ?? 0) > 0 &&
    ((rule.resources?.length ?? 0) > 0 || (rule.namespaces?.length ?? 0) > 0)
  )
    throw badRequest(
      `${field}.nonResourceURLs: Invalid value: rules cannot apply to both regular resources and non-resource URLs`,
    );
}

function checkTexts(field: string, list: unknown): void {
  if (list !== undefined && !(Array.isArray(list) && list.every((each) => typeof each === 'string')))
    throw badRequest(`${field}: must be a list of texts`);
}

function checkStages(field: string, list: unknown): void {
  checkTexts(field, list);
  const wrong = (list as string[] | undefined)?.find((stage) => !STAGES.includes(stage));
  if (wrong !== undefined) throw badRequest(`${field}: Unsupported value: ${JSON.stringify(wrong)}`);
}

/** What is told of a request; nothing where no rule matches. */
export function decide(policy: AuditPolicy, attributes: AuditAttributes): AuditDecision {
  const rule = policy.rules.find((candidate) => matches(candidate, attributes));
  return {
    level: rule?.level ?? 'None',
    omitStages: [...(policy.omitStages ?? []), ...(rule?.omitStages ?? [])],
    omitManagedFields: rule?.omitManagedFields ?? policy.omitManagedFields ?? false,
  };
}

function matches(
  rule: AuditRule,
  { user, verb, resource, namespace, path, ...rest }: AuditAttributes,
): boolean {
  if (!hasOrAny(rule.users, user.name) || !hasOrAny(rule.verbs, verb)) return false;
  if ((rule.userGroups?.length ?? 0) > 0 && !user.groups.some((group) => rule.userGroups?.includes(group)))
    return false;
  const { resources = [], namespaces = [], nonResourceURLs = [] } = rule;
  if (resource === undefined) {
    if (resources.length > 0 || namespaces.length > 0) return false;
    return nonResourceURLs.length === 0 || nonResourceURLs.some((pattern) => matchesPath(pattern, path));
  }
  if (nonResourceURLs.length > 0 || !hasOrAny(namespaces, namespace ?? '')) return false;
  return (
    resources.length === 0 ||
    resources.some(
      ({ group = '', resources: names = [], resourceNames = [] }) =>
        group === rest.group &&
        (names.length === 0 || names.some((name) => matchesResource(name, resource))) &&
        (resourceNames.length === 0 || resourceNames.includes(rest.name ?? '')),
    )
  );
}

function hasOrAny(list: readonly string[] | undefined, value: string): boolean {
  return list === undefined || list.length === 0 || list.includes(value);
}

/** `pods` is pods alone, `pods/log` one subresource, `pods/*` all of them, `*` everything, `*\/status` that of every kind. */
function matchesResource(pattern: string, resource: string): boolean {
  if (pattern === '*' || pattern === resource) return true;
  const [plural, subresource] = pattern.split('/');
  const [ownPlural, ownSubresource] = resource.split('/');
  if (subresource === undefined || ownSubresource === undefined) return false;
  return (plural === '*' || plural === ownPlural) && (subresource === '*' || subresource === ownSubresource);
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
}
