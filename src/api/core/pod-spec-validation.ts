import {
  validateAffinity,
  validateTolerations,
  validateTopologySpread,
} from '#api/core/affinity-validation.ts';
import type { Container } from '#api/core/container.ts';
import { validateContainer } from '#api/core/container-validation.ts';
import type { PodDNSConfig, PodSpec } from '#api/core/pod-spec.ts';
import { validateAmount, validateResources } from '#api/core/resources-validation.ts';
import { validatePodSecurityContext } from '#api/core/security-context-validation.ts';
import { validateVolumes } from '#api/core/volume-validation.ts';
import {
  checkLabels,
  checkName,
  checkNonNegative,
  checkOneOf,
  checkPresent,
  checkRange,
  checkUnique,
} from '#api/field-checks.ts';
import { forbiddenField, invalidValue, notFoundValue, requiredValue, tooMany } from '#api/field-errors.ts';
import { ipErrors } from '#api/ip-syntax.ts';
import { labelNameErrors, qualifiedNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** The most name servers and search domains of a pod; more are refused. */
const DNS_NAMESERVERS_MAX = 3;
const DNS_SEARCHES_MAX = 32;
/** The longest active deadline, in seconds; a longer one is refused. */
const ACTIVE_DEADLINE_SECONDS_MAX = 2 ** 31 - 1;
const DNS_POLICIES = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'];

/** What is wrong with a pod's spec, or with that of a template. Source: Kubernetes' Pod API reference. */
export function validatePodSpec(field: string, spec: PodSpec): FieldError[] {
  const { hostNetwork = false, hostIPC = false } = spec;
  return [
    ...validateVolumes(`${field}.volumes`, spec.volumes ?? []),
    ...validateContainers(field, spec),
    ...checkOneOf(`${field}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']),
    ...checkOneOf(`${field}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES),
    ...validateDns(`${field}.dnsConfig`, spec),
    ...validatePodSecurityContext(`${field}.securityContext`, spec.securityContext, { hostNetwork, hostIPC }),
    ...validateNames(field, spec),
    ...validatePlacement(field, spec),
    ...checkNonNegative(`${field}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds),
    ...checkRange(`${field}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, {
      min: 1,
      max: ACTIVE_DEADLINE_SECONDS_MAX,
    }),
    ...validateResources(`${field}.resources`, spec.resources),
    ...Object.entries(spec.overhead ?? {}).flatMap((entry) => validateAmount(`${field}.overhead`, entry)),
    ...(spec.hostPID === true && spec.shareProcessNamespace === true
      ? [
          invalidValue(
            `${field}.shareProcessNamespace`,
            true,
            'ShareProcessNamespace and HostPID cannot both be enabled',
          ),
        ]
      : []),
  ];
}

function validateContainers(field: string, spec: PodSpec): FieldError[] {
  const {
    containers,
    initContainers = [],
    ephemeralContainers = [],
    volumes = [],
    hostNetwork = false,
  } = spec;
  const groups = [
    { path: `${field}.containers`, items: containers, role: 'container' },
    { path: `${field}.initContainers`, items: initContainers, role: 'init' },
    { path: `${field}.ephemeralContainers`, items: ephemeralContainers as Container[], role: 'ephemeral' },
  ] as const;
  const places = groups.flatMap(({ path, items }) =>
    items.map(({ name }, index) => ({ name, path: `${path}[${index}].name` })),
  );
  return [
    ...checkPresent(`${field}.containers`, containers),
    ...groups.flatMap(({ path, items, role }) =>
      items.flatMap((item, index) =>
        validateContainer(`${path}[${index}]`, item, { volumes, hostNetwork, role }),
      ),
    ),
    ...checkUnique(
      places.map(({ name }) => name),
      (index) => places[index]?.path ?? field,
    ),
    ...validateHostPorts(groups),
    ...validateEphemeralContainers(`${field}.ephemeralContainers`, spec),
  ];
}

/** Fields that a container for looking around cannot have, beside hooks and probes. */
const NOT_EPHEMERAL = ['ports', 'resources', 'resizePolicy', 'restartPolicy'] as const;

/** Source: Kubernetes' `validateEphemeralContainers`. */
function validateEphemeralContainers(
  field: string,
  { ephemeralContainers = [], containers, initContainers = [] }: PodSpec,
): FieldError[] {
  const names = new Set([...containers, ...initContainers].map(({ name }) => name));
  return ephemeralContainers.flatMap((container, index) => {
    const path = `${field}[${index}]`;
    const { targetContainerName: target } = container;
    const isStray = target !== undefined && target !== '' && !names.has(target);
    return [
      ...(isStray ? [notFoundValue(`${path}.targetContainerName`, target)] : []),
      ...NOT_EPHEMERAL.filter((name) => isFilled(container[name])).map((name) =>
        forbiddenField(`${path}.${name}`, 'cannot be set for an Ephemeral Container'),
      ),
      ...(container.volumeMounts ?? []).flatMap(({ subPath = '', subPathExpr = '' }, mount) => [
        ...(subPath === '' ? [] : [forbiddenField(`${path}.volumeMounts[${mount}].subPath`, NO_SUB_PATH)]),
        ...(subPathExpr === ''
          ? []
          : [forbiddenField(`${path}.volumeMounts[${mount}].subPathExpr`, NO_SUB_PATH)]),
      ]),
    ];
  });
}

const NO_SUB_PATH = 'cannot be set for an Ephemeral Container';

/** Whether a field has anything in it: clients write empty ones too. */
function isFilled(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && JSON.stringify(value) !== '{}';
}

/** A port of the host can be given away once. */
function validateHostPorts(groups: readonly { path: string; items: readonly Container[] }[]): FieldError[] {
  const places = groups.flatMap(({ path, items }) =>
    items.flatMap(({ ports = [] }, container) =>
      ports
        .map(({ hostPort, hostIP = '', protocol = 'TCP' }, port) => ({
          path: `${path}[${container}].ports[${port}].hostPort`,
          key: `${protocol}/${hostIP}/${hostPort}`,
          hostPort,
        }))
        .filter(({ hostPort }) => hostPort !== undefined && hostPort !== 0),
    ),
  );
  return checkUnique(
    places.map(({ key }) => key),
    (index) => places[index]?.path ?? '',
  );
}

function validateDns(field: string, { dnsPolicy, dnsConfig }: PodSpec): FieldError[] {
  const { nameservers = [], searches = [], options = [] }: PodDNSConfig = dnsConfig ?? {};
  return [
    ...(dnsPolicy === 'None' && nameservers.length === 0
      ? [
          requiredValue(
            `${field}.nameservers`,
            'must provide at least one DNS nameserver when `dnsPolicy` is None',
          ),
        ]
      : []),
    ...(nameservers.length > DNS_NAMESERVERS_MAX
      ? [tooMany(`${field}.nameservers`, { found: nameservers.length, max: DNS_NAMESERVERS_MAX })]
      : []),
    ...nameservers.flatMap((server, index) => checkName(`${field}.nameservers[${index}]`, server, ipErrors)),
    ...(searches.length > DNS_SEARCHES_MAX
      ? [tooMany(`${field}.searches`, { found: searches.length, max: DNS_SEARCHES_MAX })]
      : []),
    ...searches.flatMap((search, index) =>
      search === '.'
        ? []
        : checkName(`${field}.searches[${index}]`, search.replace(/\.$/, ''), subdomainNameErrors),
    ),
    ...options.flatMap(({ name }, index) => checkPresent(`${field}.options[${index}].name`, name)),
  ];
}

function validateNames(field: string, spec: PodSpec): FieldError[] {
  const { imagePullSecrets = [], hostAliases = [] } = spec;
  return [
    ...checkName(`${field}.hostname`, spec.hostname, labelNameErrors),
    ...checkName(`${field}.subdomain`, spec.subdomain, labelNameErrors),
    ...checkName(`${field}.serviceAccountName`, spec.serviceAccountName, subdomainNameErrors),
    ...checkName(`${field}.nodeName`, spec.nodeName === '' ? undefined : spec.nodeName, subdomainNameErrors),
    ...checkName(`${field}.runtimeClassName`, spec.runtimeClassName, subdomainNameErrors),
    ...checkName(
      `${field}.priorityClassName`,
      spec.priorityClassName === '' ? undefined : spec.priorityClassName,
      subdomainNameErrors,
    ),
    ...imagePullSecrets.flatMap(({ name }, index) =>
      checkPresent(`${field}.imagePullSecrets[${index}].name`, name),
    ),
    ...hostAliases.flatMap(({ ip, hostnames = [] }, index) => [
      ...checkName(`${field}.hostAliases[${index}].ip`, ip, ipErrors),
      ...hostnames.flatMap((name) =>
        checkName(`${field}.hostAliases[${index}].hostnames`, name, subdomainNameErrors),
      ),
    ]),
    ...checkOneOf(`${field}.os.name`, spec.os?.name, ['linux', 'windows']),
    ...checkOneOf(`${field}.preemptionPolicy`, spec.preemptionPolicy, ['Never', 'PreemptLowerPriority']),
  ];
}

function validatePlacement(field: string, spec: PodSpec): FieldError[] {
  const { readinessGates = [], schedulingGates = [] } = spec;
  return [
    ...checkLabels(`${field}.nodeSelector`, spec.nodeSelector),
    ...validateAffinity(`${field}.affinity`, spec.affinity),
    ...validateTolerations(`${field}.tolerations`, spec.tolerations),
    ...validateTopologySpread(`${field}.topologySpreadConstraints`, spec.topologySpreadConstraints),
    ...readinessGates.flatMap(({ conditionType }, index) =>
      checkName(`${field}.readinessGates[${index}].conditionType`, conditionType, qualifiedNameErrors),
    ),
    ...schedulingGates.flatMap(({ name }, index) =>
      checkName(`${field}.schedulingGates[${index}].name`, name, qualifiedNameErrors),
    ),
    ...checkUnique(
      schedulingGates.map(({ name }) => name),
      (index) => `${field}.schedulingGates[${index}].name`,
    ),
  ];
}
