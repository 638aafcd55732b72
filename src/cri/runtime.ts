/**
 * The contract of a container runtime: the part of CRI v1 that a host needs, in our words. Drivers: `containerd.ts` (CRI
 * over gRPC) and `simulated.ts`; `conformance.ts` says what each must do. Times are milliseconds since 1970.
 */
export interface Runtime extends AsyncDisposable {
  /** What answers: name, version. Throws {@link RuntimeUnavailableError} where nothing answers. */
  version(): Promise<RuntimeVersion>;
  listSandboxes(): Promise<Sandbox[]>;
  listContainers(): Promise<Container[]>;
  /** The pod's network is set up and its sandbox runs when this resolves. */
  runSandbox(config: SandboxConfig): Promise<string>;
  /** Stops all of its containers and tears its network down. Idempotent. */
  stopSandbox(sandboxId: string): Promise<void>;
  /** Removes a sandbox and its containers; stops it first. Idempotent. */
  removeSandbox(sandboxId: string): Promise<void>;
  /** The pod's addresses; empty where the pod uses the host's network or is stopped. */
  sandboxAddresses(sandboxId: string): Promise<string[]>;
  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string>;
  startContainer(containerId: string): Promise<void>;
  /** SIGTERM, then SIGKILL after `graceSeconds`. Idempotent. */
  stopContainer(containerId: string, graceSeconds: number): Promise<void>;
  /** Removes a stopped container. Idempotent. */
  removeContainer(containerId: string): Promise<void>;
  /** Runs a command in a container to its end. `timeoutMs` reached: throws. Output is cut at 16 KiB a stream. */
  execSync(containerId: string, command: readonly string[], timeoutMs: number): Promise<ExecResult>;
  /** The image's id and digest, or undefined where it is not on this host. */
  imageStatus(image: string): Promise<Image | undefined>;
  /** Pulls an image; resolves to its id. Throws {@link ImagePullError} with what the registry said. */
  pullImage(image: string, credentials?: RegistryCredentials): Promise<string>;
  listImages(): Promise<Image[]>;
  removeImage(imageId: string): Promise<void>;
  stats(): Promise<ContainerStats[]>;
  /** The log file is to be reopened after a rotation. */
  reopenLog(containerId: string): Promise<void>;
  /** URL of a one-time streaming endpoint for `kubectl exec`, `attach` and `port-forward`. */
  streamUrl(request: StreamRequest): Promise<string>;
}

/** How a registry knows who pulls: a name and password, or a token in their place. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
  /** Empty where there is none. */
  readonly identityToken: string;
}

export interface RuntimeVersion {
  readonly runtimeName: string;
  readonly runtimeVersion: string;
}

/** Whose sandbox or container it is: written as labels, so that a restarted agent finds its own. */
export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

