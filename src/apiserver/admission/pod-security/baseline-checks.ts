import type { Probe } from '#api/core/probe.ts';
import type { AppArmorProfile, SELinuxOptions } from '#api/core/security-context.ts';
import {
  type AnyContainer,
  allContainers,
  type CheckedPod,
  containersNamed,
  plural,
  quotedList,
  quotedSet,
  type SecurityCheck,
  setters,
  type Violation,
} from '#apiserver/admission/pod-security/check.ts';

/** The baseline level: what is known to lead out of a container (Kubernetes docs, "Pod Security Standards"). */

const APPARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';

const BASELINE_CAPABILITIES = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

/** Safe sysctls with the minor version since which they are. */
const SAFE_SYSCTLS: ReadonlyMap<string, number> = new Map([
  ['kernel.shm_rmid_forced', 0],
  ['net.ipv4.ip_local_port_range', 0],
  ['net.ipv4.tcp_syncookies', 0],
  ['net.ipv4.ping_group_range', 0],
  ['net.ipv4.ip_unprivileged_port_start', 0],
  ['net.ipv4.ip_local_reserved_ports', 27],
  ['net.ipv4.tcp_keepalive_time', 29],
  ['net.ipv4.tcp_fin_timeout', 29],
  ['net.ipv4.tcp_keepalive_intvl', 29],
  ['net.ipv4.tcp_keepalive_probes', 29],
  ['net.ipv4.tcp_rmem', 32],
  ['net.ipv4.tcp_wmem', 32],
]);

const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

export const BASELINE_CHECKS: readonly SecurityCheck[] = [
  { id: 'appArmorProfile', level: 'baseline', since: 0, find: appArmorProfile },
  { id: 'capabilities_baseline', level: 'baseline', since: 0, find: capabilities },
  { id: 'hostNamespaces', level: 'baseline', since: 0, find: hostNamespaces },
  { id: 'hostPathVolumes', level: 'baseline', since: 0, find: hostPathVolumes },
  { id: 'hostPorts', level: 'baseline', since: 0, find: hostPorts },
  { id: 'hostProbesAndHostLifecycle', level: 'baseline', since: 34, find: hostProbes },
  { id: 'privileged', level: 'baseline', since: 0, find: privileged },
  { id: 'procMount', level: 'baseline', since: 0, find: procMount },
  { id: 'seLinuxOptions', level: 'baseline', since: 0, find: seLinuxOptions },
  { id: 'seccompProfile_baseline', level: 'baseline', since: 19, find: seccompProfile },
  { id: 'sysctls', level: 'baseline', since: 0, find: sysctls },
  { id: 'windowsHostProcess', level: 'baseline', since: 0, find: windowsHostProcess },
];

function appArmorProfile(pod: CheckedPod): Violation | undefined {
  const isBad = (profile: AppArmorProfile | undefined): boolean =>
    profile !== undefined && !['RuntimeDefault', 'Localhost'].includes(profile.type);
  const podProfile = pod.spec.securityContext?.appArmorProfile;
  const bad = allContainers(pod).filter(({ securityContext }) => isBad(securityContext?.appArmorProfile));
  const annotations = Object.entries(pod.metadata.annotations ?? {})
    .filter(([key, value]) => key.startsWith(APPARMOR_ANNOTATION) && !isAllowedAnnotation(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const types = [
    ...(isBad(podProfile) && podProfile !== undefined ? [podProfile.type] : []),
    ...bad.flatMap(({ securityContext }) => securityContext?.appArmorProfile?.type ?? []),
  ];
  if (types.length === 0 && annotations.length === 0) return undefined;
  const who = setters(isBad(podProfile), bad);
  const byFields =
    types.length === 0 ? [] : [`${who} must not set AppArmor profile type to ${quotedSet(types)}`];
  return {
    reason: plural('forbidden AppArmor profile', new Set(types).size + annotations.length),
    detail: [...byFields, ...annotations.sort()].join(', '),
  };
}

function isAllowedAnnotation(value: string): boolean {
  return value === '' || value === 'runtime/default' || value.startsWith('localhost/');
}

function capabilities(pod: CheckedPod): Violation | undefined {
  const forbiddenOf = ({ securityContext }: AnyContainer): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((name) => !BASELINE_CAPABILITIES.has(name));
  const bad = allContainers(pod).filter((container) => forbiddenOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const names = quotedSet(bad.flatMap(forbiddenOf));
  return {
    reason: 'non-default capabilities',
    detail: `${containersNamed(bad)} must not include ${names} in securityContext.capabilities.add`,
  };
}

function hostNamespaces({ spec }: CheckedPod): Violation | undefined {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name] === true);
  if (used.length === 0) return undefined;
  return { reason: 'host namespaces', detail: used.map((name) => `${name}=true`).join(', ') };
}

function hostPathVolumes({ spec }: CheckedPod): Violation | undefined {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name);
  if (names.length === 0) return undefined;
  return { reason: 'hostPath volumes', detail: `${plural('volume', names.length)} ${quotedList(names)}` };
}

