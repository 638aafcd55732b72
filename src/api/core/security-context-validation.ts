import { validatePathBelow } from '#api/core/path-validation.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import type {
  AppArmorProfile,
  PodSecurityContext,
  SeccompProfile,
  SecurityContext,
} from '#api/core/security-context.ts';
import { validateWindowsOptions } from '#api/core/windows-options-validation.ts';
import { checkOneOf, checkRange } from '#api/field-checks.ts';
import { duplicateValue, forbiddenField, invalidValue, requiredValue, tooLong } from '#api/field-errors.ts';
import { type FieldError, ShownValue } from '#api/status.ts';

/** The ids that a user or group can have. */
const IDS = { min: 0, max: 2 ** 31 - 1 };
/** The longest path of an AppArmor profile, in characters; a longer one is refused. */
const PROFILE_CHARS_MAX = 4095;
const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

/** The longest name of a kernel parameter, in characters. */
const SYSCTL_CHARS_MAX = 253;
const SYSCTL = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const SYSCTL_RULE = `must have at most ${SYSCTL_CHARS_MAX} characters and match regex ${SYSCTL.source.replace('[./]', '[\\./]')}`;
/** Kernel parameters of the IPC namespace, beside those below `fs.mqueue`. */
const IPC_SYSCTLS: ReadonlySet<string> = new Set([
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
  'kernel.shm',
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.msg',
]);

/** What is wrong with a container's security context. */
export function validateSecurityContext(
  field: string,
  context: SecurityContext | undefined,
  { hostUsers }: { hostUsers: boolean },
): FieldError[] {
  if (context === undefined) return [];
  const { procMount } = context;
  const needsOwnUsers = '`hostUsers` must be false to use `Unmasked`';
  return [
    ...validateIds(field, context),
    ...checkOneOf(`${field}.procMount`, procMount, ['Default', 'Unmasked']),
    ...(hostUsers && procMount === 'Unmasked'
      ? [invalidValue(`${field}.procMount`, procMount, needsOwnUsers)]
      : []),
    ...validateSeccomp(`${field}.seccompProfile`, context.seccompProfile),
    ...validateEscalation(field, context),
    ...validateWindowsOptions(`${field}.windowsOptions`, context.windowsOptions),
    ...validateAppArmor(`${field}.appArmorProfile`, context.appArmorProfile),
  ];
}

/** Whoever may not gain privileges cannot have them all. */
function validateEscalation(field: string, context: SecurityContext): FieldError[] {
  const { allowPrivilegeEscalation, privileged, capabilities } = context;
  if (allowPrivilegeEscalation !== false) return [];
  const admins = (capabilities?.add ?? []).filter((capability) => capability === 'CAP_SYS_ADMIN');
  const wrong = (also: string): FieldError =>
    invalidValue(
      field,
      new ShownValue(JSON.stringify(context)),
      `cannot set \`allowPrivilegeEscalation\` to false and ${also}`,
    );
  return [
    ...(privileged === true ? [wrong('`privileged` to true')] : []),
    ...admins.map(() => wrong('`capabilities.Add` CAP_SYS_ADMIN')),
  ];
}

