import { type Pod, podResource } from '#api/core/pod.ts';
import { objectKey } from '#api/object.ts';
import { RuntimeUnavailableError } from '#cri/runtime.ts';
import type { KubeletHost } from '#kubelet/kubelet-host.ts';
import type { Operations } from '#kubelet/operations/operations.ts';
import { activeDeadlineOf, activeSince, desiredOf, removalOf } from '#kubelet/plan/desired.ts';
import { planPod } from '#kubelet/plan/plan-pod.ts';
import type { PodAction } from '#kubelet/plan/pod-action.ts';
import type { ContainerHealth, PodFacts, PodRecollection } from '#kubelet/pod-facts.ts';
import { learn, probedContainers } from '#kubelet/pod-learning.ts';
import { createPodMemory, type PodMemory } from '#kubelet/pod-memory.ts';
import type { ProbeRunner } from '#kubelet/probes/probe-runner.ts';
import type { RuntimeObserver } from '#kubelet/runtime-observer.ts';
import { volumeObjectsOf } from '#kubelet/sources.ts';
import { composeStatus } from '#kubelet/status/compose-status.ts';
import type { StatusWriter } from '#kubelet/status/status-writer.ts';
import { fingerprintOf } from '#kubelet/volumes/inputs.ts';
import type { WorkQueue } from '#reconcile/work-queue.ts';
import { parseTimestamp } from '#system/clock.ts';

/** When to ask again about a pod that might be gone, in milliseconds. */
const GONE_RECHECK_MS = 5000;

/**
 * How long pods are kept, in milliseconds from the start, that are older than the API server's knowledge of this host. A
 * server that was restored or set up anew does not know them: that says nothing about whether they are wanted.
 */
const ELDER_KEPT_MS = 600_000;

/** The parts that a sync brings together. */
export interface PodSyncOptions {
  readonly host: KubeletHost;
  readonly queue: WorkQueue;
  readonly observer: RuntimeObserver;
  readonly operations: Operations;
  readonly probes: ProbeRunner;
  readonly statuses: StatusWriter;
  /** When the API server first knew this host, RFC 3339; undefined until it has answered. */
  readonly registeredAt: () => string | undefined;
}

/** Brings one pod after another nearer to what is wanted of it: gathers facts, plans, starts what is planned, tells the status. */
export class PodSync {
  readonly #options: PodSyncOptions;
  readonly #memories = new Map<string, PodMemory>();
  readonly #startedMs: number;

  constructor(options: PodSyncOptions) {
    this.#options = options;
    this.#startedMs = options.host.clock.monotonic();
  }

  /** Every pod that anything is remembered of. */
  get memories(): Iterable<PodMemory> {
    return this.#memories.values();
  }

  /** The pod's object has been seen; it belongs to this host. */
  meet(pod: Pod): void {
    this.#memoryOf(pod.metadata.uid).pod = pod;
  }

  /** One step for one pod. To be called for one pod at a time; other pods beside it. */
  async sync(uid: string): Promise<void> {
    const { host, observer, queue } = this.#options;
    if (!observer.isCurrent(uid)) return;
    const memory = this.#memoryOf(uid);
    const pod = this.#find(memory);
    if (pod === undefined && !(await this.#isGone(memory))) {
      queue.addAfter(uid, GONE_RECHECK_MS);
      return;
    }
    this.#note(memory, pod);
    try {
      await learn(memory, host, observer.of(uid));
    } catch (error) {
      if (error instanceof RuntimeUnavailableError) return;
      throw error;
    }
    // While we looked, an operation may have ended: then this is called again with a newer listing.
    if (!observer.isCurrent(uid)) return;
    this.#step(memory, pod);
  }

  #memoryOf(uid: string): PodMemory {
    const known = this.#memories.get(uid) ?? createPodMemory(uid, this.#options.host.clock.monotonic());
    this.#memories.set(uid, known);
    return known;
  }

