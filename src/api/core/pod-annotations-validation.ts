import { validateTolerations } from '#api/core/affinity-validation.ts';
import { validatePathBelow } from '#api/core/path-validation.ts';
import { type PlacedContainer, placedContainers } from '#api/core/pod-containers.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import type { AppArmorProfile, SeccompProfile } from '#api/core/security-context.ts';
import { forbiddenField, invalidValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';

/** A pod that a kubelet has of its own, and only shows to the API. */
export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';
/** What AppArmor profile a container has, by its name: what `appArmorProfile` is since Kubernetes 1.30. */
export const APP_ARMOR_PREFIX = 'container.apparmor.security.beta.kubernetes.io/';
/** What seccomp profile a pod, and a container by its name, had before there were fields for it. */
export const SECCOMP_POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
export const SECCOMP_PREFIX = 'container.seccomp.security.alpha.kubernetes.io/';
const TOLERATIONS_ANNOTATION = 'scheduler.alpha.kubernetes.io/tolerations';
const DELETION_COST_ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';

const DEFAULT_SECCOMP = ['runtime/default', 'docker/default'];
const LOCAL = 'localhost/';
/** A 32-bit integer, without a plus or leading zeros. */
const DELETION_COST = /^(?:0|-?[1-9]\d{0,9})$/;

type Annotations = Readonly<Record<string, string>>;

/** What is wrong with annotations that mean something in a pod. Source: Kubernetes' `ValidatePodSpecificAnnotations`. */
export function validatePodAnnotations(field: string, annotations: Annotations, spec: PodSpec): FieldError[] {
  const entries = Object.entries(annotations);
  if (entries.length === 0) return [];
  const mirror = annotations[MIRROR_ANNOTATION];
  const unbound = 'must set spec.nodeName if mirror pod annotation is set';
  return [
    ...(mirror !== undefined && !spec.nodeName
      ? [invalidValue(`${field}[${MIRROR_ANNOTATION}]`, mirror, unbound)]
      : []),
    ...validateOldTolerations(field, annotations[TOLERATIONS_ANNOTATION] ?? ''),
    ...validateDeletionCost(field, annotations[DELETION_COST_ANNOTATION]),
    ...entries.flatMap(([key, value]) =>
      key === SECCOMP_POD_ANNOTATION || key.startsWith(SECCOMP_PREFIX)
        ? validateOldSeccomp(`${field}.${key}`, value)
        : [],
    ),
    ...entries.flatMap(([key, value]) =>
      key.startsWith(APP_ARMOR_PREFIX) ? validateOldAppArmor(field, { key, value, spec }) : [],
    ),
  ];
}

/** Annotations that a pod keeps as it was made with them. */
export function validateAnnotationChange(
  field: string,
  annotations: Annotations = {},
  old: Annotations = {},
): FieldError[] {
  const fixed = (key: string): string | undefined => {
    if (key.startsWith(APP_ARMOR_PREFIX)) return 'AppArmor annotations';
    return key === MIRROR_ANNOTATION ? 'mirror pod annotation' : undefined;
  };
  const told = (keys: readonly string[], may: string): FieldError[] =>
    keys.flatMap((key) => {
      const what = fixed(key);
      return what === undefined ? [] : [forbiddenField(`${field}[${key}]`, `may not ${may} ${what}`)];
    });
  return [
    ...told(
      Object.keys(old).filter((key) => annotations[key] !== old[key]),
      'remove or update',
    ),
    ...told(
      Object.keys(annotations).filter((key) => !Object.hasOwn(old, key)),
      'add',
    ),
  ];
}

function validateOldTolerations(field: string, text: string): FieldError[] {
  if (text === '') return [];
  try {
    const tolerations: unknown = JSON.parse(text);
    return Array.isArray(tolerations)
      ? validateTolerations(`${field}.${TOLERATIONS_ANNOTATION}`, tolerations)
      : [invalidValue(field, TOLERATIONS_ANNOTATION, 'must be a list of tolerations')];
  } catch {
    return [invalidValue(field, TOLERATIONS_ANNOTATION, 'must be a list of tolerations in JSON')];
  }
}

function validateDeletionCost(field: string, cost: string | undefined): FieldError[] {
  const number = Number(cost);
  const isCost =
    cost === undefined ||
    (DELETION_COST.test(cost) && number === Math.min(Math.max(number, -(2 ** 31)), 2 ** 31 - 1));
  return isCost
    ? []
    : [invalidValue(`${field}[${DELETION_COST_ANNOTATION}]`, cost, 'must be a 32bit integer')];
}

function validateOldSeccomp(field: string, profile: string): FieldError[] {
  if (profile === 'unconfined' || DEFAULT_SECCOMP.includes(profile)) return [];
  return profile.startsWith(LOCAL)
    ? validatePathBelow(field, profile.slice(LOCAL.length))
    : [invalidValue(field, profile, 'must be a valid seccomp profile')];
}

function validateOldAppArmor(
  field: string,
  { key, value, spec }: { key: string; value: string; spec: PodSpec },
): FieldError[] {
  const name = key.slice(APP_ARMOR_PREFIX.length);
  const isKnown = placedContainers('spec', spec).some(({ container }) => container.name === name);
  const isProfile =
    value === '' || value === 'runtime/default' || value === 'unconfined' || value.startsWith(LOCAL);
  return [
    ...(isKnown ? [] : [invalidValue(`${field}[${key}]`, name, 'container not found')]),
    ...(isProfile
      ? []
      : [invalidValue(`${field}[${key}]`, value, `invalid AppArmor profile name: "${value}"`)]),
  ];
}

/** Where annotations and fields of a new pod, or a template, say different things. */
export function validateProfilesMatch(
  specField: string,
  annotations: Annotations | undefined,
  spec: PodSpec,
): FieldError[] {
  if (annotations === undefined) return [];
  const containers = placedContainers(specField, spec);
  const seccomp = spec.securityContext?.seccompProfile;
  const ofPod = annotations[SECCOMP_POD_ANNOTATION];
  return [
    ...(seccomp === undefined || ofPod === undefined
      ? []
      : mismatch(`${specField}.securityContext.seccompProfile`, seccomp, ofPod, SECCOMP)),
    ...containers.flatMap((placed) => containerSeccompMismatch(placed, annotations)),
    ...(spec.os?.name === 'windows'
      ? []
      : containers.flatMap((placed) => containerAppArmorMismatch(placed, annotations, spec))),
  ];
}

interface ProfileWords {
  readonly name: string;
  readonly defaults: readonly string[];
}

const SECCOMP: ProfileWords = { name: 'seccomp', defaults: DEFAULT_SECCOMP };
const APP_ARMOR: ProfileWords = { name: 'apparmor', defaults: ['runtime/default'] };

function containerSeccompMismatch(
  { path, container }: PlacedContainer,
  annotations: Annotations,
): FieldError[] {
  const profile = container.securityContext?.seccompProfile;
  const annotation = annotations[`${SECCOMP_PREFIX}${container.name}`];
  return profile === undefined || annotation === undefined
    ? []
    : mismatch(`${path}.securityContext.seccompProfile`, profile, annotation, SECCOMP);
}

function containerAppArmorMismatch(
  { path, container }: PlacedContainer,
  annotations: Annotations,
  spec: PodSpec,
): FieldError[] {
  const profile = container.securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
  const annotation = annotations[`${APP_ARMOR_PREFIX}${container.name}`];
  return profile === undefined || annotation === undefined
    ? []
    : mismatch(`${path}.securityContext.appArmorProfile`, profile, annotation, APP_ARMOR);
}

function mismatch(
  field: string,
  { type, localhostProfile }: SeccompProfile | AppArmorProfile,
  annotation: string,
  { name, defaults }: ProfileWords,
): FieldError[] {
  const wrongType = [forbiddenField(`${field}.type`, `${name} type in annotation and field must match`)];
  switch (type) {
    case 'Unconfined':
      return annotation === 'unconfined' ? [] : wrongType;
    case 'RuntimeDefault':
      return defaults.includes(annotation) ? [] : wrongType;
    case 'Localhost':
      if (!annotation.startsWith(LOCAL)) return wrongType;
      return annotation.slice(LOCAL.length) === localhostProfile
        ? []
        : [forbiddenField(`${field}.localhostProfile`, `${name} profile in annotation and field must match`)];
    default:
      return [];
  }
}
