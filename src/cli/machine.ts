import type { ChildProcess } from '#system/process.ts';

/** What runs a site's containers. */
export type RuntimeKind = 'containerd' | 'simulated';

/** Where everything of one `skerry up` lies: the hub in `hub/`, each site in `sites/NAME/`. */
export interface DataLayout {
  readonly root: string;
  readonly hub: string;
  readonly site: (name: string) => string;
  readonly kubeconfig: string;
}

export function dataLayout(root: string): DataLayout {
  return {
    root,
    hub: `${root}/hub`,
    site: (name) => `${root}/sites/${name}`,
    kubeconfig: `${root}/kubeconfig`,
  };
}

/**
 * What `up` and `down` do to this machine. The composition roots implement it: commands reach hubs and sites otherwise only
 * through their APIs.
 */
export interface Machine {
  /** Starts a hub as a process of its own, which outlives this one. */
  startHub(options: { folder: string; host: string; port: number }): Promise<ChildProcess>;
  startSite(options: { folder: string; runtime: RuntimeKind; imageFolder: string }): Promise<ChildProcess>;
  /** Enrols a new site and settles its networks and port; nothing where it has joined already. */
  joinSite(options: {
    folder: string;
    name: string;
    token: () => Promise<string>;
    takenFolders: readonly string[];
  }): Promise<void>;
  /** Stops a site's pods and its container runtime; its process has ended before. */
  stopSite(folder: string): Promise<void>;
  /** As `stopSite`, and removes every trace outside of the folder: mounts, bridge, rules, network namespaces. */
  purgeSite(folder: string): Promise<void>;
  /** Why sites cannot run here with this runtime, in one sentence; undefined where they can. */
  preflight(runtime: RuntimeKind): Promise<string | undefined>;
}

/** Where a process of ours writes its log, and its id. */
export function logPathOf(folder: string, role: 'hub' | 'site'): string {
  return `${folder}/${role}.log`;
}

export function pidPathOf(folder: string, role: 'hub' | 'site'): string {
  return `${folder}/${role}.pid`;
}
