import { isDeepStrictEqual } from 'node:util';
import { type Pod, podResource } from '#api/core/pod.ts';
import type { PodStatus } from '#api/core/pod-status.ts';
import { isStatus } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { type Backoff, createBackoff } from '#system/backoff.ts';
import type { Clock } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import type { Random } from '#system/random.ts';

/** Wait before a write that failed is tried again, first and longest, in milliseconds. */
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 30_000;

/** What a status writer needs. */
export interface StatusWriterOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** A write of this pod's status is over, or may be tried again: its status is to be composed anew. */
  readonly onChange: (uid: string) => void;
}

interface Writing {
  /** The pod as the API server answered a write last: may be newer than any view. */
  answer: Pod | undefined;
  /** The status that it was the answer to. */
  sent: PodStatus | undefined;
  busy: boolean;
  retryAtMs: number;
  readonly backoff: Backoff;
}

/**
 * Writes pod statuses, and only where something has changed: one write of a pod at a time, made from the newest object
 * known and refused by the server where that is not the newest there is.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #writings = new Map<string, Writing>();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** The newest state of a pod's object that is known: the view's, or the answer to a later write. */
  newest(pod: Pod): Pod {
    const answer = this.#writings.get(pod.metadata.uid)?.answer;
    return answer !== undefined && revisionOf(answer) > revisionOf(pod) ? answer : pod;
  }

  /** Whether the API server has this status, or has answered it with what it makes of it. */
  isWritten(pod: Pod, status: PodStatus): boolean {
    const newest = this.newest(pod);
    if (isDeepStrictEqual(newest.status, status)) return true;
    const writing = this.#writings.get(pod.metadata.uid);
    const isAnswer = writing?.answer?.metadata.resourceVersion === newest.metadata.resourceVersion;
    return isAnswer && isDeepStrictEqual(writing?.sent, status);
  }

  /** Sees to it that the API server gets this status, unless a write of this pod is under way: its end calls `onChange`. */
  write(pod: Pod, status: PodStatus): void {
    const { clock, random } = this.#options;
    const { uid } = pod.metadata;
    const writing = this.#writings.get(uid) ?? {
      answer: undefined,
      sent: undefined,
      busy: false,
      retryAtMs: 0,
      backoff: createBackoff(random, { firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS }),
    };
    this.#writings.set(uid, writing);
    if (writing.busy || clock.monotonic() < writing.retryAtMs || this.isWritten(pod, status)) return;
    writing.busy = true;
    void this.#write({ pod: this.newest(pod), status, writing });
  }

  forget(uid: string): void {
    this.#writings.delete(uid);
  }

  async #write({ pod, status, writing }: { pod: Pod; status: PodStatus; writing: Writing }): Promise<void> {
    const { client, clock, log, onChange } = this.#options;
    const { uid, resourceVersion } = pod.metadata;
    const patch = { metadata: { uid, resourceVersion }, status: withRemovals(pod.status, status) };
    try {
      writing.answer = await client.patch(podResource, pod.metadata, {
        patchType: 'merge',
        patch,
        subresource: 'status',
      });
      writing.sent = status;
      writing.backoff.reset();
    } catch (error) {
      // A conflict says that there is a newer object, which the view is about to bring.
      if (!isStatus(error, 'Conflict') && !isStatus(error, 'NotFound'))
        log.warn('a pod status was not written', { pod: pod.metadata.name, error });
      const delayMs = writing.backoff.next();
      writing.retryAtMs = clock.monotonic() + delayMs;
      clock.after(delayMs, () => onChange(uid));
    }
    writing.busy = false;
    onChange(uid);
  }
}

/** The status as a merge patch: what the old one has beyond it is removed. */
function withRemovals(before: PodStatus | undefined, status: PodStatus): Record<string, unknown> {
  const removed = Object.keys(before ?? {}).filter((key) => !(key in status));
  return { ...status, ...Object.fromEntries(removed.map((key) => [key, null])) };
}

function revisionOf(pod: Pod): number {
  return Number(pod.metadata.resourceVersion);
}
