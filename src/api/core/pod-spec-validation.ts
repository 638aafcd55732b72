import {
  validateAffinity,
  validateTolerations,
  validateTopologySpread,
} from '#api/core/affinity-validation.ts';
import type { Container } from '#api/core/container.ts';
import {
  type ContainerContext,
  validateAppContainer,
  validateHostPorts,
  validateInitContainer,
} from '#api/core/container-validation.ts';
import { validateEphemeralContainers } from '#api/core/ephemeral-validation.ts';
import { validateDns } from '#api/core/pod-dns-validation.ts';
import { validateOperatingSystem } from '#api/core/pod-os-validation.ts';
import { validatePodResources } from '#api/core/pod-resources-validation.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { validateOverhead } from '#api/core/resources-validation.ts';
import { validateHostUsers, validatePodSecurityContext } from '#api/core/security-context-validation.ts';
import { type VolumeOwner, validateVolumes } from '#api/core/volume-validation.ts';
import { checkLabels, checkName, checkOneOf, checkRange } from '#api/field-checks.ts';
import { duplicateValue, invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import { checkLegacyIp } from '#api/legacy-ip.ts';
import { labelNameErrors, qualifiedNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** How long a pod may be active, in seconds; what is longer is refused. */
const ACTIVE_DEADLINE_SECONDS = { min: 1, max: 2 ** 31 - 1 };
const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const PREEMPTION_POLICIES = ['PreemptLowerPriority', 'Never'];

/** What is wrong with a pod's spec, or with that of a template. Source: Kubernetes' `ValidatePodSpec`. */
export function validatePodSpec(field: string, spec: PodSpec, owner: VolumeOwner): FieldError[] {
  const volumes = validateVolumes(`${field}.volumes`, spec.volumes ?? [], owner);
  const { terminationGracePeriodSeconds: graceSeconds } = spec;
  const context: ContainerContext = {
    volumes: volumes.valid,
    gracePeriodSeconds: graceSeconds === undefined || graceSeconds >= 0 ? graceSeconds : 1,
    restartPolicy: spec.restartPolicy,
    hostUsers: spec.hostUsers !== false,
  };
  return [
    ...volumes.errors,
    ...validateContainers(`${field}.containers`, spec.containers, context),
    ...validateInitContainers(`${field}.initContainers`, spec, context),
    ...(spec.ephemeralContainers === undefined
      ? []
      : validateEphemeralContainers(`${field}.ephemeralContainers`, spec, context)),
    ...validatePodResources(`${field}.resources`, spec),
    ...validateHostNetwork(field, spec, owner),
    ...checkOneOf(`${field}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES),
    ...checkOneOf(`${field}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES),
    ...checkLabels(`${field}.nodeSelector`, spec.nodeSelector),
    ...validatePodSecurityContext(field, spec),
    ...validateAffinity(`${field}.affinity`, spec.affinity),
    ...validateDns(`${field}.dnsConfig`, spec),
    ...validateGates(field, spec),
    ...validateTopologySpread(`${field}.topologySpreadConstraints`, spec.topologySpreadConstraints),
    ...validateHostUsers(field, spec),
    ...validateNames(field, spec),
    ...checkRange(`${field}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, ACTIVE_DEADLINE_SECONDS),
    ...validateTolerations(`${field}.tolerations`, spec.tolerations),
    ...validateHostAliases(`${field}.hostAliases`, spec),
    ...checkPreemptionPolicy(`${field}.preemptionPolicy`, spec.preemptionPolicy),
    ...validateOverhead(`${field}.overhead`, spec.overhead),
    ...validateOperatingSystem(field, spec),
  ];
}

function validateContainers(
  field: string,
  containers: readonly Container[],
  context: ContainerContext,
): FieldError[] {
  if (containers.length === 0) return [requiredValue(field)];
  const names = new Set<string>();
  return [
    ...containers.flatMap((container, index) => [
      ...validateAppContainer(`${field}[${index}]`, container, context),
      ...checkNewName(`${field}[${index}].name`, container.name, names),
    ]),
    ...validateHostPorts(field, containers),
  ];
}

function validateInitContainers(
  field: string,
  { initContainers = [], containers }: PodSpec,
  context: ContainerContext,
): FieldError[] {
  const names = new Set(containers.map(({ name }) => name));
  return initContainers.flatMap((container, index) => [
    ...validateInitContainer(`${field}[${index}]`, container, context),
    ...(container.name === '' && !names.has('')
      ? []
      : checkNewName(`${field}[${index}].name`, container.name, names)),
    // One container at a time: init containers run one after the other.
    ...validateHostPorts(field, [container]),
  ]);
}

function checkNewName(field: string, name: string, names: Set<string>): FieldError[] {
  if (names.has(name)) return [duplicateValue(field, name)];
  names.add(name);
  return [];
}

/** Within the host's network, a port of the container is one of the host. */
function validateHostNetwork(
  field: string,
  { hostNetwork, containers }: PodSpec,
  { isPod }: VolumeOwner,
): FieldError[] {
  if (hostNetwork !== true) return [];
  const detail = 'must match `containerPort` when `hostNetwork` is true';
  return containers.flatMap(({ ports = [] }, container) =>
    ports.flatMap(({ hostPort = 0, containerPort }, port) =>
      (isPod || hostPort !== 0) && hostPort !== containerPort
        ? [invalidValue(`${field}.containers[${container}].ports[${port}].hostPort`, hostPort, detail)]
        : [],
    ),
  );
}

function validateGates(field: string, { readinessGates = [], schedulingGates = [] }: PodSpec): FieldError[] {
  const names = new Set<string>();
  return [
    ...readinessGates.flatMap(({ conditionType }, index) =>
      checkName(`${field}.readinessGates[${index}].conditionType`, conditionType, qualifiedNameErrors),
    ),
    ...schedulingGates.flatMap(({ name }, index) => [
      ...checkName(`${field}.schedulingGates[${index}]`, name, qualifiedNameErrors),
      ...checkNewName(`${field}.schedulingGates[${index}]`, name, names),
    ]),
  ];
}

function validateNames(field: string, spec: PodSpec): FieldError[] {
  return [
    ...checkName(`${field}.serviceAccountName`, spec.serviceAccountName || undefined, subdomainNameErrors),
    ...checkName(`${field}.nodeName`, spec.nodeName || undefined, subdomainNameErrors),
    ...checkName(`${field}.hostname`, spec.hostname || undefined, labelNameErrors),
    ...checkName(`${field}.subdomain`, spec.subdomain || undefined, labelNameErrors),
    ...checkName(`${field}.priorityClassName`, spec.priorityClassName || undefined, subdomainNameErrors),
    ...checkName(`${field}.runtimeClassName`, spec.runtimeClassName, subdomainNameErrors),
  ];
}

function validateHostAliases(field: string, { hostAliases = [] }: PodSpec): FieldError[] {
  return hostAliases.flatMap(({ ip, hostnames = [] }, index) => [
    ...checkLegacyIp(`${field}[${index}].ip`, ip),
    ...hostnames.flatMap((name, at) =>
      checkName(`${field}[${index}].hostnames[${at}]`, name, subdomainNameErrors),
    ),
  ]);
}

function checkPreemptionPolicy(field: string, policy: string | undefined): FieldError[] {
  if (policy === '') return [requiredValue(field)];
  return policy === undefined || PREEMPTION_POLICIES.includes(policy)
    ? []
    : [unsupportedValue(field, policy, PREEMPTION_POLICIES)];
}
