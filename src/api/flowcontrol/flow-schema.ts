import { AGE_COLUMN, NAME_COLUMN, NONE, numberColumn, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkOneOf, checkPresent, checkRequiredName } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import { checkFlowConditions } from '#api/flowcontrol/condition-rules.ts';
import { labelNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { Condition, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `flowcontrol.apiserver.k8s.io/v1.FlowSchema`: which requests belong together, and to which priority level. */
export interface FlowSchema extends KubeObject {
  apiVersion: 'flowcontrol.apiserver.k8s.io/v1';
  kind: 'FlowSchema';
  spec: FlowSchemaSpec;
  status?: { conditions?: Partial<Condition>[] };
}

/** `flowcontrol.apiserver.k8s.io/v1.FlowSchemaSpec`. */
export interface FlowSchemaSpec {
  distinguisherMethod?: { type: string };
  matchingPrecedence?: number;
  priorityLevelConfiguration: { name: string };
  rules?: FlowRule[];
}

/** `flowcontrol.apiserver.k8s.io/v1.PolicyRulesWithSubjects`. */
export interface FlowRule {
  nonResourceRules?: { nonResourceURLs: string[]; verbs: string[] }[];
  resourceRules?: FlowResourceRule[];
  subjects: FlowSubject[];
}

/** `flowcontrol.apiserver.k8s.io/v1.ResourcePolicyRule`. */
export interface FlowResourceRule {
  apiGroups: string[];
  clusterScope?: boolean;
  namespaces?: string[];
  resources: string[];
  verbs: string[];
}

/** `flowcontrol.apiserver.k8s.io/v1.Subject`. */
export interface FlowSubject {
  group?: { name: string };
  kind: string;
  serviceAccount?: { name: string; namespace: string };
  user?: { name: string };
}

/** As its columns see it: they are made of any object that the schema admits. */
type FlowSchemaFields = KubeObject & { spec: Partial<FlowSchemaSpec> };

/** The precedence of a schema that names none. */
const PRECEDENCE_DEFAULT = 1000;
/** The last precedence; the first is 1. */
const PRECEDENCE_MAX = 10_000;

/** `flowschemas.flowcontrol.apiserver.k8s.io`. */
export const flowSchemaResource: ResourceType<FlowSchema> = defineResource<FlowSchema>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  namespaced: false,
  subresources: ['status'],
  schema: 'flowcontrol/v1.FlowSchema',
  fillsZeros: true,
  validateStatus: ({ status }) => checkFlowConditions(status?.conditions),
  applyDefaults({ spec }) {
    spec.matchingPrecedence ||= PRECEDENCE_DEFAULT;
  },
  validate: validateFlowSchema,
  columns: [
    NAME_COLUMN,
    textColumn(
      'PriorityLevel',
      'Where its requests go.',
      ({ spec }: FlowSchemaFields) => spec.priorityLevelConfiguration?.name ?? '',
    ),
    numberColumn(
      'MatchingPrecedence',
      'The lowest that matches counts.',
      ({ spec }) => spec.matchingPrecedence ?? 0,
    ),
    textColumn(
      'DistinguisherMethod',
      'What tells its flows apart.',
      ({ spec }) => spec.distinguisherMethod?.type ?? NONE,
    ),
    AGE_COLUMN,
    textColumn(
      'MissingPL',
      'Whether there is no such priority level.',
      ({ status }) => status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    ),
  ],
});

function validateFlowSchema({ metadata, spec }: FlowSchema): FieldError[] {
  const { matchingPrecedence = PRECEDENCE_DEFAULT, distinguisherMethod, rules = [] } = spec;
  return [
    ...checkPrecedence('spec.matchingPrecedence', matchingPrecedence, metadata.name),
    ...(distinguisherMethod === undefined
      ? []
      : checkOneOf('spec.distinguisherMethod.type', distinguisherMethod.type, ['ByNamespace', 'ByUser'])),
    ...checkRequiredName(
      'spec.priorityLevelConfiguration.name',
      spec.priorityLevelConfiguration.name,
      subdomainNameErrors,
      'must reference a priority level',
    ),
    ...rules.flatMap((rule, index) => validateRule(`spec.rules[${index}]`, rule)),
  ];
}

function checkPrecedence(field: string, precedence: number, name: string): FieldError[] {
  if (precedence <= 0) return [invalidValue(field, precedence, 'must be a positive value')];
  if (precedence > PRECEDENCE_MAX)
    return [invalidValue(field, precedence, `must not be greater than ${PRECEDENCE_MAX}`)];
  const isTaken = precedence === 1 && name !== 'exempt';
  const detail = "only the schema named 'exempt' may have matchingPrecedence 1";
  return isTaken ? [invalidValue(field, precedence, detail)] : [];
}

