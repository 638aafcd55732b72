import type { Pod } from '#api/core/pod.ts';
import type { PodIdentity } from '#cri/runtime.ts';
import type { KubeletHost } from '#kubelet/kubelet-host.ts';
import type { MountedVolume } from '#kubelet/volumes/volume.ts';

/** What a hook may look at while its pod is being set up. */
export interface PodContext {
  readonly host: KubeletHost;
  readonly pod: Pod;
  readonly signal: AbortSignal;
}

/** A pod of which the object may be gone. */
export interface PodRemains {
  readonly host: KubeletHost;
  readonly uid: string;
  /** Undefined where only files tell of the pod. */
  readonly identity: PodIdentity | undefined;
}

/** What the hooks have made for a pod. */
export interface PreparedPod {
  readonly volumes: ReadonlyMap<string, MountedVolume>;
  /** When to prepare again, monotonic milliseconds. */
  readonly renewAtMs: number;
}

/**
 * One concern of a pod's life on this host. Hooks run in the order of `POD_HOOKS` on the way up, in reverse on the way
 * down; all are idempotent, because the agent may be killed between any two of them.
 */
export interface PodHook {
  readonly name: string;
  /** Before the sandbox starts, and again when the hook's inputs have changed. */
  readonly setUp?: (context: PodContext, prepared: PreparedPod) => Promise<PreparedPod>;
  /** Nothing of the pod will run any more; what people may still ask for (logs) stays. */
  readonly release?: (remains: PodRemains) => Promise<void>;
  /** Nothing of the pod stays. */
  readonly remove?: (remains: PodRemains) => Promise<void>;
}
