import type { Pod } from '#api/core/pod.ts';
import type { PodIdentity, PortMapping, SandboxConfig } from '#cri/runtime.ts';
import { GRACE_SECONDS_ANNOTATION } from '#kubelet/annotations.ts';
import { containersOf } from '#kubelet/pod-container.ts';
import type { DnsConfig } from '#kubelet/sandbox/dns.ts';
import { hostnameOf, subdomainOf } from '#kubelet/sandbox/hostname.ts';

/** What a sandbox is made from beside its pod’s spec. */
export interface SandboxContext {
  readonly attempt: number;
  readonly logFolder: string;
  readonly dns: DnsConfig;
  readonly clusterDomain: string;
  /** Empty leaves the choice to the runtime. */
  readonly cgroupParent: string;
  /** The host's own name: what a pod on the host's network is called. */
  readonly nodeName: string;
}

/** The sandbox that a pod's spec asks for. Pure. */
export function sandboxConfigOf(pod: Pod, context: SandboxContext): SandboxConfig {
  const { spec } = pod;
  return {
    pod: identityOf(pod),
    attempt: context.attempt,
    hostname: sandboxHostname(pod, context),
    logFolder: context.logFolder,
    dns: context.dns,
    ports: portMappings(pod),
    labels: pod.metadata.labels ?? {},
    annotations: { [GRACE_SECONDS_ANNOTATION]: String(spec.terminationGracePeriodSeconds ?? 30) },
    hostNetwork: spec.hostNetwork ?? false,
    hostPid: spec.hostPID ?? false,
    hostIpc: spec.hostIPC ?? false,
    shareProcessNamespace: spec.shareProcessNamespace ?? false,
    ...(context.cgroupParent === '' ? {} : { cgroupParent: context.cgroupParent }),
    sysctls: Object.fromEntries(
      (spec.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value]),
    ),
    security: {
      ...(spec.securityContext?.runAsUser === undefined ? {} : { runAsUser: spec.securityContext.runAsUser }),
      ...(spec.securityContext?.runAsGroup === undefined
        ? {}
        : { runAsGroup: spec.securityContext.runAsGroup }),
      supplementalGroups: podGroupsOf(pod),
      privileged: containersOf(pod).some((container) => container.spec.securityContext?.privileged === true),
    },
  };
}

/** The pod as the runtime knows it. */
export function identityOf(pod: Pod): PodIdentity {
  return { name: pod.metadata.name, namespace: pod.metadata.namespace ?? 'default', uid: pod.metadata.uid };
}

/** The groups that every process of the pod is in beside its own: supplementalGroups, and the group of its volumes. */
export function podGroupsOf(pod: Pod): number[] {
  const { supplementalGroups = [], fsGroup } = pod.spec.securityContext ?? {};
  return fsGroup === undefined ? supplementalGroups : [...new Set([...supplementalGroups, fsGroup])];
}

function sandboxHostname(pod: Pod, { nodeName, clusterDomain }: SandboxContext): string {
  if (pod.spec.hostNetwork === true) return nodeName;
  const subdomain = subdomainOf(pod, clusterDomain);
  return pod.spec.setHostnameAsFQDN === true && subdomain !== undefined
    ? `${hostnameOf(pod)}.${subdomain}`
    : hostnameOf(pod);
}

/** The ports that the host forwards to the pod; none where the pod is on the host's network anyway. */
function portMappings(pod: Pod): PortMapping[] {
  if (pod.spec.hostNetwork === true) return [];
  return containersOf(pod).flatMap(({ spec }) =>
    (spec.ports ?? []).flatMap(({ containerPort, hostPort, hostIP, protocol }) =>
      hostPort === undefined || hostPort === 0
        ? []
        : [{ protocol: protocol ?? 'TCP', containerPort, hostPort, hostIp: hostIP ?? '' }],
    ),
  );
}
