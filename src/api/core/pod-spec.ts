import type { Affinity, Toleration, TopologySpreadConstraint } from '#api/core/affinity.ts';
import type { Container, EphemeralContainer, ResourceRequirements } from '#api/core/container.ts';
import type { LocalObjectReference } from '#api/core/reference.ts';
import type { PodSecurityContext } from '#api/core/security-context.ts';
import type { Volume } from '#api/core/volume.ts';

/** `core/v1.PodSpec`. */
export interface PodSpec {
  activeDeadlineSeconds?: number;
  affinity?: Affinity;
  automountServiceAccountToken?: boolean;
  containers: Container[];
  dnsConfig?: PodDNSConfig;
  dnsPolicy?: 'ClusterFirst' | 'ClusterFirstWithHostNet' | 'Default' | 'None';
  enableServiceLinks?: boolean;
  ephemeralContainers?: EphemeralContainer[];
  hostAliases?: HostAlias[];
  hostIPC?: boolean;
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostUsers?: boolean;
  hostname?: string;
  hostnameOverride?: string;
  imagePullSecrets?: LocalObjectReference[];
  initContainers?: Container[];
  nodeName?: string;
  nodeSelector?: Record<string, string>;
  os?: PodOS;
  overhead?: Record<string, string>;
  preemptionPolicy?: 'PreemptLowerPriority' | 'Never';
  priority?: number;
  priorityClassName?: string;
  readinessGates?: PodReadinessGate[];
  resourceClaims?: PodResourceClaim[];
  resources?: ResourceRequirements;
  restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  runtimeClassName?: string;
  schedulerName?: string;
  schedulingGates?: PodSchedulingGate[];
  securityContext?: PodSecurityContext;
  serviceAccount?: string;
  serviceAccountName?: string;
  setHostnameAsFQDN?: boolean;
  shareProcessNamespace?: boolean;
  subdomain?: string;
  terminationGracePeriodSeconds?: number;
  tolerations?: Toleration[];
  topologySpreadConstraints?: TopologySpreadConstraint[];
  volumes?: Volume[];
}

/** `core/v1.PodDNSConfig`. */
export interface PodDNSConfig {
  nameservers?: string[];
  options?: PodDNSConfigOption[];
  searches?: string[];
}

/** `core/v1.PodDNSConfigOption`. */
export interface PodDNSConfigOption {
  name?: string;
  value?: string;
}

/** `core/v1.HostAlias`. */
export interface HostAlias {
  hostnames?: string[];
  ip: string;
}

/** `core/v1.PodReadinessGate`. */
export interface PodReadinessGate {
  conditionType: string;
}

/** `core/v1.PodSchedulingGate`. */
export interface PodSchedulingGate {
  name: string;
}

/** `core/v1.PodOS`. */
export interface PodOS {
  name: string;
}

/** `core/v1.PodResourceClaim`. */
export interface PodResourceClaim {
  name: string;
  resourceClaimName?: string;
  resourceClaimTemplateName?: string;
}
