import { validateReplicatedPods } from '#api/apps/replicated-pods.ts';
import { AGE_COLUMN, NAME_COLUMN, numberColumn } from '#api/columns.ts';
import { defaultPodTemplate } from '#api/core/pod-defaults.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import { templateWarnings } from '#api/core/pod-warnings.ts';
import { workloadColumns } from '#api/core/template-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkNonNegative, checkUnchangedSelector } from '#api/field-checks.ts';
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
  fillsZeros: true,
  applyDefaults: ({ spec }) => {
    spec.replicas ??= 1;
    spec.template ??= { spec: { containers: [] } };
    defaultPodTemplate(spec.template);
  },
  validate: validateReplicaSet,
  warnings: templateWarnings(({ spec }) => spec.template, { namesPods: true }),
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
});

function validateReplicaSet({ spec }: ReplicaSet, old: ReplicaSet | undefined): FieldError[] {
  return [
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...validateReplicatedPods(spec.selector, spec.template),
    ...(old === undefined ? [] : checkUnchangedSelector('spec.selector', spec.selector, old.spec.selector)),
  ];
}
