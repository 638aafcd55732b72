import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { fractionWarnings } from '#api/core/amount-warnings.ts';
import type { PersistentVolumeClaim } from '#api/core/persistent-volume-claim.ts';
import { defaultPodTemplate } from '#api/core/pod-defaults.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import {
  validateLastingPods,
  validateTemplateMetadata,
  validateWorkloadSelector,
} from '#api/core/pod-template-validation.ts';
import { templateWarnings } from '#api/core/pod-warnings.ts';
import { containerColumns } from '#api/core/template-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkLabelName, checkNonNegative, checkOneOf } from '#api/field-checks.ts';
import { forbiddenField, invalidValue } from '#api/field-errors.ts';
import { equalJson } from '#api/json.ts';
import { labelNameErrors } from '#api/name-syntax.ts';
import type { Json, KubeObject, LabelSelector } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `apps/v1.StatefulSet`. */
export interface StatefulSet extends KubeObject {
  apiVersion: 'apps/v1';
  kind: 'StatefulSet';
  spec: StatefulSetSpec;
  status?: StatefulSetStatus;
}

/** `apps/v1.StatefulSetSpec`. */
export interface StatefulSetSpec {
  minReadySeconds?: number;
  ordinals?: StatefulSetOrdinals;
  persistentVolumeClaimRetentionPolicy?: StatefulSetPersistentVolumeClaimRetentionPolicy;
  podManagementPolicy?: 'OrderedReady' | 'Parallel';
  replicas?: number;
  revisionHistoryLimit?: number;
  selector: LabelSelector;
  serviceName?: string;
  template: PodTemplateSpec;
  updateStrategy?: StatefulSetUpdateStrategy;
  volumeClaimTemplates?: PersistentVolumeClaim[];
}

/** `apps/v1.StatefulSetUpdateStrategy`. */
export interface StatefulSetUpdateStrategy {
  rollingUpdate?: RollingUpdateStatefulSetStrategy;
  type?: 'RollingUpdate' | 'OnDelete';
}

/** `apps/v1.RollingUpdateStatefulSetStrategy`. */
export interface RollingUpdateStatefulSetStrategy {
  maxUnavailable?: number | string;
  partition?: number;
}

/** `apps/v1.StatefulSetOrdinals`. */
export interface StatefulSetOrdinals {
  start?: number;
}

/** `apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy`. */
export interface StatefulSetPersistentVolumeClaimRetentionPolicy {
  whenDeleted?: 'Retain' | 'Delete';
  whenScaled?: 'Retain' | 'Delete';
}

/** `apps/v1.StatefulSetStatus`. */
export interface StatefulSetStatus {
  availableReplicas?: number;
  collisionCount?: number;
  conditions?: StatefulSetCondition[];
  currentReplicas?: number;
  currentRevision?: string;
  observedGeneration?: number;
  readyReplicas?: number;
  replicas: number;
  updateRevision?: string;
  updatedReplicas?: number;
}

/** `apps/v1.StatefulSetCondition`. */
export interface StatefulSetCondition {
  lastTransitionTime?: string;
  message?: string;
  reason?: string;
  status: 'True' | 'False' | 'Unknown';
  type: string;
}