  /** The pod's object, where the API server has one of this uid on this host. */
  #find({ uid, pod }: PodMemory): Pod | undefined {
    const { host, statuses } = this.#options;
    const { pods } = host.sources;
    const found =
      pod === undefined ? pods.list().find(({ metadata }) => metadata.uid === uid) : pods.get(objectKey(pod));
    if (found?.metadata.uid !== uid || found.spec.nodeName !== host.nodeName) return undefined;
    return statuses.newest(found);
  }

  /** Makes sure of it: a view may lag, and whoever kills a pod wants to have asked first. */
  async #isGone(memory: PodMemory): Promise<boolean> {
    const { host, observer } = this.#options;
    if (memory.goneSinceMs !== undefined) return true;
    const identity = memory.pod === undefined ? observer.identity(memory.uid) : memory.pod.metadata;
    if (identity === undefined) return true;
    try {
      const found = await host.client.find(podResource, {
        namespace: identity.namespace,
        name: identity.name,
      });
      if (found?.metadata.uid === memory.uid) return found.spec.nodeName !== host.nodeName;
      return found !== undefined || !this.#isElder(memory);
    } catch (error) {
      host.log.debug('it could not be found out whether a pod is gone', { uid: memory.uid, error });
      return false;
    }
  }

  /** Whether the pod is older than the API server's knowledge of this host, and is to be kept until that has caught up. */
  #isElder({ uid, pod }: PodMemory): boolean {
    const { host, observer, registeredAt } = this.#options;
    if (pod !== undefined || host.clock.monotonic() - this.#startedMs > ELDER_KEPT_MS) return false;
    const registeredMs = parseTimestamp(registeredAt());
    const createdMs = Math.min(...observer.of(uid).sandboxes.map((sandbox) => sandbox.createdMs));
    return registeredMs === undefined || createdMs < registeredMs;
  }

  #note(memory: PodMemory, pod: Pod | undefined): void {
    const nowMs = this.#options.host.clock.monotonic();
    memory.goneSinceMs = pod === undefined ? (memory.goneSinceMs ?? nowMs) : undefined;
    if (pod === undefined) return;
    memory.pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) memory.terminatingSinceMs ??= nowMs;
  }

  #step(memory: PodMemory, pod: Pod | undefined): void {
    const { observer, probes } = this.#options;
    const runtime = observer.of(memory.uid);
    probes.track(memory.uid, pod === undefined ? [] : probedContainers(pod, memory, runtime));
    const facts = this.#factsOf(memory, pod);
    const settled = pod === undefined ? facts : this.#tell(memory, pod, facts);
    for (const action of planPod(settled)) this.#apply(memory, action, settled);
  }

  #factsOf(memory: PodMemory, pod: Pod | undefined): PodFacts {
    const { host, observer } = this.#options;
    const facts = {
      uid: memory.uid,
      runtime: observer.of(memory.uid),
      recollection: this.#recollectionOf(memory, pod),
      inputs:
        pod === undefined
          ? ''
          : fingerprintOf(pod, volumeObjectsOf(host.sources, pod.metadata.namespace ?? '')),
      nowMs: host.clock.now(),
      monotonicMs: host.clock.monotonic(),
    };
    return {
      ...facts,
      desired: pod === undefined ? removalOf(memory, facts) : desiredOf(pod, memory, facts),
    };
  }

  #recollectionOf(memory: PodMemory, pod: Pod | undefined): PodRecollection {
    const { observer, probes } = this.#options;
    const health = new Map<string, ContainerHealth>();
    for (const { id } of observer.of(memory.uid).containers) {
      const found = probes.health(id);
      const ailment = memory.failedHooks.has(id) ? ({ type: 'postStart' } as const) : found?.ailment;
      if (found !== undefined) health.set(id, { ...found, ailment });
    }
    const { operations, failures, exits, redefined, preparation } = memory;
    const addresses = memory.addresses?.addresses ?? [];
    const status = memory.status ?? pod?.status;
    return {
      operations,
      failures,
      health,
      exits,
      redefined,
      preparation,
      addresses,
      status,
      statusWritten: false,
    };
  }

  /** Composes the pod's status and has it written; the facts with it. */
  #tell(memory: PodMemory, pod: Pod, facts: PodFacts): PodFacts {
    const { host, statuses, queue } = this.#options;
    const status = composeStatus(facts, { pod, standing: pod.status, hostAddress: host.hostAddress });
    memory.status = status;
    statuses.write(pod, status);
    const recollection = { ...facts.recollection, status, statusWritten: statuses.isWritten(pod, status) };
    memory.activeSinceMs ??= activeSince(status, { wallMs: facts.nowMs, monotonicMs: facts.monotonicMs });
    const deadlineMs = facts.desired.type === 'run' ? activeDeadlineOf(pod, memory) : undefined;
    if (deadlineMs !== undefined) queue.addAfter(memory.uid, Math.max(0, deadlineMs - facts.monotonicMs));
    return { ...facts, recollection };
  }

  #apply(memory: PodMemory, action: PodAction, facts: PodFacts): void {
    const { host, queue, operations } = this.#options;
    switch (action.type) {
      case 'wait':
        return queue.addAfter(memory.uid, Math.max(0, action.untilMs - host.clock.monotonic()));
      case 'cancel':
        return operations.cancel(memory, action.key);
      case 'event':
        if (memory.pod !== undefined && !memory.announced.has(action.key)) host.announce(memory.pod, action);
        memory.announced.add(action.key);
        return;
      case 'forget':
        return this.#forget(memory.uid);
      default:
        return operations.launch(memory, action, facts);
    }
  }

  #forget(uid: string): void {
    this.#memories.delete(uid);
    this.#options.probes.track(uid, []);
    this.#options.statuses.forget(uid);
  }
}
