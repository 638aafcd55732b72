import type {
  Affinity,
  NodeAffinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from '#api/core/affinity.ts';
import {
  checkLabelSelector,
  checkName,
  checkOneOf,
  checkPositive,
  checkPresent,
  checkRange,
} from '#api/field-checks.ts';
import { duplicateValue, invalidValue, requiredValue } from '#api/field-errors.ts';
import { labelNameErrors, qualifiedNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** What is wrong with where a pod wants to be. */
export function validateAffinity(field: string, affinity: Affinity | undefined): FieldError[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity ?? {};
  return [
    ...(nodeAffinity === undefined ? [] : validateNodeAffinity(`${field}.nodeAffinity`, nodeAffinity)),
    ...(podAffinity === undefined ? [] : validatePodAffinity(`${field}.podAffinity`, podAffinity)),
    ...(podAntiAffinity === undefined
      ? []
      : validatePodAffinity(`${field}.podAntiAffinity`, podAntiAffinity)),
  ];
}

function validateNodeAffinity(field: string, affinity: NodeAffinity): FieldError[] {
  const required = affinity.requiredDuringSchedulingIgnoredDuringExecution;
  const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...(required === undefined
      ? []
      : validateNodeSelectorTerms(
          `${field}.requiredDuringSchedulingIgnoredDuringExecution`,
          required.nodeSelectorTerms,
        )),
    ...preferred.flatMap(({ weight, preference }, index) => {
      const path = `${field}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
      return [
        ...validateWeight(`${path}.weight`, weight),
        ...validateNodeSelectorTerm(`${path}.preference`, preference),
      ];
    }),
  ];
}

/** What is wrong with the terms of a node selector, of which there must be one. */
export function validateNodeSelectorTerms(field: string, terms: readonly NodeSelectorTerm[]): FieldError[] {
  const path = `${field}.nodeSelectorTerms`;
  if (terms.length === 0) return [requiredValue(path, 'must have at least one node selector term')];
  return terms.flatMap((term, index) => validateNodeSelectorTerm(`${path}[${index}]`, term));
}

function validateNodeSelectorTerm(
  field: string,
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
): FieldError[] {
  return [
    ...matchExpressions.flatMap((item, index) =>
      validateNodeRequirement(`${field}.matchExpressions[${index}]`, item),
    ),
    ...matchFields.flatMap((item, index) => {
      const path = `${field}.matchFields[${index}]`;
      return [
        ...validateNodeRequirement(path, item),
        ...(item.key === 'metadata.name'
          ? []
          : [invalidValue(`${path}.key`, item.key, 'not a valid field selector key')]),
      ];
    }),
  ];
}

function validateNodeRequirement(
  field: string,
  { key, operator, values = [] }: NodeSelectorRequirement,
): FieldError[] {
  const errors = checkName(`${field}.key`, key, qualifiedNameErrors);
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length > 0) return errors;
      return [
        ...errors,
        requiredValue(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"),
      ];
    case 'Exists':
    case 'DoesNotExist':
      if (values.length === 0) return errors;
      return [
        ...errors,
        {
          type: 'Forbidden',
          field: `${field}.values`,
          detail: "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        },
      ];
    case 'Gt':
    case 'Lt':
      if (values.length === 1) return errors;
      return [
        ...errors,
        requiredValue(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"),
      ];
    default:
      return [...errors, invalidValue(`${field}.operator`, operator, 'not a valid selector operator')];
  }
}

function validatePodAffinity(field: string, affinity: PodAffinity): FieldError[] {
  const required = affinity.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...required.flatMap((term, index) =>
      validatePodAffinityTerm(`${field}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`, term),
    ),
    ...preferred.flatMap(({ weight, podAffinityTerm }, index) => {
      const path = `${field}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
      return [
        ...validateWeight(`${path}.weight`, weight),
        ...validatePodAffinityTerm(`${path}.podAffinityTerm`, podAffinityTerm),
      ];
    }),
  ];
}

function validatePodAffinityTerm(field: string, term: PodAffinityTerm): FieldError[] {
  const { topologyKey, namespaces = [] } = term;
  return [
    ...checkLabelSelector(`${field}.labelSelector`, term.labelSelector),
    ...checkLabelSelector(`${field}.namespaceSelector`, term.namespaceSelector),
    ...namespaces.flatMap((name, index) => checkName(`${field}.namespaces[${index}]`, name, labelNameErrors)),
    ...(topologyKey === ''
      ? [requiredValue(`${field}.topologyKey`, 'can not be empty')]
      : checkName(`${field}.topologyKey`, topologyKey, qualifiedNameErrors)),
  ];
}

function validateWeight(field: string, weight: number): FieldError[] {
  return checkRange(field, weight, { min: 1, max: 100 }).map((error) => ({
    ...error,
    detail: 'must be in the range 1-100',
  }));
}

/** What is wrong with the taints that a pod bears. */
export function validateTolerations(field: string, tolerations: readonly Toleration[] = []): FieldError[] {
  return tolerations.flatMap((toleration, index) => validateToleration(`${field}[${index}]`, toleration));
}

function validateToleration(
  field: string,
  { key = '', operator = 'Equal', value = '', effect, tolerationSeconds }: Toleration,
): FieldError[] {
  return [
    ...(key === '' ? [] : checkName(`${field}.key`, key, qualifiedNameErrors)),
    ...(key === '' && operator !== 'Exists'
      ? [
          invalidValue(
            `${field}.operator`,
            operator,
            'operator must be Exists when `key` is empty, which means "match all values and all keys"',
          ),
        ]
      : []),
    ...(tolerationSeconds !== undefined && effect !== 'NoExecute'
      ? [
          invalidValue(
            `${field}.effect`,
            effect ?? '',
            "effect must be 'NoExecute' when `tolerationSeconds` is set",
          ),
        ]
      : []),
    ...checkOneOf(`${field}.operator`, operator, ['Equal', 'Exists', 'Lt', 'Gt']),
    ...(operator === 'Exists' && value !== ''
      ? [invalidValue(`${field}.operator`, value, "value must be empty when `operator` is 'Exists'")]
      : []),
    ...checkOneOf(`${field}.effect`, effect, TAINT_EFFECTS),
  ];
}

/** What is wrong with how pods shall be spread. */
export function validateTopologySpread(
  field: string,
  constraints: readonly TopologySpreadConstraint[] = [],
): FieldError[] {
  const keys = constraints.map(
    ({ topologyKey, whenUnsatisfiable }) => `{${topologyKey}, ${whenUnsatisfiable}}`,
  );
  return constraints.flatMap((constraint, index) => {
    const path = `${field}[${index}]`;
    return [
      ...checkPositive(`${path}.maxSkew`, constraint.maxSkew),
      ...checkPresent(`${path}.topologyKey`, constraint.topologyKey, 'can not be empty'),
      ...checkOneOf(`${path}.whenUnsatisfiable`, constraint.whenUnsatisfiable, [
        'DoNotSchedule',
        'ScheduleAnyway',
      ]),
      ...checkOneOf(`${path}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, ['Honor', 'Ignore']),
      ...checkOneOf(`${path}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, ['Honor', 'Ignore']),
      ...checkPositive(`${path}.minDomains`, constraint.minDomains),
      ...(constraint.minDomains !== undefined && constraint.whenUnsatisfiable !== 'DoNotSchedule'
        ? [
            invalidValue(
              `${path}.minDomains`,
              constraint.minDomains,
              'can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
            ),
          ]
        : []),
      ...checkLabelSelector(`${path}.labelSelector`, constraint.labelSelector),
      ...(keys.indexOf(keys[index] ?? '') < index
        ? [duplicateValue(`${path}.{topologyKey, whenUnsatisfiable}`, keys[index])]
        : []),
    ];
  });
}
