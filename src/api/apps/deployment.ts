import { validateReplicatedPods } from '#api/apps/replicated-pods.ts';
import { AGE_COLUMN, countColumn, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { defaultPodTemplate } from '#api/core/pod-defaults.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
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
import { forbiddenField, invalidValue, unsupportedValue } from '#api/field-errors.ts';
import type { KubeObject, LabelSelector } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `apps/v1.Deployment`. */
export interface Deployment extends KubeObject {
  apiVersion: 'apps/v1';
  kind: 'Deployment';
  spec: DeploymentSpec;
  status?: DeploymentStatus;
}

/** `apps/v1.DeploymentSpec`. */
export interface DeploymentSpec {
  minReadySeconds?: number;
  paused?: boolean;
  progressDeadlineSeconds?: number;
  replicas?: number;
  revisionHistoryLimit?: number;
  selector: LabelSelector;
  strategy?: DeploymentStrategy;
  template: PodTemplateSpec;
}

/** `apps/v1.DeploymentStrategy`. */
export interface DeploymentStrategy {
  rollingUpdate?: RollingUpdateDeployment;
  type?: 'RollingUpdate' | 'Recreate';
}

/** `apps/v1.RollingUpdateDeployment`. */
export interface RollingUpdateDeployment {
  maxSurge?: number | string;
  maxUnavailable?: number | string;
}

/** `apps/v1.DeploymentStatus`. */
export interface DeploymentStatus {
  availableReplicas?: number;
  collisionCount?: number;
  conditions?: DeploymentCondition[];
  observedGeneration?: number;
  readyReplicas?: number;
  replicas?: number;
  terminatingReplicas?: number;
  unavailableReplicas?: number;
  updatedReplicas?: number;
}

/** `apps/v1.DeploymentCondition`. */
export interface DeploymentCondition {
  lastTransitionTime?: string;
  lastUpdateTime?: string;
  message?: string;
  reason?: string;
  status: 'True' | 'False' | 'Unknown';
  type: string;
}

/** `deployments.apps`. */
export const deploymentResource: ResourceType<Deployment> = defineResource<Deployment>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  schema: 'apps/v1.Deployment',
  fillsZeros: true,
  applyDefaults: defaultDeployment,
  validate: validateDeployment,
  warnings: templateWarnings(({ spec }) => spec.template, { namesPods: true }),
  columns: [
    NAME_COLUMN,
    textColumn(
      'Ready',
      'Pods that are ready, of those wanted.',
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`,
    ),
    countColumn(
      'Up-to-date',
      'Pods that have the current template.',
      ({ status }) => status?.updatedReplicas ?? 0,
    ),
    countColumn(
      'Available',
      'Pods that have been ready long enough.',
      ({ status }) => status?.availableReplicas ?? 0,
    ),
    AGE_COLUMN,
    ...workloadColumns<Deployment>({
      template: ({ spec }) => spec.template,
      selector: ({ spec }) => spec.selector,
    }),
  ],
});

const PROGRESS_DEADLINE_SECONDS = 600;
const REVISION_HISTORY_LIMIT = 10;

function defaultDeployment({ spec }: Deployment): void {
  spec.replicas ??= 1;
  spec.progressDeadlineSeconds ??= PROGRESS_DEADLINE_SECONDS;
  spec.revisionHistoryLimit ??= REVISION_HISTORY_LIMIT;
  spec.strategy ??= {};
  spec.strategy.type ??= 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxSurge ??= '25%';
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
  }
  defaultPodTemplate(spec.template);
}

function validateDeployment({ spec }: Deployment, old: Deployment | undefined): FieldError[] {
  const { minReadySeconds = 0, progressDeadlineSeconds } = spec;
  const isHasty = progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= minReadySeconds;
  return [
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...validateReplicatedPods(spec.selector, spec.template),
    ...validateStrategy('spec.strategy', spec.strategy),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...checkNonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...checkNonNegative('spec.progressDeadlineSeconds', progressDeadlineSeconds),
    ...(isHasty
      ? [
          invalidValue(
            'spec.progressDeadlineSeconds',
            progressDeadlineSeconds,
            'must be greater than minReadySeconds',
          ),
        ]
      : []),
    ...(old === undefined ? [] : checkUnchangedSelector('spec.selector', spec.selector, old.spec.selector)),
  ];
}

function validateStrategy(field: string, strategy: DeploymentStrategy = {}): FieldError[] {
  const { type, rollingUpdate } = strategy;
  switch (type) {
    case 'Recreate': {
      const detail = "may not be specified when strategy `type` is 'Recreate'";
      return rollingUpdate === undefined ? [] : [forbiddenField(`${field}.rollingUpdate`, detail)];
    }
    case 'RollingUpdate':
      return validateRollingUpdate(`${field}.rollingUpdate`, rollingUpdate);
    default:
      return [unsupportedValue(field, strategy, ['Recreate', 'RollingUpdate'])];
  }
}

function validateRollingUpdate(
  field: string,
  { maxSurge, maxUnavailable }: RollingUpdateDeployment = {},
): FieldError[] {
  const isStuck = countOf(maxSurge) === 0 && countOf(maxUnavailable) === 0;
  const detail = 'may not be 0 when `maxSurge` is 0';
  return [
    ...checkCountOrPercentage(`${field}.maxUnavailable`, maxUnavailable),
    ...checkCountOrPercentage(`${field}.maxSurge`, maxSurge),
    ...(isStuck ? [invalidValue(`${field}.maxUnavailable`, maxUnavailable, detail)] : []),
    ...checkAtMostAll(`${field}.maxUnavailable`, maxUnavailable),
  ];
}
