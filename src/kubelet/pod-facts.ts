import type { Pod } from '#api/core/pod.ts';
import type { PodStatus } from '#api/core/pod-status.ts';
import type { Container, Sandbox } from '#cri/runtime.ts';

/** What the runtime has of one pod; the newest (highest attempt) first. */
export interface PodRuntime {
  readonly sandboxes: readonly Sandbox[];
  readonly containers: readonly Container[];
}

/** What is wanted of a pod on this host. Times are monotonic milliseconds. */
export type Desired =
  | { readonly type: 'run'; readonly pod: Pod }
  /** It has ended, or is to end, for good; it stays visible until it is deleted. */
  | { readonly type: 'finish'; readonly pod: Pod; readonly why: Finish }
  /** Its deletion is asked for; its containers have until the deadline. */
  | { readonly type: 'terminate'; readonly pod: Pod; readonly deadlineMs: number }
  /** No such pod is known to the API server any more. */
  | { readonly type: 'remove'; readonly deadlineMs: number };

/** Why a pod ends for good, as its status will say. */
export type Finish =
  | { readonly type: 'completed' }
  | { readonly type: 'failed'; readonly reason: string; readonly message: string };

/** Something that is being done for a pod right now. */
export interface Operation {
  readonly key: string;
  /** Of a stop: when the container is killed, monotonic milliseconds. */
  readonly deadlineMs?: number;
}

/** The last failure of an operation, until it succeeds. */
export interface Failure {
  /** A word, as `state.waiting.reason` shows it. */
  readonly reason: string;
  /** One sentence for people. */
  readonly message: string;
  /** How often in a row. */
  readonly count: number;
  /** Monotonic milliseconds: when it failed, and when it may be tried again. */
  readonly atMs: number;
  readonly retryAtMs: number;
}

/** What probes and hooks say of a running container. */
export interface ContainerHealth {
  /** Its startup probe has passed, or it has none. */
  readonly started: boolean;
  readonly ready: boolean;
  /** Why the container is to be stopped; undefined while it is well. */
  readonly ailment: Ailment | undefined;
}

/** Why a running container is to be stopped. */
export interface Ailment {
  readonly type: 'startup' | 'liveness' | 'postStart';
  /** The probe's own grace, where it has one. */
  readonly graceSeconds?: number;
}

/** The exit of a container as first seen. */
export interface SeenExit {
  /** Monotonic milliseconds. */
  readonly seenMs: number;
  /** Its termination message, at most 4 KiB. */
  readonly message: string;
}

/** What the kubelet remembers of a pod. Nothing here is needed to act rightly after a restart: it only saves work and writes. */
export interface PodRecollection {
  readonly operations: ReadonlyMap<string, Operation>;
  readonly failures: ReadonlyMap<string, Failure>;
  /** By container id. */
  readonly health: ReadonlyMap<string, ContainerHealth>;
  /** By container id. */
  readonly exits: ReadonlyMap<string, SeenExit>;
  /** Ids of containers that were stopped because their definition changed: they start again whatever the policy. */
  readonly redefined: ReadonlySet<string>;
  /** The pod's volumes and files: not made yet, made from these inputs, or taken down. */
  readonly preparation: Preparation;
  /** The pod's addresses, empty until its sandbox runs. */
  readonly addresses: readonly string[];
  /** The status composed last; the API server's where there is none yet. */
  readonly status: PodStatus | undefined;
  /** The API server has that status. */
  readonly statusWritten: boolean;
}

/** How far the pod’s folders and volumes are; `unknown` after a restart of the agent. */
export type Preparation =
  | { readonly type: 'unknown' }
  | { readonly type: 'ready'; readonly inputs: string; readonly renewAtMs: number }
  | { readonly type: 'released' }
  | { readonly type: 'removed' };

/** All that a plan and a status are made from. */
export interface PodFacts {
  readonly uid: string;
  readonly desired: Desired;
  readonly runtime: PodRuntime;
  readonly recollection: PodRecollection;
  /** Fingerprint of the API objects that the pod's volumes are made from, as of now. */
  readonly inputs: string;
  /** Wall clock, for what people read. */
  readonly nowMs: number;
  /** For every interval. */
  readonly monotonicMs: number;
}
