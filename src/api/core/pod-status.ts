import type { ResourceRequirements } from '#api/core/container.ts';

/** `core/v1.PodStatus`. */
export interface PodStatus {
  allocatedResources?: Record<string, string>;
  conditions?: PodCondition[];
  containerStatuses?: ContainerStatus[];
  ephemeralContainerStatuses?: ContainerStatus[];
  hostIP?: string;
  hostIPs?: HostIP[];
  initContainerStatuses?: ContainerStatus[];
  message?: string;
  nominatedNodeName?: string;
  observedGeneration?: number;
  phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  podIP?: string;
  podIPs?: PodIP[];
  qosClass?: 'Guaranteed' | 'Burstable' | 'BestEffort';
  reason?: string;
  resize?: string;
  resourceClaimStatuses?: PodResourceClaimStatus[];
  resources?: ResourceRequirements;
  startTime?: string;
}

/** `core/v1.PodCondition`. */
export interface PodCondition {
  lastProbeTime?: string;
  lastTransitionTime?: string;
  message?: string;
  observedGeneration?: number;
  reason?: string;
  status: 'True' | 'False' | 'Unknown';
  type: string;
}

/** `core/v1.PodIP`. */
export interface PodIP {
  ip: string;
}

/** `core/v1.HostIP`. */
export interface HostIP {
  ip: string;
}

/** `core/v1.ContainerStatus`. */
export interface ContainerStatus {
  allocatedResources?: Record<string, string>;
  allocatedResourcesStatus?: ResourceStatus[];
  containerID?: string;
  image: string;
  imageID: string;
  lastState?: ContainerState;
  name: string;
  ready: boolean;
  resources?: ResourceRequirements;
  restartCount: number;
  started?: boolean;
  state?: ContainerState;
  stopSignal?: string;
  user?: ContainerUser;
  volumeMounts?: VolumeMountStatus[];
}

/** `core/v1.ContainerState`. */
export interface ContainerState {
  running?: ContainerStateRunning;
  terminated?: ContainerStateTerminated;
  waiting?: ContainerStateWaiting;
}

/** `core/v1.ContainerStateRunning`. */
export interface ContainerStateRunning {
  startedAt?: string;
}

/** `core/v1.ContainerStateWaiting`. */
export interface ContainerStateWaiting {
  message?: string;
  reason?: string;
}

/** `core/v1.ContainerStateTerminated`. */
export interface ContainerStateTerminated {
  containerID?: string;
  exitCode: number;
  finishedAt?: string;
  message?: string;
  reason?: string;
  signal?: number;
  startedAt?: string;
}

/** `core/v1.ContainerUser`. */
export interface ContainerUser {
  linux?: LinuxContainerUser;
}

/** `core/v1.LinuxContainerUser`. */
export interface LinuxContainerUser {
  gid: number;
  supplementalGroups?: number[];
  uid: number;
}

/** `core/v1.ResourceStatus`. */
export interface ResourceStatus {
  name: string;
  resources?: ResourceHealth[];
}

/** `core/v1.ResourceHealth`. */
export interface ResourceHealth {
  health?: string;
  message?: string;
  resourceID: string;
}

/** `core/v1.VolumeMountStatus`. */
export interface VolumeMountStatus {
  mountPath: string;
  name: string;
  readOnly?: boolean;
  recursiveReadOnly?: string;
}

/** `core/v1.PodResourceClaimStatus`. */
export interface PodResourceClaimStatus {
  name: string;
  resourceClaimName?: string;
}