/** `statefulsets.apps`. */
export const statefulSetResource: ResourceType<StatefulSet> = defineResource<StatefulSet>({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  schema: 'apps/v1.StatefulSet',
  fillsZeros: true,
  nameRule: labelNameErrors,
  applyDefaults: defaultStatefulSet,
  validate: validateStatefulSet,
  warnings: statefulSetWarnings,
  columns: [
    NAME_COLUMN,
    textColumn(
      'Ready',
      'Pods that are ready, of those wanted.',
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`,
    ),
    AGE_COLUMN,
    ...containerColumns<StatefulSet>(({ spec }) => spec.template),
  ],
});

const REVISION_HISTORY_LIMIT = 10;

/** Fields of the spec that an update may change. */
const CHANGEABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

function defaultStatefulSet({ spec }: StatefulSet): void {
  spec.replicas ??= 1;
  spec.podManagementPolicy ??= 'OrderedReady';
  spec.revisionHistoryLimit ??= REVISION_HISTORY_LIMIT;
  spec.updateStrategy ??= {};
  if (spec.updateStrategy.type === undefined) {
    spec.updateStrategy.type = 'RollingUpdate';
    spec.updateStrategy.rollingUpdate ??= {};
  }
  if (spec.updateStrategy.type === 'RollingUpdate' && spec.updateStrategy.rollingUpdate !== undefined)
    spec.updateStrategy.rollingUpdate.partition ??= 0;
  // Behind a gate that is closed, as in Kubernetes.
  delete spec.updateStrategy.rollingUpdate?.maxUnavailable;
  if (spec.ordinals !== undefined) spec.ordinals.start ??= 0;
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain';
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = 'v1';
    claim.kind = 'PersistentVolumeClaim';
    claim.metadata ??= {} as PersistentVolumeClaim['metadata'];
    claim.spec.volumeMode ??= 'Filesystem';
    claim.status ??= {};
    claim.status.phase ??= 'Pending';
  }
  defaultPodTemplate(spec.template);
}

const podWarnings = templateWarnings<StatefulSet>(({ spec }) => spec.template, { namesPods: false });

function statefulSetWarnings(set: StatefulSet, old: StatefulSet | undefined): string[] {
  const { volumeClaimTemplates = [], revisionHistoryLimit = 0 } = set.spec;
  return [
    ...podWarnings(set, old),
    ...volumeClaimTemplates.flatMap(({ spec }, index) => {
      // As in Kubernetes, the path has another letter on update.
      const field = `spec.volumeClaimTemplates[${index}]${old === undefined ? '' : '.Spec'}.resources`;
      return [
        ...fractionWarnings(`${field}.requests`, spec.resources?.requests, ['storage']),
        ...fractionWarnings(`${field}.limits`, spec.resources?.limits, ['storage']),
      ];
    }),
    ...(revisionHistoryLimit < 0
      ? [
          'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
        ]
      : []),
  ];
}

/** Kubernetes looks neither at the spec of the template nor at the claims: their pods and claims say what is wrong. */
function validateStatefulSet({ spec }: StatefulSet, old: StatefulSet | undefined): FieldError[] {
  const { ordinals, template, persistentVolumeClaimRetentionPolicy: retention } = spec;
  const selectorErrors = validateWorkloadSelector(spec.selector, template, {
    kind: 'statefulset',
    unreadable: '',
  });
  return [
    ...validatePodManagement('spec.podManagementPolicy', spec.podManagementPolicy),
    ...validateStrategy('spec.updateStrategy', spec.updateStrategy),
    ...checkOneOf(
      'spec.persistentVolumeClaimRetentionPolicy.whenDeleted',
      retention?.whenDeleted,
      CLAIM_POLICIES,
    ),
    ...checkOneOf(
      'spec.persistentVolumeClaimRetentionPolicy.whenScaled',
      retention?.whenScaled,
      CLAIM_POLICIES,
    ),
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...checkNonNegative('spec.ordinals.start', ordinals?.start),
    ...(old === undefined ? checkLabelName('spec.serviceName', spec.serviceName) : []),
    ...selectorErrors,
    ...(selectorErrors.some(({ detail }) => detail === '')
      ? []
      : validateTemplateMetadata('spec.template', template.metadata)),
    ...validateLastingPods('spec.template', template, 'StatefulSet'),
    ...(old === undefined ? [] : validateStatefulSetChange(spec, old.spec)),
  ];
}

const CLAIM_POLICIES = ['Retain', 'Delete'];

function validatePodManagement(field: string, policy: string | undefined): FieldError[] {
  const isKnown = policy === 'OrderedReady' || policy === 'Parallel';
  return isKnown ? [] : [invalidValue(field, policy, "must be 'OrderedReady' or 'Parallel'")];
}

function validateStrategy(field: string, strategy: StatefulSetUpdateStrategy = {}): FieldError[] {
  const { type, rollingUpdate } = strategy;
  switch (type) {
    case 'OnDelete': {
      const detail = "only allowed for updateStrategy 'RollingUpdate'";
      return rollingUpdate === undefined
        ? []
        : [invalidValue(`${field}.rollingUpdate`, rollingUpdate, detail)];
    }
    case 'RollingUpdate':
      return checkNonNegative(`${field}.rollingUpdate.partition`, rollingUpdate?.partition);
    default:
      return [invalidValue(field, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

function validateStatefulSetChange(spec: StatefulSetSpec, old: StatefulSetSpec): FieldError[] {
  const fixed = (of: StatefulSetSpec): Json =>
    Object.fromEntries(Object.entries(of).filter(([key]) => !CHANGEABLE.includes(key))) as unknown as Json;
  if (equalJson(fixed(spec), fixed(old))) return [];
  return [
    forbiddenField(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ];
}
