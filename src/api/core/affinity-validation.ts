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
import { checkLabelSelector, checkName, checkOneOf, checkPresent } from '#api/field-checks.ts';
import { duplicateValue, forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { labelValueErrors } from '#api/label-syntax.ts';
import {
  labelNameErrors,
  type NameRule,
  qualifiedNameErrors,
  subdomainNameErrors,
} from '#api/name-syntax.ts';
import type { LabelSelector } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const IN_SELECTOR = 'exists in both matchLabelKeys and labelSelector';

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
        ...validateNodeSelectorTerm(`${path}.preference`, preference, { anyValues: true }),
      ];
    }),
  ];
}

/** What is wrong with the terms of a node selector, of which there must be one. */
export function validateNodeSelectorTerms(field: string, terms: readonly NodeSelectorTerm[]): FieldError[] {
  const path = `${field}.nodeSelectorTerms`;
  if (terms.length === 0) return [requiredValue(path, 'must have at least one node selector term')];
  return terms.flatMap((term, index) =>
    validateNodeSelectorTerm(`${path}[${index}]`, term, { anyValues: false }),
  );
}

/** `anyValues`: values that no label can have select nothing, and are no error. */
function validateNodeSelectorTerm(
  field: string,
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  { anyValues }: { anyValues: boolean },
): FieldError[] {
  return [
    ...matchExpressions.flatMap((item, index) => {
      const path = `${field}.matchExpressions[${index}]`;
      return [
        ...validateOperator(path, item),
        ...checkName(`${path}.key`, item.key, qualifiedNameErrors),
        ...(anyValues ? [] : validateValues(path, item.values, labelValueErrors)),
      ];
    }),
    ...matchFields.flatMap((item, index) => validateFieldRequirement(`${field}.matchFields[${index}]`, item)),
  ];
}

function validateValues(field: string, values: readonly string[] = [], rule: NameRule): FieldError[] {
  return values.flatMap((value, index) => checkName(`${field}.values[${index}]`, value, rule));
}

