import {
  bool,
  bytes,
  enumeration,
  int,
  ints,
  list,
  type Message,
  map,
  message,
  nested,
  string,
  strings,
  uint,
} from '#system/protobuf.ts';

/**
 * The messages and methods of CRI v1 (`k8s.io/cri-api/pkg/apis/runtime/v1/api.proto`) that a host needs. A field that
 * nobody here reads or writes is left out; the numbers are the contract.
 */

const Empty = message({});

const Int64Value = message({ value: int(1) });
const UInt64Value = message({ value: uint(1) });

const DnsConfig = message({ servers: strings(1), searches: strings(2), options: strings(3) });

const PortMapping = message({
  protocol: enumeration(1, ['TCP', 'UDP', 'SCTP']),
  containerPort: int(2),
  hostPort: int(3),
  hostIp: string(4),
});

const Mount = message({
  containerPath: string(1),
  hostPath: string(2),
  readonly: bool(3),
  propagation: enumeration(5, ['PRIVATE', 'HOST_TO_CONTAINER', 'BIDIRECTIONAL']),
});

const NAMESPACE_MODES = ['POD', 'CONTAINER', 'NODE', 'TARGET'] as const;

/** Which of its namespaces a pod or container shares, and with whom. */
export const NamespaceOption = message({
  network: enumeration(1, NAMESPACE_MODES),
  pid: enumeration(2, NAMESPACE_MODES),
  ipc: enumeration(3, NAMESPACE_MODES),
  /** The container whose processes are seen, where the mode is `TARGET`. */
  targetId: string(4),
});

/** A seccomp profile. */
export const SecurityProfile = message({
  profileType: enumeration(1, ['RuntimeDefault', 'Unconfined', 'Localhost']),
  localhostRef: string(2),
});

const LinuxSandboxSecurityContext = message({
  namespaceOptions: nested(1, NamespaceOption),
  runAsUser: nested(3, Int64Value),
  supplementalGroups: ints(5),
  privileged: bool(6),
  runAsGroup: nested(8, Int64Value),
  seccomp: nested(9, SecurityProfile),
});

const PodSandboxMetadata = message({
  name: string(1),
  uid: string(2),
  namespace: string(3),
  attempt: uint(4),
});

/** What a pod's sandbox shall be. */
export const PodSandboxConfig = message({
  metadata: nested(1, PodSandboxMetadata),
  hostname: string(2),
  logDirectory: string(3),
  dnsConfig: nested(4, DnsConfig),
  portMappings: list(5, PortMapping),
  labels: map(6),
  annotations: map(7),
  linux: nested(
    8,
    message({
      cgroupParent: string(1),
      securityContext: nested(2, LinuxSandboxSecurityContext),
      sysctls: map(3),
    }),
  ),
});

const SANDBOX_STATES = ['READY', 'NOTREADY'] as const;

/** A sandbox as it is listed. */
export const PodSandbox = message({
  id: string(1),
  metadata: nested(2, PodSandboxMetadata),
  state: enumeration(3, SANDBOX_STATES),
  createdAt: int(4),
  labels: map(5),
  annotations: map(6),
});

const PodSandboxNetworkStatus = message({
  ip: string(1),
  additionalIps: list(2, message({ ip: string(1) })),
});

const PodSandboxStatus = message({
  id: string(1),
  state: enumeration(3, SANDBOX_STATES),
  network: nested(5, PodSandboxNetworkStatus),
});

const ImageSpec = message({ image: string(1), annotations: map(2) });

const LinuxContainerResources = message({
  cpuPeriod: int(1),
  cpuQuota: int(2),
  cpuShares: int(3),
  memoryLimitInBytes: int(4),
  oomScoreAdj: int(5),
});

const LinuxContainerSecurityContext = message({
  capabilities: nested(1, message({ addCapabilities: strings(1), dropCapabilities: strings(2) })),
  privileged: bool(2),
  namespaceOptions: nested(3, NamespaceOption),
  runAsUser: nested(5, Int64Value),
  runAsUsername: string(6),
  readonlyRootfs: bool(7),
  supplementalGroups: ints(8),
  noNewPrivs: bool(11),
  runAsGroup: nested(12, Int64Value),
  maskedPaths: strings(13),
  readonlyPaths: strings(14),
  seccomp: nested(15, SecurityProfile),
});

const ContainerMetadata = message({ name: string(1), attempt: uint(2) });

/** What a container shall be. */
export const ContainerConfig = message({
  metadata: nested(1, ContainerMetadata),
  image: nested(2, ImageSpec),
  command: strings(3),
  args: strings(4),
  workingDir: string(5),
  envs: list(6, message({ key: string(1), value: string(2) })),
  mounts: list(7, Mount),
  devices: list(8, message({ containerPath: string(1), hostPath: string(2), permissions: string(3) })),
  labels: map(9),
  annotations: map(10),
  logPath: string(11),
  stdin: bool(12),
  stdinOnce: bool(13),
  tty: bool(14),
  linux: nested(
    15,
    message({
      resources: nested(1, LinuxContainerResources),
      securityContext: nested(2, LinuxContainerSecurityContext),
    }),
  ),
});

const CONTAINER_STATES = ['CREATED', 'RUNNING', 'EXITED', 'UNKNOWN'] as const;

/** A container as it is listed: without times, exit code or log path. */
export const Container = message({
  id: string(1),
  podSandboxId: string(2),
  metadata: nested(3, ContainerMetadata),
  image: nested(4, ImageSpec),
  imageRef: string(5),
  state: enumeration(6, CONTAINER_STATES),
  createdAt: int(7),
  labels: map(8),
  annotations: map(9),
});

