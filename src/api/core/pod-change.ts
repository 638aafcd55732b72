import type { Toleration } from '#api/core/affinity.ts';
import type { Pod } from '#api/core/pod.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { forbiddenField, invalidValue } from '#api/field-errors.ts';
import { equalJson } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

const UPDATE_RULE = [
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,',
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join('');

/** What a request may change of a pod's spec: most may change little; each of these subresources one thing. */
type PodChange = 'update' | 'binding' | 'ephemeralcontainers' | 'resize';

/** What was changed in a pod's spec that may not be. Source: Kubernetes' `ValidatePodUpdate` and its subresources. */
export function validatePodChange(pod: Pod, old: Pod, subresource: string | undefined): FieldError[] {
  const change = changeOf(subresource);
  const isAllowed =
    pod.spec === old.spec || equalJson(masked(pod.spec, change) as Json, masked(old.spec, change) as Json);
  return [
    ...(isAllowed
      ? []
      : [
          forbiddenField(
            'spec',
            change === 'update' ? UPDATE_RULE : `${subresource} may not change other fields`,
          ),
        ]),
    ...(change === 'update' ? validateUpdate(pod.spec, old.spec) : []),
    ...(change === 'ephemeralcontainers' ? validateEphemeralChange(pod.spec, old.spec) : []),
    ...(change === 'binding' && old.spec.nodeName !== undefined && old.spec.nodeName !== ''
      ? [forbiddenField('spec.nodeName', `pod is already assigned to node "${old.spec.nodeName}"`)]
      : []),
  ];
}

function changeOf(subresource: string | undefined): PodChange {
  switch (subresource) {
    case 'binding':
    case 'ephemeralcontainers':
    case 'resize':
      return subresource;
    default:
      return 'update';
  }
}

/** The spec without what the change may touch. */
function masked(spec: PodSpec, change: PodChange): unknown {
  switch (change) {
    case 'binding':
      return { ...spec, nodeName: undefined };
    case 'ephemeralcontainers':
      return { ...spec, ephemeralContainers: undefined };
    case 'resize':
      return { ...spec, ...maskedContainers(spec, 'resources'), resources: undefined };
    case 'update':
      return {
        ...spec,
        ...maskedContainers(spec, 'image'),
        activeDeadlineSeconds: undefined,
        tolerations: undefined,
        schedulingGates: undefined,
        terminationGracePeriodSeconds: undefined,
      };
  }
}

function maskedContainers({ containers, initContainers }: PodSpec, field: 'image' | 'resources'): object {
  const mask = (container: object): object => ({ ...container, [field]: undefined });
  return { containers: containers.map(mask), initContainers: initContainers?.map(mask) };
}

function validateUpdate(spec: PodSpec, old: PodSpec): FieldError[] {
  const deadline = spec.activeDeadlineSeconds;
  const oldDeadline = old.activeDeadlineSeconds;
  const isLonger = oldDeadline !== undefined && (deadline === undefined || deadline > oldDeadline);
  const gates = new Set((old.schedulingGates ?? []).map(({ name }) => name));
  const addedGate = (spec.schedulingGates ?? []).find(({ name }) => !gates.has(name));
  const grace = spec.terminationGracePeriodSeconds;
  const oldGrace = old.terminationGracePeriodSeconds;
  const isRegraced = grace !== oldGrace && !(grace === 1 && (oldGrace ?? 0) < 0);
  return [
    ...(isLonger
      ? [
          invalidValue(
            'spec.activeDeadlineSeconds',
            deadline,
            `must be less than or equal to previous value: ${oldDeadline}`,
          ),
        ]
      : []),
    ...(addedGate === undefined
      ? []
      : [forbiddenField('spec.schedulingGates', 'only deletion is allowed, but found new scheduling gate')]),
    ...(isRegraced ? [forbiddenField('spec', UPDATE_RULE)] : []),
    ...((old.tolerations ?? []).every((toleration) => isKept(toleration, spec.tolerations ?? []))
      ? []
      : [
          forbiddenField(
            'spec.tolerations',
            'existing toleration can not be modified except its tolerationSeconds',
          ),
        ]),
  ];
}

/** A toleration stays, but for how long it holds. */
function isKept(toleration: Toleration, tolerations: readonly Toleration[]): boolean {
  return tolerations.some((other) => equalJson(withoutSeconds(toleration), withoutSeconds(other)));
}

function withoutSeconds(toleration: Toleration): Omit<Toleration, 'tolerationSeconds'> {
  const { tolerationSeconds: _, ...rest } = toleration;
  return rest;
}

function validateEphemeralChange({ ephemeralContainers = [] }: PodSpec, old: PodSpec): FieldError[] {
  const isKeptWhole = (old.ephemeralContainers ?? []).every((container) =>
    ephemeralContainers.some((other) => equalJson(container as unknown as Json, other as unknown as Json)),
  );
  return isKeptWhole
    ? []
    : [
        forbiddenField(
          'spec.ephemeralContainers',
          'existing ephemeral containers may not be changed or removed',
        ),
      ];
}
