import type { ContainerConfig as ContainerConfigMessage, PodSandboxConfig } from '#cri/messages.ts';
import type { ContainerConfig, ContainerSecurity, Image, PodIdentity, SandboxConfig } from '#cri/runtime.ts';
import type { InputOf } from '#system/protobuf.ts';

/** Our words for a sandbox or container to CRI's. Pure. */

/** The labels by which the kubelet, and everyone who looks over its shoulder (`crictl`), knows whose a thing is. */
export const POD_LABELS = {
  name: 'io.kubernetes.pod.name',
  namespace: 'io.kubernetes.pod.namespace',
  uid: 'io.kubernetes.pod.uid',
  container: 'io.kubernetes.container.name',
} as const;

/** What a container does not see of `/proc` and `/sys`: the kubelet's list for `procMount: Default`. */
const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
] as const;

/** What a container may only read: the kubelet's list for `procMount: Default`. */
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'] as const;

const PROPAGATIONS = {
  private: 'PRIVATE',
  hostToContainer: 'HOST_TO_CONTAINER',
  bidirectional: 'BIDIRECTIONAL',
} as const;

/** Whose a sandbox or container is, as labels. */
export function podLabels(pod: PodIdentity): Record<string, string> {
  return { [POD_LABELS.name]: pod.name, [POD_LABELS.namespace]: pod.namespace, [POD_LABELS.uid]: pod.uid };
}

/** Whose a sandbox or container is, from its labels; empty texts where they are missing. */
export function podOfLabels(labels: Readonly<Record<string, string>>): PodIdentity {
  return {
    name: labels[POD_LABELS.name] ?? '',
    namespace: labels[POD_LABELS.namespace] ?? '',
    uid: labels[POD_LABELS.uid] ?? '',
  };
}

/** `PodSandboxConfig` of `RunPodSandbox` and `CreateContainer`. */
export function sandboxMessage(config: SandboxConfig): InputOf<typeof PodSandboxConfig> {
  const { pod, security } = config;
  return {
    metadata: { name: pod.name, namespace: pod.namespace, uid: pod.uid, attempt: config.attempt },
    // A pod in the host's network has the host's name.
    hostname: config.hostNetwork ? '' : config.hostname,
    logDirectory: config.logFolder,
    dnsConfig: config.dns,
    portMappings: config.hostNetwork ? [] : config.ports,
    labels: { ...config.labels, ...podLabels(pod) },
    annotations: config.annotations,
    linux: {
      cgroupParent: config.cgroupParent,
      sysctls: config.sysctls,
      securityContext: {
        namespaceOptions: namespaces(config),
        runAsUser: wrapped(security.runAsUser),
        runAsGroup: wrapped(security.runAsGroup),
        supplementalGroups: security.supplementalGroups,
        privileged: security.privileged,
        seccomp: { profileType: security.privileged ? 'Unconfined' : 'RuntimeDefault' },
      },
    },
  };
}

/**
 * `ContainerConfig` of `CreateContainer`. `image` is what is known of the image: a container that names a group but no
 * user runs as the image's user, which CRI wants to be told.
 */
export function containerMessage(
  config: ContainerConfig,
  sandbox: SandboxConfig,
  image?: Image,
): InputOf<typeof ContainerConfigMessage> {
  const { resources } = config;
  return {
    metadata: { name: config.name, attempt: config.attempt },
    image: { image: config.image },
    command: config.command,
    args: config.args,
    workingDir: config.workingDir,
    envs: config.env.map(({ name, value }) => ({ key: name, value })),
    mounts: config.mounts.map((mount) => ({
      containerPath: mount.containerPath,
      hostPath: mount.hostPath,
      readonly: mount.readOnly,
      propagation: PROPAGATIONS[mount.propagation],
    })),
    devices: config.devices,
    labels: { ...config.labels, ...podLabels(sandbox.pod), [POD_LABELS.container]: config.name },
    annotations: config.annotations,
    logPath: config.logPath,
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    linux: {
      resources: {
        cpuPeriod: resources.cpuPeriod,
        cpuQuota: resources.cpuQuota,
        cpuShares: resources.cpuShares,
        memoryLimitInBytes: resources.memoryLimitBytes,
        oomScoreAdj: resources.oomScoreAdj,
      },
      securityContext: securityContext(config.security, sandbox, image),
    },
  };
}

function securityContext(
  security: ContainerSecurity,
  sandbox: SandboxConfig,
  image: Image | undefined,
): NonNullable<NonNullable<InputOf<typeof ContainerConfigMessage>['linux']>['securityContext']> {
  const needsUser = security.runAsUser === undefined && security.runAsGroup !== undefined;
  const username = needsUser ? (image?.username ?? '') : '';
  const imageUser = needsUser && username === '' ? (image?.uid ?? 0) : undefined;
  return {
    capabilities: {
      addCapabilities: security.addCapabilities.map(withoutPrefix),
      dropCapabilities: security.dropCapabilities.map(withoutPrefix),
    },
    privileged: security.privileged,
    namespaceOptions: { ...namespaces(sandbox), ...targetOf(sandbox, security) },
    runAsUser: wrapped(security.runAsUser ?? imageUser),
    runAsUsername: username,
    runAsGroup: wrapped(security.runAsGroup),
    readonlyRootfs: security.readOnlyRootFilesystem,
    supplementalGroups: security.supplementalGroups,
    noNewPrivs: security.noNewPrivileges,
    maskedPaths: security.privileged ? [] : MASKED_PATHS,
    readonlyPaths: security.privileged ? [] : READONLY_PATHS,
    seccomp: seccompProfile(security),
  };
}

function seccompProfile({ privileged, seccomp }: ContainerSecurity): {
  profileType: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
  localhostRef?: string;
} {
  if (privileged) return { profileType: 'Unconfined' };
  switch (seccomp.type) {
    case 'runtimeDefault':
      return { profileType: 'RuntimeDefault' };
    case 'unconfined':
      return { profileType: 'Unconfined' };
    case 'localhost':
      return { profileType: 'Localhost', localhostRef: seccomp.path };
  }
}

function namespaces(sandbox: SandboxConfig): {
  network: 'POD' | 'NODE';
  pid: 'POD' | 'CONTAINER' | 'NODE';
  ipc: 'POD' | 'NODE';
} {
  return {
    network: sandbox.hostNetwork ? 'NODE' : 'POD',
    pid: sandbox.hostPid ? 'NODE' : sandbox.shareProcessNamespace ? 'POD' : 'CONTAINER',
    ipc: sandbox.hostIpc ? 'NODE' : 'POD',
  };
}

/** Whoever sees all processes of the pod or the host anyway needs no target. */
function targetOf(
  sandbox: SandboxConfig,
  { targetContainerId }: ContainerSecurity,
): { pid?: 'TARGET'; targetId?: string } {
  if (targetContainerId === undefined || sandbox.hostPid || sandbox.shareProcessNamespace) return {};
  return { pid: 'TARGET', targetId: targetContainerId };
}

/** CRI names capabilities without the prefix; manifests are seen with and without it. */
function withoutPrefix(capability: string): string {
  return capability.startsWith('CAP_') ? capability.slice('CAP_'.length) : capability;
}

function wrapped(value: number | undefined): { value: number } | undefined {
  return value === undefined ? undefined : { value };
}