/** What is wrong with a pod's security context; `specField` is where what belongs to it stands in the spec. */
export function validatePodSecurityContext(specField: string, spec: PodSpec): FieldError[] {
  const { securityContext: context, shareProcessNamespace, hostPID } = spec;
  const field = `${specField}.securityContext`;
  const isShared = shareProcessNamespace === true && hostPID === true;
  const notBoth = 'ShareProcessNamespace and HostPID cannot both be enabled';
  const shared = isShared ? [invalidValue(`${field}.shareProcessNamespace`, true, notBoth)] : [];
  if (context === undefined) return shared;
  return [
    ...checkRange(`${field}.fsGroup`, context.fsGroup, IDS),
    ...validateIds(field, context),
    ...(context.supplementalGroups ?? []).flatMap((group, index) =>
      checkRange(`${field}.supplementalGroups[${index}]`, group, IDS),
    ),
    ...shared,
    ...validateSysctls(`${field}.sysctls`, context, spec),
    ...checkOneOf(`${field}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']),
    ...validateSeccomp(`${field}.seccompProfile`, context.seccompProfile),
    ...validateWindowsOptions(`${field}.windowsOptions`, context.windowsOptions),
    ...validateAppArmor(`${field}.appArmorProfile`, context.appArmorProfile),
    ...checkOneOf(`${field}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict']),
    ...checkOneOf(`${field}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ['MountOption', 'Recursive']),
  ];
}

function validateIds(
  field: string,
  { runAsUser, runAsGroup }: { runAsUser?: number; runAsGroup?: number },
): FieldError[] {
  return [
    ...checkRange(`${field}.runAsUser`, runAsUser, IDS),
    ...checkRange(`${field}.runAsGroup`, runAsGroup, IDS),
  ];
}

function validateSeccomp(field: string, profile: SeccompProfile | undefined): FieldError[] {
  if (profile === undefined) return [];
  const { type, localhostProfile: path } = profile;
  const isLocal = type === 'Localhost';
  const shown = new ShownValue(JSON.stringify(profile));
  return [
    ...validateProfileType(`${field}.type`, type, 'seccompProfile'),
    ...(isLocal && path === undefined
      ? [requiredValue(`${field}.localhostProfile`, 'must be set when seccomp type is Localhost')]
      : []),
    ...(isLocal && path !== undefined ? validatePathBelow(`${field}.localhostProfile`, path) : []),
    ...(!isLocal && path !== undefined
      ? [invalidValue(`${field}.localhostProfile`, shown, 'can only be set when seccomp type is Localhost')]
      : []),
  ];
}

function validateProfileType(field: string, type: string, profile: string): FieldError[] {
  return type === ''
    ? [requiredValue(field, `type is required when ${profile} is set`)]
    : checkOneOf(field, type, PROFILE_TYPES);
}

function validateAppArmor(field: string, profile: AppArmorProfile | undefined): FieldError[] {
  if (profile === undefined) return [];
  const { type, localhostProfile: name } = profile;
  const path = `${field}.localhostProfile`;
  switch (type) {
    case 'Localhost':
      return validateAppArmorName(path, name);
    case 'RuntimeDefault':
    case 'Unconfined':
      return name === undefined
        ? []
        : [invalidValue(path, name, 'can only be set when AppArmor type is Localhost')];
    default:
      return validateProfileType(`${field}.type`, type, 'appArmorProfile');
  }
}

function validateAppArmorName(field: string, name: string | undefined): FieldError[] {
  const needed = 'must be set when AppArmor type is Localhost';
  if (name === undefined || name === '') return [requiredValue(field, needed)];
  return [
    ...(name.trim() === name ? [] : [invalidValue(field, name, 'must not be padded with whitespace')]),
    ...(name.length > PROFILE_CHARS_MAX ? [tooLong(field, PROFILE_CHARS_MAX)] : []),
  ];
}

function validateSysctls(
  field: string,
  { sysctls = [] }: PodSecurityContext,
  { hostNetwork = false, hostIPC = false }: PodSpec,
): FieldError[] {
  const names = sysctls.map(({ name }) => name);
  return names.flatMap((name, index) => {
    const at = `${field}[${index}].name`;
    return [
      ...validateSysctlName(at, name, names.indexOf(name) < index),
      ...(hostNetwork && isBelow(name, 'net')
        ? [invalidValue(at, name, "may not be specified when 'hostNetwork' is true")]
        : []),
      ...(hostIPC && (isBelow(name, 'fs.mqueue') || IPC_SYSCTLS.has(name.replaceAll('/', '.')))
        ? [invalidValue(at, name, "may not be specified when 'hostIPC' is true")]
        : []),
    ];
  });
}

function validateSysctlName(field: string, name: string, isRepeated: boolean): FieldError[] {
  if (name === '') return [requiredValue(field)];
  if (name.length > SYSCTL_CHARS_MAX || !SYSCTL.test(name)) return [invalidValue(field, name, SYSCTL_RULE)];
  return isRepeated ? [duplicateValue(field, name)] : [];
}

function isBelow(name: string, prefix: string): boolean {
  return name.replaceAll('/', '.').startsWith(`${prefix}.`);
}

/** Namespaces of the host that a pod with users of its own cannot have. */
export function validateHostUsers(field: string, spec: PodSpec): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const detail = 'when `pod.Spec.HostUsers` is false';
  return [
    ...(spec.hostNetwork === true ? [forbiddenField(`${field}.hostNetwork`, detail)] : []),
    ...(spec.hostPID === true ? [forbiddenField(`${field}.HostPID`, detail)] : []),
    ...(spec.hostIPC === true ? [forbiddenField(`${field}.HostIPC`, detail)] : []),
  ];
}