export interface Sandbox {
  readonly id: string;
  readonly pod: PodIdentity;
  /** Counts the sandboxes that a pod has had, from 0. */
  readonly attempt: number;
  readonly state: 'ready' | 'notReady';
  readonly createdMs: number;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface SandboxConfig {
  readonly pod: PodIdentity;
  readonly attempt: number;
  readonly hostname: string;
  /** The pod's log folder; container log paths are relative to it. */
  readonly logFolder: string;
  readonly dns: {
    readonly servers: readonly string[];
    readonly searches: readonly string[];
    readonly options: readonly string[];
  };
  readonly ports: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  readonly shareProcessNamespace: boolean;
  /** The cgroup under which the pod's containers live; the runtime's default where absent. */
  readonly cgroupParent?: string;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly security: SandboxSecurity;
}

export interface SandboxSecurity {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly supplementalGroups: readonly number[];
  readonly privileged: boolean;
}

export interface PortMapping {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp: string;
}

export interface Container {
  readonly id: string;
  readonly sandboxId: string;
  readonly pod: PodIdentity;
  readonly name: string;
  /** Counts the containers of this name that the pod has had, from 0: its restarts. */
  readonly attempt: number;
  readonly state: ContainerState;
  readonly image: string;
  /** The image as resolved: its digest reference. */
  readonly imageId: string;
  readonly createdMs: number;
  readonly logPath: string;
  /** As given in {@link ContainerConfig.annotations}. */
  readonly annotations: Readonly<Record<string, string>>;
}

export type ContainerState =
  | { readonly type: 'created' }
  | { readonly type: 'running'; readonly startedMs: number }
  | {
      readonly type: 'exited';
      readonly startedMs: number;
      readonly finishedMs: number;
      readonly exitCode: number;
      /** `Completed`, `Error`, `OOMKilled`, … */
      readonly reason: string;
      readonly message: string;
    }
  | { readonly type: 'unknown' };

export interface ContainerConfig {
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  /** Replaces the image's entry point; empty keeps it. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly {
    readonly hostPath: string;
    readonly containerPath: string;
    readonly permissions: string;
  }[];
  /** Relative to the sandbox's log folder. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly resources: ContainerResources;
  readonly security: ContainerSecurity;
}

export interface Mount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
  readonly propagation: 'private' | 'hostToContainer' | 'bidirectional';
}

/** cgroup settings; 0 or absent leaves the runtime's default. */
export interface ContainerResources {
  readonly cpuShares?: number;
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly memoryLimitBytes?: number;
  readonly oomScoreAdj?: number;
}

export interface ContainerSecurity {
  readonly privileged: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly readOnlyRootFilesystem: boolean;
  readonly noNewPrivileges: boolean;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly supplementalGroups: readonly number[];
  /** A running container of the same pod whose processes it shall see. */
  readonly targetContainerId?: string;
  readonly seccomp:
    | { readonly type: 'runtimeDefault' }
    | { readonly type: 'unconfined' }
    | { readonly type: 'localhost'; readonly path: string };
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Image {
  /** Content id, `sha256:…`. */
  readonly id: string;
  readonly tags: readonly string[];
  /** `name@sha256:…`, one for each repository it came from. */
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  /** The user that the image names, where numeric. */
  readonly uid?: number;
  readonly username?: string;
}

export interface ContainerStats {
  readonly containerId: string;
  readonly atMs: number;
  /** CPU time used since the start, nanoseconds. */
  readonly cpuNanoseconds: number;
  readonly memoryWorkingSetBytes: number;
}

export type StreamRequest =
  | {
      readonly type: 'exec';
      readonly containerId: string;
      readonly command: readonly string[];
      readonly stdin: boolean;
      readonly stdout: boolean;
      readonly stderr: boolean;
      readonly tty: boolean;
    }
  | {
      readonly type: 'attach';
      readonly containerId: string;
      readonly stdin: boolean;
      readonly stdout: boolean;
      readonly stderr: boolean;
      readonly tty: boolean;
    }
  | { readonly type: 'portForward'; readonly sandboxId: string; readonly ports: readonly number[] };

/** Nothing answers at the runtime's socket, or it broke off: try again. */
export class RuntimeUnavailableError extends Error {
  override readonly name = 'RuntimeUnavailableError';
}

/** The runtime refused or failed a request; `code` is the gRPC status (`NOT_FOUND`, `INVALID_ARGUMENT`, `UNKNOWN`, …). */
export class RuntimeRequestError extends Error {
  override readonly name = 'RuntimeRequestError';
  readonly code: string;
  constructor(message: string, options: { code: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = options.code;
  }
}

/** An image could not be pulled. */
export class ImagePullError extends Error {
  override readonly name = 'ImagePullError';
  /** `notFound`: no registry has it. `unavailable`: a registry could not be reached or asked to wait. `refused`: not allowed. */
  readonly reason: 'notFound' | 'unavailable' | 'refused';
  constructor(message: string, options: { reason: 'notFound' | 'unavailable' | 'refused'; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.reason = options.reason;
  }
}