function validateRule(
  field: string,
  { subjects, resourceRules = [], nonResourceRules = [] }: FlowRule,
): FieldError[] {
  return [
    ...checkPresent(`${field}.subjects`, subjects, 'subjects must contain at least one value'),
    ...subjects.flatMap((subject, index) => validateSubject(`${field}.subjects[${index}]`, subject)),
    ...(resourceRules.length + nonResourceRules.length === 0
      ? [requiredValue(field, 'at least one of resourceRules and nonResourceRules has to be non-empty')]
      : []),
    ...resourceRules.flatMap((rule, index) => validateResourceRule(`${field}.resourceRules[${index}]`, rule)),
    ...nonResourceRules.flatMap(({ verbs, nonResourceURLs }, index) => [
      ...checkVerbs(`${field}.nonResourceRules[${index}].verbs`, verbs),
      ...checkUrls(`${field}.nonResourceRules[${index}].nonResourceURLs`, nonResourceURLs),
    ]),
  ];
}

const SUBJECT_FIELDS = { User: 'user', Group: 'group', ServiceAccount: 'serviceAccount' } as const;

/** A subject has what its kind wants, and nothing of another kind's. */
function validateSubject(field: string, subject: FlowSubject): FieldError[] {
  if (!Object.hasOwn(SUBJECT_FIELDS, subject.kind))
    return checkOneOf(`${field}.kind`, subject.kind, ['Group', 'ServiceAccount', 'User']);
  const kind = subject.kind as keyof typeof SUBJECT_FIELDS;
  const wanted = SUBJECT_FIELDS[kind];
  const others = Object.entries(SUBJECT_FIELDS).filter(
    ([, name]) => name !== wanted && subject[name] !== undefined,
  );
  return [
    ...(subject[wanted] === undefined
      ? [requiredValue(`${field}.${wanted}`, `${wanted} is required when subject kind is '${kind}'`)]
      : validateNamed(`${field}.${wanted}`, subject)),
    ...others.map(([other, name]) =>
      forbiddenField(`${field}.${name}`, `${name} is forbidden when subject kind is not '${other}'`),
    ),
  ];
}

function validateNamed(field: string, { kind, user, group, serviceAccount }: FlowSubject): FieldError[] {
  if (kind !== 'ServiceAccount')
    return checkPresent(`${field}.name`, (kind === 'User' ? user : group)?.name ?? '');
  const { name = '', namespace = '' } = serviceAccount ?? {};
  const missing = 'must specify namespace for service account';
  return [
    ...(name === '*' ? [] : checkRequiredName(`${field}.name`, name, subdomainNameErrors)),
    ...checkRequiredName(`${field}.namespace`, namespace, labelNameErrors, missing),
  ];
}

function validateResourceRule(field: string, rule: FlowResourceRule): FieldError[] {
  const { namespaces = [], clusterScope = false } = rule;
  const list = `${field}.namespaces`;
  const unscoped = 'resource rules that are not cluster scoped must supply at least one namespace';
  const entry = "each member of this list must be '*' or a DNS-1123 label; ";
  return [
    ...checkVerbs(`${field}.verbs`, rule.verbs),
    ...checkPresent(
      `${field}.apiGroups`,
      rule.apiGroups,
      'resource rules must supply at least one api group',
    ),
    ...checkWildcard(`${field}.apiGroups`, rule.apiGroups, 'api groups'),
    ...checkPresent(`${field}.resources`, rule.resources, 'resource rules must supply at least one resource'),
    ...checkWildcard(`${field}.resources`, rule.resources, 'resources'),
    ...(namespaces.length === 0 && !clusterScope ? [requiredValue(list, unscoped)] : []),
    ...checkWildcard(list, namespaces, 'namespaces'),
    ...(namespaces.includes('*')
      ? []
      : namespaces.flatMap((name, index) =>
          labelNameErrors(name).map((detail) => invalidValue(`${list}[${index}]`, name, entry + detail)),
        )),
  ];
}

/** A wildcard says all that the others could. */
function checkWildcard(field: string, names: readonly string[], what: string): FieldError[] {
  return names.includes('*') && names.length > 1
    ? [invalidValue(field, names, `if '*' is present, must not specify other ${what}`)]
    : [];
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

function checkVerbs(field: string, verbs: readonly string[]): FieldError[] {
  if (verbs.length === 0) return [requiredValue(field, 'verbs must contain at least one value')];
  if (verbs.includes('*')) return checkWildcard(field, verbs, 'verbs');
  return verbs.every((verb) => VERBS.includes(verb)) ? [] : [unsupportedValue(field, verbs, VERBS)];
}

function checkUrls(field: string, urls: readonly string[]): FieldError[] {
  if (urls.length === 0) return [requiredValue(field, 'nonResourceURLs must contain at least one value')];
  if (urls.includes('*')) return checkWildcard(field, urls, 'non-resource URLs');
  return urls.flatMap((url, index) => {
    const why = urlFault(url);
    return why === undefined ? [] : [invalidValue(`${field}[${index}]`, url, why)];
  });
}

function urlFault(url: string): string | undefined {
  if (url === '') return 'must not be empty';
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const at = url.indexOf('*');
  const isSuffix = at === url.length - 1 && url.endsWith('/*');
  return at === -1 || isSuffix ? undefined : 'wildcard can only do suffix matching';
}
