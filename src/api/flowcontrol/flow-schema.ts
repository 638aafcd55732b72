import { AGE_COLUMN, NAME_COLUMN, NONE, numberColumn, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkOneOf, checkPresent, checkRange } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
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
  applyDefaults({ spec }) {
    spec.matchingPrecedence ??= PRECEDENCE_DEFAULT;
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
    ...checkPresent('spec.priorityLevelConfiguration.name', spec.priorityLevelConfiguration.name),
    ...checkRange('spec.matchingPrecedence', matchingPrecedence, { min: 1, max: PRECEDENCE_MAX }),
    ...(matchingPrecedence === 1 && metadata.name !== 'exempt'
      ? [
          invalidValue(
            'spec.matchingPrecedence',
            1,
            "only the schema named 'exempt' may have matchingPrecedence 1",
          ),
        ]
      : []),
    ...(distinguisherMethod === undefined
      ? []
      : checkOneOf('spec.distinguisherMethod.type', distinguisherMethod.type, ['ByNamespace', 'ByUser'])),
    ...rules.flatMap((rule, index) => validateRule(`spec.rules[${index}]`, rule)),
  ];
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
    ...nonResourceRules.flatMap((rule, index) => [
      ...checkNames(`${field}.nonResourceRules[${index}].verbs`, rule.verbs),
      ...checkNames(`${field}.nonResourceRules[${index}].nonResourceURLs`, rule.nonResourceURLs),
    ]),
  ];
}

function validateSubject(field: string, subject: FlowSubject): FieldError[] {
  const wanted = { User: 'user', Group: 'group', ServiceAccount: 'serviceAccount' } as const;
  const kinds = Object.keys(wanted);
  if (!kinds.includes(subject.kind)) return checkOneOf(`${field}.kind`, subject.kind, kinds);
  return Object.values(wanted).flatMap((name) => {
    if (name !== wanted[subject.kind as keyof typeof wanted])
      return subject[name] === undefined
        ? []
        : [
            forbiddenField(
              `${field}.${name}`,
              `${name} is forbidden when subject kind is not '${kindOf(name)}'`,
            ),
          ];
    return subject[name] === undefined
      ? [requiredValue(`${field}.${name}`, `${name} is required when subject kind is '${subject.kind}'`)]
      : checkPresent(`${field}.${name}.name`, subject[name].name);
  });
}

function kindOf(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function validateResourceRule(field: string, rule: FlowResourceRule): FieldError[] {
  const { namespaces = [], clusterScope = false } = rule;
  return [
    ...checkNames(`${field}.verbs`, rule.verbs),
    ...checkNames(`${field}.apiGroups`, rule.apiGroups),
    ...checkNames(`${field}.resources`, rule.resources),
    ...(namespaces.length === 0 && !clusterScope
      ? [
          requiredValue(
            `${field}.namespaces`,
            'resource rules that are not cluster scoped must supply at least one namespace',
          ),
        ]
      : []),
    ...(namespaces.includes('*') && namespaces.length > 1
      ? [
          invalidValue(
            `${field}.namespaces`,
            namespaces,
            "if '*' is present, must not specify other namespaces",
          ),
        ]
      : []),
  ];
}

function checkNames(field: string, names: readonly string[]): FieldError[] {
  if (names.length === 0) return [requiredValue(field)];
  return names.includes('*') && names.length > 1
    ? [invalidValue(field, names, "if '*' is present, must not specify others")]
    : [];
}
