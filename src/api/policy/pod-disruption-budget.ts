import { AGE_COLUMN, NAME_COLUMN, numberColumn, textColumn } from '#api/columns.ts';
import { checkConditions } from '#api/condition-checks.ts';
import { defineResource } from '#api/define-resource.ts';
import {
  checkAtMostAll,
  checkCountOrPercentage,
  checkLabelSelector,
  checkNonNegative,
  checkOneOf,
} from '#api/field-checks.ts';
import { invalidValue } from '#api/field-errors.ts';
import { pathSegmentErrors } from '#api/name-syntax.ts';
import type { Condition, KubeObject, LabelSelector } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `policy/v1.PodDisruptionBudget`. */
export interface PodDisruptionBudget extends KubeObject {
  apiVersion: 'policy/v1';
  kind: 'PodDisruptionBudget';
  spec: PodDisruptionBudgetSpec;
  status?: PodDisruptionBudgetStatus;
}

/** `policy/v1.PodDisruptionBudgetSpec`. */
export interface PodDisruptionBudgetSpec {
  maxUnavailable?: number | string;
  minAvailable?: number | string;
  selector?: LabelSelector;
  unhealthyPodEvictionPolicy?: 'IfHealthyBudget' | 'AlwaysAllow';
}

/** `policy/v1.PodDisruptionBudgetStatus`. */
export interface PodDisruptionBudgetStatus {
  conditions?: Condition[];
  currentHealthy?: number;
  desiredHealthy?: number;
  disruptedPods?: Record<string, string>;
  disruptionsAllowed?: number;
  expectedPods?: number;
  observedGeneration?: number;
}

/** `poddisruptionbudgets.policy`. */
export const podDisruptionBudgetResource: ResourceType<PodDisruptionBudget> =
  defineResource<PodDisruptionBudget>({
    group: 'policy',
    version: 'v1',
    kind: 'PodDisruptionBudget',
    plural: 'poddisruptionbudgets',
    shortNames: ['pdb'],
    subresources: ['status'],
    schema: 'policy/v1.PodDisruptionBudget',
    fillsZeros: true,
    nameRule: pathSegmentErrors,
    validateStatus,
    validate: ({ spec }) => [
      ...(spec.minAvailable !== undefined && spec.maxUnavailable !== undefined
        ? [invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set')]
        : []),
      ...(['minAvailable', 'maxUnavailable'] as const).flatMap((name) => [
        ...checkCountOrPercentage(`spec.${name}`, spec[name]),
        ...checkAtMostAll(`spec.${name}`, spec[name]),
      ]),
      ...checkLabelSelector('spec.selector', spec.selector),
      ...checkOneOf('spec.unhealthyPodEvictionPolicy', spec.unhealthyPodEvictionPolicy, [
        'AlwaysAllow',
        'IfHealthyBudget',
      ]),
    ],
    columns: [
      NAME_COLUMN,
      textColumn('Min Available', 'How many pods must stay.', ({ spec }) =>
        String(spec.minAvailable ?? 'N/A'),
      ),
      textColumn('Max Unavailable', 'How many pods may be away.', ({ spec }) =>
        String(spec.maxUnavailable ?? 'N/A'),
      ),
      numberColumn(
        'Allowed Disruptions',
        'How many pods may be evicted now.',
        ({ status }) => status?.disruptionsAllowed ?? 0,
      ),
      AGE_COLUMN,
    ],
  });

const COUNTS = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;

function validateStatus({ status = {} }: PodDisruptionBudget): FieldError[] {
  return [
    ...checkConditions('status.conditions', status.conditions),
    ...COUNTS.flatMap((name) => checkNonNegative(`status.${name}`, status[name])),
  ];
}