function validateOperator(field: string, { operator, values = [] }: NodeSelectorRequirement): FieldError[] {
  const path = `${field}.values`;
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0
        ? []
        : [requiredValue(path, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
        ? []
        : [forbiddenField(path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    case 'Gt':
    case 'Lt':
      return values.length === 1
        ? []
        : [requiredValue(path, "must be specified single value when `operator` is 'Lt' or 'Gt'")];
    default:
      return [invalidValue(`${field}.operator`, operator, 'not a valid selector operator')];
  }
}

/** A node is selected by one name. */
function validateFieldRequirement(field: string, item: NodeSelectorRequirement): FieldError[] {
  const { key, operator, values = [] } = item;
  const isOne = operator === 'In' || operator === 'NotIn';
  const onlyOne = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
  return [
    ...(isOne && values.length !== 1 ? [requiredValue(`${field}.values`, onlyOne)] : []),
    ...(isOne ? [] : [invalidValue(`${field}.operator`, operator, 'not a valid selector operator')]),
    ...(key === 'metadata.name'
      ? validateValues(field, values, subdomainNameErrors)
      : [invalidValue(`${field}.key`, key, 'not a valid field selector key')]),
  ];
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
  const { topologyKey, namespaces = [], labelSelector } = term;
  return [
    ...checkLabelSelector(`${field}.labelSelector`, labelSelector),
    ...checkLabelSelector(`${field}.namespaceSelector`, term.namespaceSelector),
    ...namespaces.flatMap((name) => checkName(`${field}.namespace`, name, labelNameErrors)),
    ...validateLabelKeys(field, term),
    ...checkPresent(`${field}.topologyKey`, topologyKey, 'can not be empty'),
    ...checkName(`${field}.topologyKey`, topologyKey, qualifiedNameErrors),
  ];
}

/** Labels of the pod itself that it shall share, or not share, with what it is near to. */
function validateLabelKeys(
  field: string,
  { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector }: PodAffinityTerm,
): FieldError[] {
  const lists = { matchLabelKeys, mismatchLabelKeys };
  const both = 'exists in both matchLabelKeys and mismatchLabelKeys';
  return [
    ...Object.entries(lists).flatMap(([name, keys]) => validateKeys(`${field}.${name}`, keys, labelSelector)),
    ...repeatedKeys(field, matchLabelKeys, labelSelector),
    ...matchLabelKeys.flatMap((key, index) =>
      mismatchLabelKeys.includes(key) ? [invalidValue(`${field}.matchLabelKeys[${index}]`, key, both)] : [],
    ),
  ];
}

function validateKeys(
  field: string,
  keys: readonly string[],
  selector: LabelSelector | undefined,
): FieldError[] {
  if (keys.length === 0) return [];
  if (selector === undefined)
    return [forbiddenField(field, 'must not be specified when labelSelector is not set')];
  return keys.flatMap((key, index) => checkName(`${field}[${index}]`, key, qualifiedNameErrors));
}

/** Keys that the selector asks for twice: the second time it is by the pod's own label, as the server adds it. */
function repeatedKeys(
  field: string,
  keys: readonly string[],
  { matchLabels = {}, matchExpressions = [] }: LabelSelector = {},
): FieldError[] {
  const selected = new Set(Object.keys(matchLabels));
  return matchExpressions.flatMap(({ key }) => {
    const index = keys.lastIndexOf(key);
    const isRepeated = index >= 0 && selected.has(key);
    selected.add(key);
    return isRepeated ? [invalidValue(`${field}[${index}]`, key, IN_SELECTOR)] : [];
  });
}

function validateWeight(field: string, weight: number): FieldError[] {
  return weight >= 1 && weight <= 100 ? [] : [invalidValue(field, weight, 'must be in the range 1-100')];
}

/** What is wrong with the taints that a pod bears. */
export function validateTolerations(field: string, tolerations: readonly Toleration[] = []): FieldError[] {
  return tolerations.flatMap((toleration, index) => validateToleration(`${field}[${index}]`, toleration));
}

function validateToleration(
  field: string,
  { key = '', operator, value = '', effect, tolerationSeconds }: Toleration,
): FieldError[] {
  const matchesAll =
    'operator must be Exists when `key` is empty, which means "match all values and all keys"';
  return [
    ...(key === '' ? [] : checkName(`${field}.key`, key, qualifiedNameErrors)),
    ...(key === '' && operator !== 'Exists'
      ? [invalidValue(`${field}.operator`, operator ?? '', matchesAll)]
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
    ...validateTolerated(`${field}.operator`, operator ?? '', value),
    ...checkOneOf(`${field}.effect`, effect, TAINT_EFFECTS),
  ];
}

function validateTolerated(field: string, operator: string, value: string): FieldError[] {
  switch (operator) {
    case '':
    case 'Equal': {
      const errors = labelValueErrors(value);
      return errors.length > 0 ? [invalidValue(field, value, errors.join(';'))] : [];
    }
    case 'Exists':
      return value === ''
        ? []
        : [invalidValue(field, value, "value must be empty when `operator` is 'Exists'")];
    default:
      return checkOneOf(field, operator, ['Equal', 'Exists']);
  }
}

/** What is wrong with how pods shall be spread. */
export function validateTopologySpread(
  field: string,
  constraints: readonly TopologySpreadConstraint[] = [],
): FieldError[] {
  return constraints.flatMap((constraint, index) =>
    validateSpread(`${field}[${index}]`, constraint, constraints.slice(index + 1)),
  );
}

function validateSpread(
  field: string,
  constraint: TopologySpreadConstraint,
  later: readonly TopologySpreadConstraint[],
): FieldError[] {
  const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector } = constraint;
  const isRepeated = later.some(
    (other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable,
  );
  return [
    ...checkAboveZero(`${field}.maxSkew`, maxSkew),
    ...checkPresent(`${field}.topologyKey`, topologyKey, 'can not be empty'),
    ...checkOneOf(`${field}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']),
    ...(isRepeated
      ? [
          duplicateValue(
            `${field}.{topologyKey, whenUnsatisfiable}`,
            `{${topologyKey}, ${whenUnsatisfiable}}`,
          ),
        ]
      : []),
    ...validateMinDomains(`${field}.minDomains`, constraint),
    ...checkOneOf(`${field}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, ['Honor', 'Ignore']),
    ...checkOneOf(`${field}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, ['Honor', 'Ignore']),
    ...validateSpreadKeys(`${field}.matchLabelKeys`, constraint.matchLabelKeys, labelSelector),
    ...checkLabelSelector(`${field}.labelSelector`, labelSelector),
  ];
}

function validateMinDomains(
  field: string,
  { minDomains, whenUnsatisfiable }: TopologySpreadConstraint,
): FieldError[] {
  const onlyHard = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
  return [
    ...checkAboveZero(field, minDomains),
    ...(minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule'
      ? [invalidValue(field, minDomains, onlyHard)]
      : []),
  ];
}

function checkAboveZero(field: string, value: number | undefined): FieldError[] {
  return value !== undefined && value <= 0 ? [invalidValue(field, value, 'must be greater than zero')] : [];
}

function validateSpreadKeys(
  field: string,
  keys: readonly string[] = [],
  selector: LabelSelector | undefined,
): FieldError[] {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  const isSelected = (key: string): boolean =>
    Object.hasOwn(matchLabels, key) || matchExpressions.some((expression) => expression.key === key);
  return [
    ...(keys.length > 0 && selector === undefined
      ? [forbiddenField(field, 'must not be specified when labelSelector is not set')]
      : []),
    ...keys.flatMap((key, index) => [
      ...checkName(`${field}[${index}]`, key, qualifiedNameErrors),
      ...(isSelected(key) ? [invalidValue(`${field}[${index}]`, key, IN_SELECTOR)] : []),
    ]),
  ];
}
