import type {
  AppArmorProfile,
  PodSecurityContext,
  SeccompProfile,
  SecurityContext,
} from '#api/core/security-context.ts';
import { checkOneOf, checkPresent, checkRange, checkUnique } from '#api/field-checks.ts';
import { forbiddenField, invalidValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';

/** The highest user or group id; a higher one is refused. */
const ID_MAX = 2 ** 31 - 1;
const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const SYSCTL = /^[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?(?:[./][a-z0-9](?:[-_a-z0-9]*[a-z0-9])?)*$/;

/** What is wrong with a container's security context. */
export function validateSecurityContext(field: string, context: SecurityContext | undefined): FieldError[] {
  if (context === undefined) return [];
  const { allowPrivilegeEscalation, privileged, capabilities } = context;
  const isContradiction = allowPrivilegeEscalation === false;
  return [
    ...validateIdentity(field, context),
    ...checkOneOf(`${field}.procMount`, context.procMount, ['Default', 'Unmasked']),
    ...(isContradiction && privileged === true
      ? [
          invalidValue(
            field,
            context,
            'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
          ),
        ]
      : []),
    ...(isContradiction && capabilities?.add?.includes('CAP_SYS_ADMIN') === true
      ? [
          invalidValue(
            field,
            context,
            'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
          ),
        ]
      : []),
  ];
}

/** What is wrong with a pod's security context. */
export function validatePodSecurityContext(
  field: string,
  context: PodSecurityContext | undefined,
  { hostNetwork, hostIPC }: { hostNetwork: boolean; hostIPC: boolean },
): FieldError[] {
  if (context === undefined) return [];
  const sysctls = context.sysctls ?? [];
  return [
    ...validateIdentity(field, context),
    ...checkRange(`${field}.fsGroup`, context.fsGroup, { min: 0, max: ID_MAX }),
    ...(context.supplementalGroups ?? []).flatMap((group, index) =>
      checkRange(`${field}.supplementalGroups[${index}]`, group, { min: 0, max: ID_MAX }),
    ),
    ...checkOneOf(`${field}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']),
    ...checkOneOf(`${field}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict']),
    ...sysctls.flatMap(({ name }, index) =>
      validateSysctl(`${field}.sysctls[${index}].name`, name, { hostNetwork, hostIPC }),
    ),
    ...checkUnique(
      sysctls.map(({ name }) => name),
      (index) => `${field}.sysctls[${index}].name`,
    ),
  ];
}

function validateIdentity(field: string, context: SecurityContext & PodSecurityContext): FieldError[] {
  return [
    ...checkRange(`${field}.runAsUser`, context.runAsUser, { min: 0, max: ID_MAX }),
    ...checkRange(`${field}.runAsGroup`, context.runAsGroup, { min: 0, max: ID_MAX }),
    ...validateProfile(`${field}.seccompProfile`, context.seccompProfile),
    ...validateProfile(`${field}.appArmorProfile`, context.appArmorProfile),
  ];
}

function validateProfile(field: string, profile: SeccompProfile | AppArmorProfile | undefined): FieldError[] {
  if (profile === undefined) return [];
  const { type, localhostProfile } = profile;
  const known = checkOneOf(`${field}.type`, type, PROFILE_TYPES);
  if (known.length > 0) return known;
  if (type === 'Localhost') {
    return checkPresent(
      `${field}.localhostProfile`,
      localhostProfile,
      'must be set when seccomp type is Localhost',
    );
  }
  return localhostProfile === undefined
    ? []
    : [
        invalidValue(
          `${field}.localhostProfile`,
          localhostProfile,
          'can only be set when type is set to Localhost',
        ),
      ];
}

function validateSysctl(
  field: string,
  name: string,
  host: { hostNetwork: boolean; hostIPC: boolean },
): FieldError[] {
  if (!SYSCTL.test(name))
    return [invalidValue(field, name, 'must have at most 253 characters and match a sysctl name')];
  const isOfHost =
    (host.hostNetwork && name.startsWith('net.')) ||
    (host.hostIPC && /^(?:kernel\.(?:shm|msg|sem)|fs\.mqueue\.)/.test(name));
  return isOfHost
    ? [forbiddenField(field, 'may not be set for a namespace that the pod shares with the host')]
    : [];
}
