import type {
  NodeSelector,
  PreferredSchedulingTerm,
  Toleration,
  TopologySpreadConstraint,
} from '#api/core/affinity.ts';
import type { Pod } from '#api/core/pod.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { controllerOf, objectKey } from '#api/object.ts';
import type { Amounts } from '#scheduler/amounts.ts';
import { podRequests, scoredRequests } from '#scheduler/pod-requests.ts';
import { type TenantTerm, tenantTerm, type WeightedTenantTerm } from '#scheduler/tenant-term.ts';

/** What is to be placed on a host, and on which: a pod on a node, or an application on a site. */
export interface Demand {
  /** `namespace/name`. */
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The higher goes first, and may displace the lower. */
  readonly priority: number;
  readonly requests: Amounts;
  /** Cpu and memory that scores reckon with. */
  readonly scoredRequests: Amounts;
  /** Ports of the host that it takes, as {@link hostPort} writes them. */
  readonly hostPorts: readonly HostPort[];
  readonly nodeSelector: Readonly<Record<string, string>> | undefined;
  readonly requiredNodes: NodeSelector | undefined;
  readonly preferredNodes: readonly PreferredSchedulingTerm[];
  readonly tolerations: readonly Toleration[];
  /** Every one must find a tenant in the host's domain. */
  readonly affinity: readonly TenantTerm[];
  /** None may find a tenant in the host's domain. */
  readonly antiAffinity: readonly TenantTerm[];
  /** Weights below zero: rather not. */
  readonly preferredTenants: readonly WeightedTenantTerm[];
  readonly spread: readonly TopologySpreadConstraint[];
  readonly images: readonly string[];
  /** The uid of its controller: replicas of one thing spread out by default. */
  readonly controllerUid: string | undefined;
}

/** A port on an address of the host; `0.0.0.0` is every address. */
export interface HostPort {
  readonly address: string;
  /** `TCP/80`. */
  readonly port: string;
}

const demands = new WeakMap<Pod, Demand>();

/** What a pod asks for. */
export function demandOfPod(pod: Pod): Demand {
  const known = demands.get(pod);
  if (known !== undefined) return known;
  const demand = composeDemand(pod);
  demands.set(pod, demand);
  return demand;
}

function composeDemand(pod: Pod): Demand {
  const { metadata, spec } = pod;
  const { nodeAffinity } = spec.affinity ?? {};
  return {
    key: objectKey(pod),
    uid: metadata.uid,
    namespace: metadata.namespace ?? '',
    labels: metadata.labels ?? {},
    priority: spec.priority ?? 0,
    requests: podRequests(spec),
    scoredRequests: scoredRequests(spec),
    hostPorts: hostPortsOf(spec),
    nodeSelector: spec.nodeSelector,
    requiredNodes: nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution,
    preferredNodes: nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [],
    tolerations: spec.tolerations ?? [],
    ...tenantTermsOf(pod),
    spread: spec.topologySpreadConstraints ?? [],
    images: spec.containers.flatMap(({ image }) => (image === undefined ? [] : [image])),
    controllerUid: controllerOf(pod)?.uid,
  };
}

function tenantTermsOf(pod: Pod): Pick<Demand, 'affinity' | 'antiAffinity' | 'preferredTenants'> {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const wanted = podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const unwanted = podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return {
    affinity: (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) =>
      tenantTerm(term, pod),
    ),
    antiAffinity: (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) =>
      tenantTerm(term, pod),
    ),
    preferredTenants: [
      ...wanted.map(({ podAffinityTerm, weight }) => ({ ...tenantTerm(podAffinityTerm, pod), weight })),
      ...unwanted.map(({ podAffinityTerm, weight }) => ({
        ...tenantTerm(podAffinityTerm, pod),
        weight: -weight,
      })),
    ],
  };
}

/** Ports of sidecars count too; those of other init containers are free again when the pod runs. */
function hostPortsOf({ containers, initContainers = [] }: PodSpec): HostPort[] {
  const running = [
    ...containers,
    ...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ];
  return running.flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, hostIP, protocol = 'TCP' }) =>
      hostPort === undefined || hostPort === 0
        ? []
        : [{ address: anyAddress(hostIP), port: `${protocol}/${hostPort}` }],
    ),
  );
}

/** Where a port on every address is written as such. */
export const ANY_ADDRESS = '0.0.0.0';

function anyAddress(address: string | undefined): string {
  return address === undefined || address === '' || address === '::' ? ANY_ADDRESS : address;
}
