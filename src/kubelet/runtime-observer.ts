import type { Container, PodIdentity, Runtime, RuntimeVersion, Sandbox } from '#cri/runtime.ts';
import { NODE_ANNOTATION } from '#kubelet/annotations.ts';
import type { PodRuntime } from '#kubelet/pod-facts.ts';
import { type Clock, createNap, type Nap, pause } from '#system/clock.ts';
import type { Log } from '#system/log.ts';

/** Between two listings, in milliseconds: while something is in motion, and else. An exit is noticed within the latter. */
const BUSY_POLL_MS = 1000;
const IDLE_POLL_MS = 2000;

/** What ends soon after its start, as init containers do, is noticed sooner: after this part of the time it has run. */
const YOUNG_POLL_PART = 0.25;
const YOUNG_POLL_MS_MIN = 100;

/** Listings that are asked for come at least so far apart, in milliseconds. */
const LISTING_GAP_MS = 20;

/** The runtime's own version is asked for again after this time, in milliseconds. */
const VERSION_MS = 300_000;

const NOTHING: PodRuntime = { sandboxes: [], containers: [] };

/** What an observer needs. */
export interface RuntimeObserverOptions {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  /** The runtime's view of this pod has changed, or a listing that it waited for is in. */
  readonly onChange: (uid: string) => void;
  /** The runtime answers again, or not any more. */
  readonly onAvailability: () => void;
  /** Whether anything is being started or stopped. */
  readonly isBusy: () => boolean;
}

/** Whether the runtime answers; `unknown` until it was first asked. */
export type Availability =
  | { readonly type: 'unknown' }
  | { readonly type: 'available'; readonly version: RuntimeVersion }
  | { readonly type: 'unavailable'; readonly message: string };

/**
 * What the runtime has, seen by listing it again and again (containerd 1.6 sends no events). One listing at a time; a pod
 * whose operation has ended is not to be planned before a listing that began after that end: {@link isCurrent}.
 */
export class RuntimeObserver {
  readonly #options: RuntimeObserverOptions;
  #pods = new Map<string, PodRuntime>();
  #identities = new Map<string, PodIdentity>();
  #availability: Availability = { type: 'unknown' };
  #versionAtMs = -Infinity;
  /** Listings begun so far. */
  #begun = 0;
  /** The listing that a pod waits for, by uid. */
  readonly #awaited = new Map<string, number>();
  readonly #nap: Nap;
  #asked = false;

  constructor(options: RuntimeObserverOptions) {
    this.#options = options;
    this.#nap = createNap(options.clock);
  }

  get availability(): Availability {
    return this.#availability;
  }

