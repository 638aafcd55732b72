import type { Pod } from '#api/core/pod.ts';
import type { PodStatus } from '#api/core/pod-status.ts';
import type { Failure, Operation, Preparation, SeenExit } from '#kubelet/pod-facts.ts';
import type { MountedVolume } from '#kubelet/volumes/volume.ts';

/** An operation that is under way, and the way to give it up. */
export interface RunningOperation extends Operation {
  readonly abort: AbortController;
}

/**
 * What a kubelet keeps in mind of one pod between two plans, by uid. Owned by the sync loop; plans see it as a
 * `PodRecollection`. Losing it costs work and writes, never a wrong step.
 */
export interface PodMemory {
  readonly uid: string;
  /** The object as last seen; undefined for a pod that only the runtime knows. */
  pod: Pod | undefined;
  /** Monotonic milliseconds: when the pod was first seen, asked to terminate, and found to be gone. */
  readonly firstSeenMs: number;
  terminatingSinceMs: number | undefined;
  /** When it became active, by its start time as this process first knew it. */
  activeSinceMs: number | undefined;
  goneSinceMs: number | undefined;
  readonly operations: Map<string, RunningOperation>;
  readonly failures: Map<string, Failure>;
  readonly exits: Map<string, SeenExit>;
  readonly redefined: Set<string>;
  /** Containers whose postStart hook failed. */
  readonly failedHooks: Set<string>;
  /** Keys of events that were written. */
  readonly announced: Set<string>;
  preparation: Preparation;
  volumes: ReadonlyMap<string, MountedVolume>;
  /** Of the sandbox with this id. */
  addresses: { readonly sandboxId: string; readonly addresses: readonly string[] } | undefined;
  status: PodStatus | undefined;
}

/** The memory of a pod of which nothing is known yet. */
export function createPodMemory(uid: string, firstSeenMs: number): PodMemory {
  return {
    uid,
    pod: undefined,
    firstSeenMs,
    terminatingSinceMs: undefined,
    activeSinceMs: undefined,
    goneSinceMs: undefined,
    operations: new Map(),
    failures: new Map(),
    exits: new Map(),
    redefined: new Set(),
    failedHooks: new Set(),
    announced: new Set(),
    preparation: { type: 'unknown' },
    volumes: new Map(),
    addresses: undefined,
    status: undefined,
  };
}
