import { placedContainers } from '#api/core/pod-containers.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import type { PodSecurityContext, SecurityContext } from '#api/core/security-context.ts';
import { checkOneOf } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';

const NOT_ON_LINUX = 'windows options cannot be set for a linux pod';
const NOT_ON_WINDOWS = 'cannot be set for a windows pod';

const WITHOUT_WINDOWS_SPEC = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const;
const WITHOUT_WINDOWS_POD: readonly (keyof PodSecurityContext)[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
];
const WITHOUT_WINDOWS_CONTAINER: readonly (keyof SecurityContext)[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
];

/** What of a pod does not go with the operating system that it names, or with processes of a Windows host. */
export function validateOperatingSystem(field: string, spec: PodSpec): FieldError[] {
  const hostProcess = validateHostProcess(field, spec);
  switch (spec.os?.name) {
    case undefined:
      return hostProcess;
    case '':
      return [...hostProcess, requiredValue(`${field}.os.name`, 'cannot be empty')];
    case 'linux':
      return [...hostProcess, ...validateLinux(field, spec)];
    case 'windows':
      return [...hostProcess, ...validateWindows(field, spec)];
    default:
      return [...hostProcess, ...checkOneOf(`${field}.os`, spec.os?.name, ['linux', 'windows'])];
  }
}

function validateLinux(field: string, spec: PodSpec): FieldError[] {
  return [{ path: field, container: spec }, ...placedContainers(field, spec)]
    .filter(({ container }) => container.securityContext?.windowsOptions !== undefined)
    .map(({ path }) => forbiddenField(`${path}.securityContext.windowsOptions`, NOT_ON_LINUX));
}

function validateWindows(field: string, spec: PodSpec): FieldError[] {
  return [
    ...WITHOUT_WINDOWS_SPEC.filter((name) => isSet(name, spec[name])).map((name) =>
      forbiddenField(`${field}.${name}`, NOT_ON_WINDOWS),
    ),
    ...forbidden(`${field}.securityContext`, spec.securityContext, WITHOUT_WINDOWS_POD),
    ...placedContainers(field, spec).flatMap(({ path, container }) =>
      forbidden(`${path}.securityContext`, container.securityContext, WITHOUT_WINDOWS_CONTAINER),
    ),
  ];
}

/** The flags of the host's namespaces mean nothing where they are false. */
function isSet(name: (typeof WITHOUT_WINDOWS_SPEC)[number], value: boolean | undefined): boolean {
  return name === 'hostPID' || name === 'hostIPC' ? value === true : value !== undefined;
}

function forbidden<T extends object>(
  field: string,
  context: T | undefined,
  names: readonly (keyof T & string)[],
): FieldError[] {
  if (context === undefined) return [];
  return names
    .filter(
      (name) =>
        context[name] !== undefined &&
        !(Array.isArray(context[name]) && name === 'sysctls' && context[name].length === 0),
    )
    .map((name) => forbiddenField(`${field}.${name}`, NOT_ON_WINDOWS));
}

/** All containers of a pod are processes of the host, or none; those that are share its network. */
function validateHostProcess(field: string, spec: PodSpec): FieldError[] {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const containers = placedContainers(field, spec).map(({ path, container }) => ({
    path,
    own: container.securityContext?.windowsOptions?.hostProcess,
  }));
  const contradictions = containers.flatMap(({ path, own }) =>
    ofPod !== undefined && own !== undefined && own !== ofPod
      ? [
          invalidValue(
            `${path}.securityContext.windowsOptions.hostProcess`,
            own,
            `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
          ),
        ]
      : [],
  );
  const count = containers.filter(({ own }) => own ?? ofPod ?? false).length;
  if (count === 0) return contradictions;
  const all = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
  const network = 'hostNetwork must be true if pod contains any hostProcess containers';
  return [
    ...contradictions,
    ...(count === containers.length ? [] : [invalidValue(field, '', all)]),
    ...(spec.hostNetwork === true ? [] : [invalidValue(`${field}.hostNetwork`, false, network)]),
  ];
}