  /** Uids of all pods of which the runtime has anything. */
  get uids(): string[] {
    return [...this.#pods.keys()];
  }

  /** What the runtime has of a pod, as of the last listing. */
  of(uid: string): PodRuntime {
    return this.#pods.get(uid) ?? NOTHING;
  }

  /** All containers, as of the last listing. */
  get containers(): Container[] {
    return [...this.#pods.values()].flatMap(({ containers }) => containers);
  }

  /** Whose sandboxes these are; undefined where the runtime has none of this pod. */
  identity(uid: string): PodIdentity | undefined {
    return this.#identities.get(uid);
  }

  /** What is known of this pod is out of date: it is listed anew soon. */
  expire(uid: string): void {
    this.#awaited.set(uid, this.#begun + 1);
    this.#ask();
  }

  /** Whether the runtime answers, and a listing is in that is new enough for this pod. */
  isCurrent(uid: string): boolean {
    return this.#availability.type === 'available' && !this.#awaited.has(uid);
  }

  /** Lists until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      this.#asked = false;
      await this.#list();
      if (signal.aborted) return;
      if (this.#asked) await pause(clock, LISTING_GAP_MS, signal);
      else await this.#nap.rest(this.#pollMs(), signal);
    }
  }

  #pollMs(): number {
    const { clock, isBusy } = this.#options;
    const longestMs = isBusy() ? BUSY_POLL_MS : IDLE_POLL_MS;
    const startsMs = this.containers.map(({ state }) => (state.type === 'running' ? state.startedMs : 0));
    const ageMs = clock.now() - Math.max(0, ...startsMs);
    // A start in the future is one of a clock that was set back: it tells nothing.
    return ageMs < 0
      ? longestMs
      : Math.min(longestMs, Math.max(YOUNG_POLL_MS_MIN, Math.round(ageMs * YOUNG_POLL_PART)));
  }

  #ask(): void {
    this.#asked = true;
    this.#nap.wake();
  }

  async #list(): Promise<void> {
    this.#begun += 1;
    const listing = this.#begun;
    const { runtime } = this.#options;
    try {
      const version = await this.#version();
      const [sandboxes, containers] = await Promise.all([runtime.listSandboxes(), runtime.listContainers()]);
      this.#take({ sandboxes, containers, listing });
      this.#setAvailability({ type: 'available', version });
    } catch (error) {
      this.#setAvailability({
        type: 'unavailable',
        message: error instanceof Error ? error.message : String(error),
      });
      return;
    }
    for (const [uid, awaited] of this.#awaited) {
      if (awaited > listing) continue;
      this.#awaited.delete(uid);
      this.#options.onChange(uid);
    }
  }

  async #version(): Promise<RuntimeVersion> {
    const { clock, runtime } = this.#options;
    const known = this.#availability.type === 'available' ? this.#availability.version : undefined;
    if (known !== undefined && clock.monotonic() - this.#versionAtMs < VERSION_MS) return known;
    const version = await runtime.version();
    this.#versionAtMs = clock.monotonic();
    return version;
  }

  #take({ sandboxes, containers }: { sandboxes: Sandbox[]; containers: Container[]; listing: number }): void {
    const own = sandboxes.filter(
      ({ annotations }) => annotations[NODE_ANNOTATION] === this.#options.nodeName,
    );
    const before = this.#pods;
    this.#pods = byPod(own, containers);
    this.#identities = new Map(own.map(({ pod }) => [pod.uid, pod]));
    for (const uid of new Set([...before.keys(), ...this.#pods.keys()])) {
      if (!isSame(before.get(uid), this.#pods.get(uid))) this.#options.onChange(uid);
    }
  }

  #setAvailability(next: Availability): void {
    const before = this.#availability;
    this.#availability = next;
    if (before.type === next.type) return;
    if (next.type === 'unavailable')
      this.#options.log.warn('the container runtime does not answer', { message: next.message });
    else if (next.type === 'available')
      this.#options.log.info('the container runtime answers', { ...next.version });
    this.#options.onAvailability();
  }
}

/** Sandboxes and containers by the uid of their pod, the newest first. */
function byPod(sandboxes: readonly Sandbox[], containers: readonly Container[]): Map<string, PodRuntime> {
  const pods = new Map<string, { sandboxes: Sandbox[]; containers: Container[] }>();
  const uidOfSandbox = new Map<string, string>();
  for (const sandbox of sandboxes) {
    const { uid } = sandbox.pod;
    if (uid === '') continue;
    uidOfSandbox.set(sandbox.id, uid);
    const pod = pods.get(uid) ?? { sandboxes: [], containers: [] };
    pod.sandboxes.push(sandbox);
    pods.set(uid, pod);
  }
  for (const container of containers)
    pods.get(uidOfSandbox.get(container.sandboxId) ?? '')?.containers.push(container);
  for (const pod of pods.values()) {
    pod.sandboxes.sort((a, b) => b.attempt - a.attempt);
    pod.containers.sort((a, b) => b.attempt - a.attempt);
  }
  return pods;
}

function isSame(before: PodRuntime | undefined, after: PodRuntime | undefined): boolean {
  if (before === undefined || after === undefined) return before === after;
  if (
    before.sandboxes.length !== after.sandboxes.length ||
    before.containers.length !== after.containers.length
  )
    return false;
  return (
    before.sandboxes.every(
      (sandbox, index) =>
        sandbox.id === after.sandboxes[index]?.id && sandbox.state === after.sandboxes[index]?.state,
    ) &&
    before.containers.every((container, index) => {
      const other = after.containers[index];
      return container.id === other?.id && container.state.type === other.state.type;
    })
  );
}
