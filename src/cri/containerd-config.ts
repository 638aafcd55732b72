import { createHash } from 'node:crypto';
import type { ContainerdBinaries } from '#cri/containerd-binaries.ts';
import { PAUSE_IMAGE } from '#cri/pause-image.ts';

/** The folders and files of a site's own containerd. */
export interface ContainerdLayout {
  /** Everything that survives a reboot. */
  readonly dataFolder: string;
  /** Everything that does not: sockets, and what runs. */
  readonly runFolder: string;
  readonly rootFolder: string;
  readonly stateFolder: string;
  readonly runcFolder: string;
  readonly socketPath: string;
  readonly configPath: string;
  readonly pidPath: string;
  readonly logPath: string;
  /** `<registry>/hosts.toml`, read at each pull. */
  readonly registriesFolder: string;
  /** The CNI configuration; containerd reads it again whenever it changes. */
  readonly cniConfigFolder: string;
}

/** The longest path of a unix socket, in bytes (unix(7): 108 with its final zero). */
export const SOCKET_PATH_BYTES_MAX = 107;

/** containerd opens a second socket under the name of the first and this. */
const SECOND_SOCKET_SUFFIX = '.ttrpc';

/**
 * Where a containerd with its data in `dataFolder` keeps what. The run folder is short and on a memory file system
 * whatever the data folder is: sockets have short paths, and what ran before a power loss does not run any more. Throws
 * where a `runFolder` given is too long for a socket.
 */
export function containerdLayout(options: { dataFolder: string; runFolder?: string }): ContainerdLayout {
  const { dataFolder } = options;
  const name = createHash('sha256').update(dataFolder).digest('hex').slice(0, 12);
  const runFolder = options.runFolder ?? `/run/skerry-${name}`;
  const socketPath = `${runFolder}/containerd.sock`;
  const length = Buffer.byteLength(socketPath + SECOND_SOCKET_SUFFIX);
  if (length > SOCKET_PATH_BYTES_MAX) {
    const limit = `a unix socket's path has at most ${SOCKET_PATH_BYTES_MAX} bytes, this one would have ${length}`;
    throw new Error(
      `the run folder "${runFolder}" is too long for containerd's socket: ${limit}; choose a shorter one`,
    );
  }
  return {
    dataFolder,
    runFolder,
    rootFolder: `${dataFolder}/root`,
    stateFolder: `${runFolder}/containerd`,
    runcFolder: `${runFolder}/runc`,
    socketPath,
    configPath: `${dataFolder}/config.toml`,
    pidPath: `${runFolder}/containerd.pid`,
    logPath: `${dataFolder}/containerd.log`,
    registriesFolder: `${dataFolder}/certs.d`,
    cniConfigFolder: `${dataFolder}/net.d`,
  };
}

/** What the configuration depends on beside the layout. */
export interface ContainerdFacts {
  readonly binaries: ContainerdBinaries;
  readonly snapshotter: 'overlayfs' | 'native';
  /** Whether a process may lower its oom_score_adj; without the capability runc fails with a message that says nothing. */
  readonly mayLowerOomScore: boolean;
}

/** Plugins that a site never uses and that cost memory, write elsewhere or complain at start. */
const DISABLED_PLUGINS = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.restart',
  'io.containerd.tracing.processor.v1.otlp',
  'io.containerd.internal.v1.tracing',
] as const;

/** The text of `config.toml` in format version 2, which containerd 1.6, 1.7 and (by migration) 2.x read. */
export function containerdConfig(layout: ContainerdLayout, facts: ContainerdFacts): string {
  const { binaries } = facts;
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = ${quoted(layout.rootFolder)}
state = ${quoted(layout.stateFolder)}
disabled_plugins = [${DISABLED_PLUGINS.map(quoted).join(', ')}]
required_plugins = ["io.containerd.grpc.v1.cri"]

[debug]
  level = "warn"

[grpc]
  address = ${quoted(layout.socketPath)}

[${cri}]
  sandbox_image = ${quoted(PAUSE_IMAGE)}
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  restrict_oom_score_adj = ${!facts.mayLowerOomScore}
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  [${cri}.registry]
    config_path = ${quoted(layout.registriesFolder)}
  [${cri}.cni]
    bin_dir = ${quoted(binaries.cniFolder)}
    conf_dir = ${quoted(layout.cniConfigFolder)}
  [${cri}.containerd]
    snapshotter = ${quoted(facts.snapshotter)}
    default_runtime_name = "runc"
    [${cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [${cri}.containerd.runtimes.runc.options]
        BinaryName = ${quoted(binaries.runc)}
        Root = ${quoted(layout.runcFolder)}
        SystemdCgroup = false
`;
}

/** The registries file that sends every pull through a mirror at `url`, and nowhere else where it has no answer. */
export function mirrorHosts(url: string): string {
  return `server = ${quoted(url)}\n\n[host.${quoted(url)}]\n  capabilities = ["pull", "resolve"]\n`;
}

/** A TOML basic string: JSON's escapes are a subset of TOML's. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
