import type { Client } from '#client/client.ts';
import type { Runtime } from '#cri/runtime.ts';
import type { Machine } from '#kubelet/node/machine.ts';
import type { ClusterDns } from '#kubelet/sandbox/dns.ts';
import type { KubeletSources } from '#kubelet/sources.ts';
import type { MemoryMounts, RequestToken } from '#kubelet/volumes/volume.ts';
import type { EventRecorder } from '#reconcile/event-recorder.ts';
import type { Clock } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';
import type { Log } from '#system/log.ts';
import type { Prober } from '#system/probe.ts';
import type { Random } from '#system/random.ts';

/** What a composition root gives to a kubelet. */
export interface KubeletOptions {
  readonly client: Client;
  /** What it reads; the views behind it are run by whoever made them. */
  readonly sources: KubeletSources;
  readonly events: EventRecorder;
  readonly runtime: Runtime;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly random: Random;
  readonly log: Log;
  /** `createMemoryMounts`, or `noMemoryMounts` where nothing may be mounted: Secrets then lie on the disk. */
  readonly mounts: MemoryMounts;
  /** `createTokenRequest`. */
  readonly requestToken: RequestToken;
  readonly nodeName: string;
  /** The host's address within its site. */
  readonly hostAddress: string;
  /** Labels of the node beside the well-known ones. */
  readonly labels: Readonly<Record<string, string>>;
  readonly machine: Machine;
  /** Logs are below `pods/` of it, volumes below `volumes/` and `memory/`. */
  readonly dataFolder: string;
  readonly dns: ClusterDns;
  /** The cgroup below which all pods live; empty leaves the choice to the runtime. */
  readonly cgroupParent: string;
}
