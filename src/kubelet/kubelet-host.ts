import type { Pod } from '#api/core/pod.ts';
import type { Client } from '#client/client.ts';
import type { Runtime } from '#cri/runtime.ts';
import type { ImagePuller } from '#kubelet/images/image-puller.ts';
import type { PodPaths } from '#kubelet/pod-paths.ts';
import type { ClusterDns } from '#kubelet/sandbox/dns.ts';
import type { KubeletSources } from '#kubelet/sources.ts';
import type { MemoryMounts, RequestToken } from '#kubelet/volumes/volume.ts';
import type { Clock } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';
import type { Log } from '#system/log.ts';
import type { Prober } from '#system/probe.ts';
import type { Random } from '#system/random.ts';

/** An event about a pod, as `kubectl describe pod` lists it. */
export interface PodEvent {
  readonly eventType: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** All that the effects of a kubelet may touch: what operations and hooks are handed. */
export interface KubeletHost {
  readonly client: Client;
  readonly sources: KubeletSources;
  readonly runtime: Runtime;
  readonly images: ImagePuller;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly random: Random;
  readonly log: Log;
  /** Records an event; nothing waits for it. */
  readonly announce: (pod: Pod, event: PodEvent) => void;
  readonly requestToken: RequestToken;
  readonly mounts: MemoryMounts;
  readonly paths: PodPaths;
  readonly nodeName: string;
  readonly hostAddress: string;
  readonly dns: ClusterDns;
  readonly cgroupParent: string;
  readonly memoryBytes: number;
  readonly allocatable: Readonly<Record<string, string>>;
}