/** What only a container's own status says. */
export const ContainerStatus = message({
  id: string(1),
  state: enumeration(3, CONTAINER_STATES),
  createdAt: int(4),
  startedAt: int(5),
  finishedAt: int(6),
  exitCode: int(7),
  image: nested(8, ImageSpec),
  imageRef: string(9),
  reason: string(10),
  message: string(11),
  logPath: string(15),
});

/** An image on this host. */
export const Image = message({
  id: string(1),
  repoTags: strings(2),
  repoDigests: strings(3),
  size: uint(4),
  uid: nested(5, Int64Value),
  username: string(6),
});

/** A container's use of CPU and memory. */
export const ContainerStats = message({
  attributes: nested(1, message({ id: string(1) })),
  cpu: nested(2, message({ timestamp: int(1), usageCoreNanoSeconds: nested(2, UInt64Value) })),
  memory: nested(3, message({ timestamp: int(1), workingSetBytes: nested(2, UInt64Value) })),
});

/** A method of a service: its path and the types of its request and response. */
export interface Method<RequestIn, ResponseOut> {
  readonly path: string;
  readonly encode: (request: RequestIn) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => ResponseOut;
}

function method<RequestOut, RequestIn, ResponseOut, ResponseIn>(
  path: string,
  request: Message<RequestOut, RequestIn>,
  response: Message<ResponseOut, ResponseIn>,
): Method<RequestIn, ResponseOut> {
  return { path: `/runtime.v1.${path}`, encode: request.encode, decode: response.decode };
}

const ContainerId = message({ containerId: string(1) });
const SandboxId = message({ podSandboxId: string(1) });
const ImageRequest = message({ image: nested(1, ImageSpec) });
const StreamUrl = message({ url: string(1) });

/** `runtime.v1.RuntimeService`. */
export const RuntimeService = {
  version: method(
    'RuntimeService/Version',
    message({ version: string(1) }),
    message({
      version: string(1),
      runtimeName: string(2),
      runtimeVersion: string(3),
      runtimeApiVersion: string(4),
    }),
  ),
  runPodSandbox: method(
    'RuntimeService/RunPodSandbox',
    message({ config: nested(1, PodSandboxConfig) }),
    SandboxId,
  ),
  stopPodSandbox: method('RuntimeService/StopPodSandbox', SandboxId, Empty),
  removePodSandbox: method('RuntimeService/RemovePodSandbox', SandboxId, Empty),
  podSandboxStatus: method(
    'RuntimeService/PodSandboxStatus',
    SandboxId,
    message({ status: nested(1, PodSandboxStatus) }),
  ),
  listPodSandbox: method('RuntimeService/ListPodSandbox', Empty, message({ items: list(1, PodSandbox) })),
  createContainer: method(
    'RuntimeService/CreateContainer',
    message({
      podSandboxId: string(1),
      config: nested(2, ContainerConfig),
      sandboxConfig: nested(3, PodSandboxConfig),
    }),
    ContainerId,
  ),
  startContainer: method('RuntimeService/StartContainer', ContainerId, Empty),
  stopContainer: method(
    'RuntimeService/StopContainer',
    message({ containerId: string(1), timeout: int(2) }),
    Empty,
  ),
  removeContainer: method('RuntimeService/RemoveContainer', ContainerId, Empty),
  listContainers: method('RuntimeService/ListContainers', Empty, message({ containers: list(1, Container) })),
  containerStatus: method(
    'RuntimeService/ContainerStatus',
    ContainerId,
    message({ status: nested(1, ContainerStatus) }),
  ),
  reopenContainerLog: method('RuntimeService/ReopenContainerLog', ContainerId, Empty),
  execSync: method(
    'RuntimeService/ExecSync',
    message({ containerId: string(1), cmd: strings(2), timeout: int(3) }),
    message({ stdout: bytes(1), stderr: bytes(2), exitCode: int(3) }),
  ),
  exec: method(
    'RuntimeService/Exec',
    message({
      containerId: string(1),
      cmd: strings(2),
      tty: bool(3),
      stdin: bool(4),
      stdout: bool(5),
      stderr: bool(6),
    }),
    StreamUrl,
  ),
  attach: method(
    'RuntimeService/Attach',
    message({ containerId: string(1), stdin: bool(2), tty: bool(3), stdout: bool(4), stderr: bool(5) }),
    StreamUrl,
  ),
  portForward: method(
    'RuntimeService/PortForward',
    message({ podSandboxId: string(1), port: ints(2) }),
    StreamUrl,
  ),
  listContainerStats: method(
    'RuntimeService/ListContainerStats',
    Empty,
    message({ stats: list(1, ContainerStats) }),
  ),
} as const;

/** `runtime.v1.ImageService`. */
const PullImageRequest = message({
  image: nested(1, ImageSpec),
  auth: nested(2, message({ username: string(1), password: string(2), identityToken: string(5) })),
});

export const ImageService = {
  listImages: method('ImageService/ListImages', Empty, message({ images: list(1, Image) })),
  imageStatus: method('ImageService/ImageStatus', ImageRequest, message({ image: nested(1, Image) })),
  pullImage: method('ImageService/PullImage', PullImageRequest, message({ imageRef: string(1) })),
  removeImage: method('ImageService/RemoveImage', ImageRequest, Empty),
} as const;
