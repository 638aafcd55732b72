import { AGE_COLUMN, formatLabels, NAME_COLUMN, numberColumn, textColumn } from '#api/columns.ts';
import { defaultPodTemplate } from '#api/core/pod-defaults.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import {
  validateLastingPods,
  validatePodTemplate,
  validateWorkloadSelector,
} from '#api/core/pod-template-validation.ts';
import { templateWarnings } from '#api/core/pod-warnings.ts';
import { workloadColumns } from '#api/core/template-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import {
  checkAtMostAll,
  checkCountOrPercentage,
  checkNonNegative,
  checkUnchangedSelector,
  countOf,
} from '#api/field-checks.ts';
import { invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import type { KubeObject, LabelSelector } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `apps/v1.DaemonSet`. */
export interface DaemonSet extends KubeObject {
  apiVersion: 'apps/v1';
  kind: 'DaemonSet';
  spec: DaemonSetSpec;
  status?: DaemonSetStatus;
}

/** `apps/v1.DaemonSetSpec`. */
export interface DaemonSetSpec {
  minReadySeconds?: number;
  revisionHistoryLimit?: number;
  selector: LabelSelector;
  template: PodTemplateSpec;
  updateStrategy?: DaemonSetUpdateStrategy;
}

/** `apps/v1.DaemonSetUpdateStrategy`. */
export interface DaemonSetUpdateStrategy {
  rollingUpdate?: RollingUpdateDaemonSet;
  type?: 'RollingUpdate' | 'OnDelete';
}

/** `apps/v1.RollingUpdateDaemonSet`. */
export interface RollingUpdateDaemonSet {
  maxSurge?: number | string;
  maxUnavailable?: number | string;
}

/** `apps/v1.DaemonSetStatus`. */
export interface DaemonSetStatus {
  collisionCount?: number;
  conditions?: DaemonSetCondition[];
  currentNumberScheduled: number;
  desiredNumberScheduled: number;
  numberAvailable?: number;
  numberMisscheduled: number;
  numberReady: number;
  numberUnavailable?: number;
  observedGeneration?: number;
  updatedNumberScheduled?: number;
}

/** `apps/v1.DaemonSetCondition`. */
export interface DaemonSetCondition {
  lastTransitionTime?: string;
  message?: string;
  reason?: string;
  status: 'True' | 'False' | 'Unknown';
  type: string;
}

/** `daemonsets.apps`. */
export const daemonSetResource: ResourceType<DaemonSet> = defineResource<DaemonSet>({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  subresources: ['status'],
  schema: 'apps/v1.DaemonSet',
  fillsZeros: true,
  applyDefaults: defaultDaemonSet,
  validate: validateDaemonSet,
  warnings: templateWarnings(({ spec }) => spec.template, { namesPods: false }),
  columns: [
    NAME_COLUMN,
    numberColumn(
      'Desired',
      'Nodes that shall run the pod.',
      ({ status }) => status?.desiredNumberScheduled ?? 0,
    ),
    numberColumn('Current', 'Nodes that run the pod.', ({ status }) => status?.currentNumberScheduled ?? 0),
    numberColumn('Ready', 'Pods that are ready.', ({ status }) => status?.numberReady ?? 0),
    numberColumn(
      'Up-to-date',
      'Pods that have the current template.',
      ({ status }) => status?.updatedNumberScheduled ?? 0,
    ),
    numberColumn(
      'Available',
      'Pods that have been ready long enough.',
      ({ status }) => status?.numberAvailable ?? 0,
    ),
    textColumn('Node Selector', 'Which nodes shall run the pod.', ({ spec }) =>
      formatLabels(spec.template?.spec?.nodeSelector),
    ),
    AGE_COLUMN,
    ...workloadColumns<DaemonSet>({
      template: ({ spec }) => spec.template,
      selector: ({ spec }) => spec.selector,
    }),
  ],
});

const REVISION_HISTORY_LIMIT = 10;

function defaultDaemonSet({ spec }: DaemonSet): void {
  spec.revisionHistoryLimit ??= REVISION_HISTORY_LIMIT;
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ??= 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
    spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
  }
  defaultPodTemplate(spec.template);
}

function validateDaemonSet({ spec }: DaemonSet, old: DaemonSet | undefined): FieldError[] {
  return [
    ...validateSelector(spec),
    ...validatePodTemplate('spec.template', spec.template),
    ...validateLastingPods('spec.template', spec.template, 'DaemonSet'),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...validateStrategy('spec.updateStrategy', spec.updateStrategy),
    ...checkNonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...(old === undefined ? [] : checkUnchangedSelector('spec.selector', spec.selector, old.spec.selector)),
  ];
}

/** A selector that is left out selects nothing: that is all that Kubernetes says of it. */
function validateSelector({ selector, template }: DaemonSetSpec): FieldError[] {
  const errors = validateWorkloadSelector(selector, template, { kind: 'daemonset' });
  return errors.filter(({ type, field }) => type !== 'Required' || field !== 'spec.selector');
}

function validateStrategy(field: string, strategy: DaemonSetUpdateStrategy = {}): FieldError[] {
  switch (strategy.type) {
    case 'OnDelete':
      return [];
    case 'RollingUpdate':
      return validateRollingUpdate(`${field}.rollingUpdate`, strategy.rollingUpdate);
    default:
      return [unsupportedValue(field, strategy, ['RollingUpdate', 'OnDelete'])];
  }
}

/** Pods are replaced either after or before their node has a new one. */
function validateRollingUpdate(
  field: string,
  { maxUnavailable, maxSurge }: RollingUpdateDaemonSet = {},
): FieldError[] {
  const isAfter = countOf(maxUnavailable) !== 0;
  const isBefore = countOf(maxSurge) !== 0;
  return [
    ...checkCountOrPercentage(`${field}.maxUnavailable`, maxUnavailable),
    ...checkCountOrPercentage(`${field}.maxSurge`, maxSurge),
    ...checkAtMostAll(`${field}.maxUnavailable`, maxUnavailable),
    ...checkAtMostAll(`${field}.maxSurge`, maxSurge),
    ...(isAfter && isBefore
      ? [invalidValue(`${field}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero')]
      : []),
    ...(isAfter || isBefore
      ? []
      : [requiredValue(`${field}.maxUnavailable`, 'cannot be 0 when maxSurge is 0')]),
  ];
}
