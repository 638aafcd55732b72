import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import { validateClaimSpec } from '#api/core/claim-validation.ts';
import type { PersistentVolumeClaim } from '#api/core/persistent-volume-claim.ts';
import { defaultPodTemplate } from '#api/core/pod-defaults.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import { validatePodTemplate, validateWorkloadSelector } from '#api/core/pod-template-validation.ts';
import { containerColumns } from '#api/core/template-columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkCountOrPercentage, checkNonNegative, checkOneOf } from '#api/field-checks.ts';
import { forbiddenField } from '#api/field-errors.ts';
import { equalJson } from '#api/json.ts';
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
  applyDefaults: defaultStatefulSet,
  validate: validateStatefulSet,
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
  spec.updateStrategy.type ??= 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.partition ??= 0;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain';
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = 'v1';
    claim.kind = 'PersistentVolumeClaim';
    claim.metadata ??= {} as PersistentVolumeClaim['metadata'];
    claim.spec ??= {};
    claim.spec.volumeMode ??= 'Filesystem';
    claim.status ??= { phase: 'Pending' };
  }
  defaultPodTemplate(spec.template);
}

function validateStatefulSet({ spec }: StatefulSet, old: StatefulSet | undefined): FieldError[] {
  const { updateStrategy, ordinals, persistentVolumeClaimRetentionPolicy: retention } = spec;
  return [
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...validateWorkloadSelector('spec', spec.selector, spec.template),
    ...validatePodTemplate('spec.template', withClaimedVolumes(spec), { restartPolicies: ['Always'] }),
    ...checkOneOf('spec.podManagementPolicy', spec.podManagementPolicy, ['OrderedReady', 'Parallel']),
    ...checkOneOf('spec.updateStrategy.type', updateStrategy?.type, ['OnDelete', 'RollingUpdate']),
    ...checkNonNegative(
      'spec.updateStrategy.rollingUpdate.partition',
      updateStrategy?.rollingUpdate?.partition,
    ),
    ...checkCountOrPercentage(
      'spec.updateStrategy.rollingUpdate.maxUnavailable',
      updateStrategy?.rollingUpdate?.maxUnavailable,
    ),
    ...checkNonNegative('spec.ordinals.start', ordinals?.start),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...checkNonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...checkOneOf('spec.persistentVolumeClaimRetentionPolicy.whenDeleted', retention?.whenDeleted, [
      'Delete',
      'Retain',
    ]),
    ...checkOneOf('spec.persistentVolumeClaimRetentionPolicy.whenScaled', retention?.whenScaled, [
      'Delete',
      'Retain',
    ]),
    ...(spec.volumeClaimTemplates ?? []).flatMap((claim, index) =>
      validateClaimSpec(`spec.volumeClaimTemplates[${index}].spec`, claim.spec),
    ),
    ...(old === undefined ? [] : validateStatefulSetChange(spec, old.spec)),
  ];
}

/** The template as its pods will have it: with a volume for each claim. */
function withClaimedVolumes({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec {
  const claimed = volumeClaimTemplates.map(({ metadata }) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: metadata.name },
  }));
  const names = new Set(claimed.map(({ name }) => name));
  const kept = (template.spec.volumes ?? []).filter(({ name }) => !names.has(name));
  return { ...template, spec: { ...template.spec, volumes: [...kept, ...claimed] } };
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
