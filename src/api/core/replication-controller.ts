import { AGE_COLUMN, NAME_COLUMN, numberColumn } from '#api/columns.ts';
import { defaultPodTemplate } from '#api/core/pod-defaults.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import {
  selectorMismatch,
  validateLastingPods,
  validatePodTemplate,
} from '#api/core/pod-template-validation.ts';
import { templateWarnings } from '#api/core/pod-warnings.ts';
import { workloadColumns } from '#api/core/template-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkNonNegative } from '#api/field-checks.ts';
import { requiredValue } from '#api/field-errors.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `core/v1.ReplicationController`. */
export interface ReplicationController extends KubeObject {
  apiVersion: 'v1';
  kind: 'ReplicationController';
  spec: ReplicationControllerSpec;
  status?: ReplicationControllerStatus;
}

/** `core/v1.ReplicationControllerSpec`. */
export interface ReplicationControllerSpec {
  minReadySeconds?: number;
  replicas?: number;
  selector?: Record<string, string>;
  template?: PodTemplateSpec;
}

/** `core/v1.ReplicationControllerStatus`. */
export interface ReplicationControllerStatus {
  availableReplicas?: number;
  conditions?: ReplicationControllerCondition[];
  fullyLabeledReplicas?: number;
  observedGeneration?: number;
  readyReplicas?: number;
  replicas: number;
}

/** `core/v1.ReplicationControllerCondition`. */
export interface ReplicationControllerCondition {
  lastTransitionTime?: string;
  message?: string;
  reason?: string;
  status: 'True' | 'False' | 'Unknown';
  type: string;
}

/** `replicationcontrollers`. */
export const replicationControllerResource: ResourceType<ReplicationController> =
  defineResource<ReplicationController>({
    group: '',
    version: 'v1',
    kind: 'ReplicationController',
    plural: 'replicationcontrollers',
    shortNames: ['rc'],
    categories: ['all'],
    subresources: ['status', 'scale'],
    schema: 'core/v1.ReplicationController',
    fillsZeros: true,
    applyDefaults: defaultReplicationController,
    validate: validateReplicationController,
    warnings: templateWarnings(({ spec }) => spec.template, { namesPods: true }),
    columns: [
      NAME_COLUMN,
      numberColumn('Desired', 'Pods wanted.', ({ spec }) => spec.replicas ?? 1),
      numberColumn('Current', 'Pods that there are.', ({ status }) => status?.replicas ?? 0),
      numberColumn('Ready', 'Pods that are ready.', ({ status }) => status?.readyReplicas ?? 0),
      AGE_COLUMN,
      ...workloadColumns<ReplicationController>({
        template: ({ spec }) => spec.template,
        selector: ({ spec }) => ({ matchLabels: spec.selector ?? {} }),
      }),
    ],
    selectableFields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  });

/** The selector, and the object's own labels, are those of the template where they are not given. */
function defaultReplicationController({ metadata, spec }: ReplicationController): void {
  spec.replicas ??= 1;
  defaultPodTemplate(spec.template);
  const labels = spec.template?.metadata?.labels;
  if (labels === undefined) return;
  spec.selector ??= { ...labels };
  metadata.labels ??= { ...labels };
}

function validateReplicationController({ spec }: ReplicationController): FieldError[] {
  const { selector = {}, template } = spec;
  const hasSelector = Object.keys(selector).length > 0;
  return [
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...(hasSelector ? [] : [requiredValue('spec.selector')]),
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...(template === undefined
      ? [requiredValue('spec.template')]
      : [
          ...(hasSelector && !matchesLabels(selector, template.metadata?.labels)
            ? [selectorMismatch(template)]
            : []),
          ...validatePodTemplate('spec.template', template),
          ...validateLastingPods('spec.template', template, 'ReplicationController'),
        ]),
  ];
}

function matchesLabels(selector: Record<string, string>, labels: Record<string, string> = {}): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}
