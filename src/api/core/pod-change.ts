import type { Toleration } from '#api/core/affinity.ts';
import { validateTolerations } from '#api/core/affinity-validation.ts';
import type { Container } from '#api/core/container.ts';
import { validateImageSpace } from '#api/core/container-validation.ts';
import { gatedChange } from '#api/core/gated-change.ts';
import type { Pod } from '#api/core/pod.ts';
import { MIRROR_ANNOTATION, validateAnnotationChange } from '#api/core/pod-annotations-validation.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { checkPresent } from '#api/field-checks.ts';
import { forbiddenField, invalidValue } from '#api/field-errors.ts';
import { equalJson } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

const UPDATE_RULE = [
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,',
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join('');

/** How long a pod may be active, in seconds; 0 ends it at once. */
const ACTIVE_DEADLINE_SECONDS_MAX = 2 ** 31 - 1;

/** What was changed in a pod that may not be. Source: Kubernetes' `ValidatePodUpdate` and its subresources. */
export function validatePodChange(pod: Pod, old: Pod, subresource: string | undefined): FieldError[] {
  const { annotations } = pod.metadata;
  const annotated = validateAnnotationChange('metadata.annotations', annotations, old.metadata.annotations);
  if (pod.spec === old.spec) return annotated;
  switch (subresource) {
    case 'binding':
      return [...annotated, ...validateBinding(pod.spec, old.spec)];
    case 'ephemeralcontainers':
      return [...annotated, ...validateEphemeralChange(pod.spec, old)];
    default:
      return [...annotated, ...validateUpdate(pod.spec, old.spec)];
  }
}

function validateBinding(spec: PodSpec, old: PodSpec): FieldError[] {
  const isOther = !isSame({ ...spec, nodeName: undefined }, { ...old, nodeName: undefined });
  return [
    ...(isOther ? [forbiddenField('spec', 'binding may not change other fields')] : []),
    ...(old.nodeName
      ? [forbiddenField('spec.nodeName', `pod is already assigned to node "${old.nodeName}"`)]
      : []),
  ];
}

function validateUpdate(spec: PodSpec, old: PodSpec): FieldError[] {
  const lists = ['containers', 'initContainers'] as const;
  const errors: FieldError[] = [];
  for (const list of lists) {
    const containers = spec[list] ?? [];
    if (containers.length !== (old[list] ?? []).length)
      return [...errors, forbiddenField(`spec.${list}`, 'pod updates may not add or remove containers')];
    errors.push(
      ...containers.flatMap((container, index) => validateImage(`spec.${list}[${index}]`, container)),
    );
  }
  const gated = gatedChange(spec, old);
  errors.push(
    ...validateDeadline(spec.activeDeadlineSeconds, old.activeDeadlineSeconds),
    ...validateTolerationChange(spec.tolerations ?? [], old.tolerations ?? []),
    ...validateGateChange(spec, old),
    ...gated.errors,
  );
  const masked = { ...maskedSpec(spec, old), ...gated.masked };
  return isSame(masked, old) ? errors : [...errors, forbiddenField('spec', UPDATE_RULE)];
}

function validateImage(field: string, container: Container): FieldError[] {
  return [...checkPresent(`${field}.image`, container.image), ...validateImageSpace(field, container)];
}

/** The spec with what may change as it was. */
function maskedSpec(spec: PodSpec, old: PodSpec): PodSpec {
  const imagesOf = (containers: Container[] | undefined, before: Container[] | undefined) =>
    containers?.map((container, index) => ({ ...container, image: before?.[index]?.image }));
  const graceSeconds = spec.terminationGracePeriodSeconds;
  const oldGraceSeconds = old.terminationGracePeriodSeconds;
  const isMadeValid = oldGraceSeconds !== undefined && oldGraceSeconds < 0 && graceSeconds === 1;
  return {
    ...spec,
    containers: imagesOf(spec.containers, old.containers),
    initContainers: imagesOf(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
    terminationGracePeriodSeconds: isMadeValid ? oldGraceSeconds : graceSeconds,
  } as PodSpec;
}

function validateDeadline(seconds: number | undefined, oldSeconds: number | undefined): FieldError[] {
  const field = 'spec.activeDeadlineSeconds';
  if (seconds === undefined) {
    const kept = 'must not update from a positive integer to nil value';
    return oldSeconds === undefined ? [] : [invalidValue(field, null, kept)];
  }
  const range = `must be between 0 and ${ACTIVE_DEADLINE_SECONDS_MAX}, inclusive`;
  return [
    ...(seconds < 0 || seconds > ACTIVE_DEADLINE_SECONDS_MAX ? [invalidValue(field, seconds, range)] : []),
    ...(oldSeconds !== undefined && oldSeconds < seconds
      ? [invalidValue(field, seconds, 'must be less than or equal to previous value')]
      : []),
  ];
}

function validateTolerationChange(
  tolerations: readonly Toleration[],
  old: readonly Toleration[],
): FieldError[] {
  const field = 'spec.tolerations';
  const isKept = old.every((toleration) => tolerations.some((other) => isSameButForTime(toleration, other)));
  const fixed = 'existing toleration can not be modified except its tolerationSeconds';
  return isKept ? validateTolerations(field, tolerations) : [forbiddenField(field, fixed)];
}

function isSameButForTime(a: Toleration, b: Toleration): boolean {
  return isSame({ ...a, tolerationSeconds: undefined }, { ...b, tolerationSeconds: undefined });
}

function validateGateChange({ schedulingGates = [] }: PodSpec, old: PodSpec): FieldError[] {
  const known = new Set((old.schedulingGates ?? []).map(({ name }) => name));
  return schedulingGates.flatMap(({ name }, index) => {
    const detail = `only deletion is allowed, but found new scheduling gate '${name}'`;
    return known.has(name) ? [] : [forbiddenField(`spec.schedulingGates[${index}].name`, detail)];
  });
}

function validateEphemeralChange({ ephemeralContainers = [] }: PodSpec, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined)
    return [forbiddenField('', 'static pods do not support ephemeral containers')];
  const field = 'spec.ephemeralContainers';
  const containers = new Map(ephemeralContainers.map((container) => [container.name, container]));
  return (old.spec.ephemeralContainers ?? []).flatMap((container) => {
    const { name } = container;
    const now = containers.get(name);
    if (now === undefined)
      return [forbiddenField(field, `existing ephemeral containers "${name}" may not be removed\n`)];
    return isSame(now, container)
      ? []
      : [forbiddenField(field, `existing ephemeral containers "${name}" may not be changed\n`)];
  });
}

/** Whether two say the same. */
function isSame(a: object, b: object): boolean {
  return equalJson(a as unknown as Json, b as unknown as Json);
}
