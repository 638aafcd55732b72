import type { EnvFromSource, EnvVar } from '#api/core/environment.ts';
import type { Lifecycle, Probe } from '#api/core/probe.ts';
import type { SecurityContext } from '#api/core/security-context.ts';

/** `core/v1.Container`. */
export interface Container {
  args?: string[];
  command?: string[];
  env?: EnvVar[];
  envFrom?: EnvFromSource[];
  image?: string;
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  lifecycle?: Lifecycle;
  livenessProbe?: Probe;
  name: string;
  ports?: ContainerPort[];
  readinessProbe?: Probe;
  resizePolicy?: ContainerResizePolicy[];
  resources?: ResourceRequirements;
  restartPolicy?: string;
  restartPolicyRules?: ContainerRestartRule[];
  securityContext?: SecurityContext;
  startupProbe?: Probe;
  stdin?: boolean;
  stdinOnce?: boolean;
  terminationMessagePath?: string;
  terminationMessagePolicy?: 'File' | 'FallbackToLogsOnError';
  tty?: boolean;
  volumeDevices?: VolumeDevice[];
  volumeMounts?: VolumeMount[];
  workingDir?: string;
}

/** `core/v1.EphemeralContainer`: with all fields of a container, of which validation refuses some. */
export interface EphemeralContainer extends Container {
  targetContainerName?: string;
}

/** `core/v1.ContainerPort`. */
export interface ContainerPort {
  containerPort: number;
  hostIP?: string;
  hostPort?: number;
  name?: string;
  protocol?: 'TCP' | 'UDP' | 'SCTP';
}

/** `core/v1.ResourceRequirements`. */
export interface ResourceRequirements {
  claims?: ContainerResourceClaim[];
  limits?: Record<string, string>;
  requests?: Record<string, string>;
}

/** `core/v1.ContainerResourceClaim`. */
export interface ContainerResourceClaim {
  name: string;
  request?: string;
}

/** `core/v1.ContainerResizePolicy`. */
export interface ContainerResizePolicy {
  resourceName: string;
  restartPolicy: string;
}

/** `core/v1.ContainerRestartRule`. */
export interface ContainerRestartRule {
  action: string;
  exitCodes?: ContainerRestartRuleOnExitCodes;
}

/** `core/v1.ContainerRestartRuleOnExitCodes`. */
export interface ContainerRestartRuleOnExitCodes {
  operator: string;
  values?: number[];
}

/** `core/v1.VolumeMount`. */
export interface VolumeMount {
  mountPath: string;
  mountPropagation?: 'None' | 'HostToContainer' | 'Bidirectional';
  name: string;
  readOnly?: boolean;
  recursiveReadOnly?: string;
  subPath?: string;
  subPathExpr?: string;
}

/** `core/v1.VolumeDevice`. */
export interface VolumeDevice {
  devicePath: string;
  name: string;
}
