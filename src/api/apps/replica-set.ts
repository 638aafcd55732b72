import { AGE_COLUMN, NAME_COLUMN, numberColumn } from '#api/columns.ts';
import { defaultPodTemplate } from '#api/core/pod-defaults.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import { validatePodTemplate, validateWorkloadSelector } from '#api/core/pod-template-validation.ts';
import { workloadColumns } from '#api/core/template-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkNonNegative, checkUnchanged } from '#api/field-checks.ts';
import { requiredValue } from '#api/field-errors.ts';
import type { KubeObject, LabelSelector } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `apps/v1.ReplicaSet`. */
export interface ReplicaSet extends KubeObject {
  apiVersion: 'apps/v1';
  kind: 'ReplicaSet';
  spec: ReplicaSetSpec;
  status?: ReplicaSetStatus;
}

/** `apps/v1.ReplicaSetSpec`. */
export interface ReplicaSetSpec {
  minReadySeconds?: number;
  replicas?: number;
  selector: LabelSelector;
  template: PodTemplateSpec;
}

/** `apps/v1.ReplicaSetStatus`. */
export interface ReplicaSetStatus {
  availableReplicas?: number;
  conditions?: ReplicaSetCondition[];
  fullyLabeledReplicas?: number;
  observedGeneration?: number;
  readyReplicas?: number;
  replicas: number;
  terminatingReplicas?: number;
}

/** `apps/v1.ReplicaSetCondition`. */
export interface ReplicaSetCondition {
  lastTransitionTime?: string;
  message?: string;
  reason?: string;
  status: 'True' | 'False' | 'Unknown';
  type: string;
}

/** `replicasets.apps`. */
export const replicaSetResource: ResourceType<ReplicaSet> = defineResource<ReplicaSet>({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  schema: 'apps/v1.ReplicaSet',
  applyDefaults: ({ spec }) => {
    spec.replicas ??= 1;
    defaultPodTemplate(spec.template);
  },
  validate: validateReplicaSet,
  columns: [
    NAME_COLUMN,
    numberColumn('Desired', 'Pods wanted.', ({ spec }) => spec.replicas ?? 1),
    numberColumn('Current', 'Pods that there are.', ({ status }) => status?.replicas ?? 0),
    numberColumn('Ready', 'Pods that are ready.', ({ status }) => status?.readyReplicas ?? 0),
    AGE_COLUMN,
    ...workloadColumns<ReplicaSet>({
      template: ({ spec }) => spec.template,
      selector: ({ spec }) => spec.selector,
    }),
  ],
  selectableFields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
});

function validateReplicaSet({ spec }: ReplicaSet, old: ReplicaSet | undefined): FieldError[] {
  const errors = [
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...(old === undefined ? [] : checkUnchanged('spec.selector', spec.selector, old.spec.selector)),
  ];
  if (spec.template === undefined) return [...errors, requiredValue('spec.template')];
  return [
    ...errors,
    ...validateWorkloadSelector('spec', spec.selector, spec.template),
    ...validatePodTemplate('spec.template', spec.template, { restartPolicies: ['Always'] }),
  ];
}