function hostPorts(pod: CheckedPod): Violation | undefined {
  const portsOf = ({ ports = [] }: AnyContainer): number[] =>
    ports.flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [hostPort]));
  const bad = allContainers(pod).filter((container) => portsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const ports = [...new Set(bad.flatMap(portsOf).map(String))].sort();
  const use = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'hostPort',
    detail: `${containersNamed(bad)} ${use} ${plural('hostPort', ports.length)} ${ports.join(', ')}`,
  };
}

function hostProbes(pod: CheckedPod): Violation | undefined {
  const hostsOf = (container: AnyContainer): string[] => {
    const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
    const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
    return handlers.flatMap((handler) => {
      const { httpGet, tcpSocket } = (handler ?? {}) as Partial<Probe>;
      return [httpGet?.host, tcpSocket?.host].filter((host) => host !== undefined && host !== '') as string[];
    });
  };
  const bad = allContainers(pod).filter((container) => hostsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const hosts = new Set(bad.flatMap(hostsOf));
  const use = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'probe or lifecycle host',
    detail: `${containersNamed(bad)} ${use} probe or lifecycle ${plural('host', hosts.size)} ${quotedSet(hosts)}`,
  };
}

function privileged(pod: CheckedPod): Violation | undefined {
  const bad = allContainers(pod).filter(({ securityContext }) => securityContext?.privileged === true);
  if (bad.length === 0) return undefined;
  return {
    reason: 'privileged',
    detail: `${containersNamed(bad)} must not set securityContext.privileged=true`,
  };
}

function procMount(pod: CheckedPod, minor: number): Violation | undefined {
  // In a user namespace of its own, what a pod sees there is its own.
  if (minor >= 35 && pod.spec.hostUsers === false) return undefined;
  const bad = allContainers(pod).filter(
    ({ securityContext }) => (securityContext?.procMount ?? 'Default') !== 'Default',
  );
  if (bad.length === 0) return undefined;
  const types = quotedSet(bad.map(({ securityContext }) => securityContext?.procMount ?? ''));
  return {
    reason: 'procMount',
    detail: `${containersNamed(bad)} must not set securityContext.procMount to ${types}`,
  };
}

function seLinuxOptions(pod: CheckedPod, minor: number): Violation | undefined {
  const allowed = minor >= 31 ? [...SELINUX_TYPES, 'container_engine_t'] : SELINUX_TYPES;
  const isBad = ({ type = '', user = '', role = '' }: SELinuxOptions = {}): boolean =>
    !allowed.includes(type) || user !== '' || role !== '';
  const podOptions = pod.spec.securityContext?.seLinuxOptions;
  const bad = allContainers(pod).filter(({ securityContext }) => isBad(securityContext?.seLinuxOptions));
  if (!isBad(podOptions) && bad.length === 0) return undefined;
  const all = [podOptions, ...bad.map(({ securityContext }) => securityContext?.seLinuxOptions)];
  const types = new Set(all.map((options) => options?.type ?? '').filter((type) => !allowed.includes(type)));
  const what = [
    ...(types.size > 0 ? [`${plural('type', types.size)} ${quotedSet(types)}`] : []),
    ...(all.some((options) => (options?.user ?? '') !== '') ? ['user may not be set'] : []),
    ...(all.some((options) => (options?.role ?? '') !== '') ? ['role may not be set'] : []),
  ];
  const who = setters(isBad(podOptions), bad);
  return {
    reason: 'seLinuxOptions',
    detail: `${who} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
  };
}

function seccompProfile(pod: CheckedPod): Violation | undefined {
  return forbiddenSeccomp(pod, (type) => type !== 'Unconfined');
}

/** Profiles that are set and not allowed, at the pod or its containers. */
export function forbiddenSeccomp(
  pod: CheckedPod,
  isAllowed: (type: string) => boolean,
): Violation | undefined {
  const podType = pod.spec.securityContext?.seccompProfile?.type;
  const typeOf = ({ securityContext }: AnyContainer): string | undefined =>
    securityContext?.seccompProfile?.type;
  const isBad = (type: string | undefined): type is string => type !== undefined && !isAllowed(type);
  const bad = allContainers(pod).filter((container) => isBad(typeOf(container)));
  if (!isBad(podType) && bad.length === 0) return undefined;
  const types = [podType, ...bad.map(typeOf)].filter(isBad);
  const who = setters(isBad(podType), bad);
  return {
    reason: 'seccompProfile',
    detail: `${who} must not set securityContext.seccompProfile.type to ${quotedSet(types)}`,
  };
}

function sysctls({ spec }: CheckedPod, minor: number): Violation | undefined {
  const bad = (spec.securityContext?.sysctls ?? [])
    .map(({ name }) => name)
    .filter((name) => (SAFE_SYSCTLS.get(name) ?? Number.POSITIVE_INFINITY) > minor);
  if (bad.length === 0) return undefined;
  return { reason: plural('forbidden sysctl', bad.length), detail: bad.join(', ') };
}

function windowsHostProcess(pod: CheckedPod): Violation | undefined {
  const isPod = pod.spec.securityContext?.windowsOptions?.hostProcess === true;
  const bad = allContainers(pod).filter(
    ({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true,
  );
  if (!isPod && bad.length === 0) return undefined;
  return {
    reason: 'hostProcess',
    detail: `${setters(isPod, bad)} must not set securityContext.windowsOptions.hostProcess=true`,
  };
}
