import type { Pod } from '#api/core/pod.ts';
import type { StreamRequest } from '#cri/runtime.ts';

/** The query of `GET pods/NAME/log`. */
export interface LogOptions {
  readonly container: string;
  readonly follow: boolean;
  /** The log of the container before the last restart. */
  readonly previous: boolean;
  readonly timestamps: boolean;
  /** Only lines written at or after this time, milliseconds since 1970. */
  readonly sinceMs?: number;
  /** Only the last lines. */
  readonly tailLines?: number;
  readonly limitBytes?: number;
}

/** What to open in a pod: an exec or attach in a container by name, or ports of the pod. */
export type PodStream =
  | (Omit<Extract<StreamRequest, { type: 'exec' }>, 'containerId'> & { readonly container: string })
  | (Omit<Extract<StreamRequest, { type: 'attach' }>, 'containerId'> & { readonly container: string })
  | { readonly type: 'portForward'; readonly ports: readonly number[] };

/**
 * How an API server reaches into running pods. The kubelet of a host implements it; a composition root hands it over.
 * Errors that the caller shall see are StatusErrors (BadRequest: `container "x" in pod "y" is waiting to start: …`).
 */
export interface PodAccess {
  /** The log's lines as bytes, as `kubectl logs` prints them; with `follow` it goes on until the container ends. */
  logs(pod: Pod, options: LogOptions, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** A one-time URL of a streaming endpoint that speaks SPDY/3.1, and for ports WebSocket `v4.channel.k8s.io`. */
  streamUrl(pod: Pod, stream: PodStream): Promise<string>;
}
