import type { Pod } from '#api/core/pod.ts';
import { RuntimeUnavailableError } from '#cri/runtime.ts';
import { setUpPod } from '#kubelet/hooks/pod-hooks.ts';
import type { KubeletHost } from '#kubelet/kubelet-host.ts';
import { startContainer, stopContainer } from '#kubelet/operations/container-operations.ts';
import {
  deletePodObject,
  releasePod,
  removePod,
  runSandbox,
  sandboxConfigFor,
} from '#kubelet/operations/sandbox-operations.ts';
import { createSlots, type Slots } from '#kubelet/operations/slots.ts';
import { failureKey, operationKey, type PodOperation } from '#kubelet/plan/pod-action.ts';
import { CRASH_BACKOFF_FIRST_MS, CRASH_BACKOFF_MAX_MS } from '#kubelet/plan/restart.ts';
import { containerNamed } from '#kubelet/pod-container.ts';
import type { Failure, PodFacts } from '#kubelet/pod-facts.ts';
import type { PodMemory, RunningOperation } from '#kubelet/pod-memory.ts';
import { StartError } from '#kubelet/start-error.ts';
import { must } from '#system/assert.ts';
import { describeError } from '#system/log.ts';

/** Sandboxes and containers that are being made at a time. More only wait for each other inside the runtime. */
const CONCURRENT_STARTS_MAX = 8;

/** First wait before a failed step is tried again, in milliseconds; it doubles up to the longest wait of crash back-off. */
const RETRY_FIRST_MS: Readonly<Record<string, number>> = {
  ErrImagePull: CRASH_BACKOFF_FIRST_MS,
  CreateContainerError: CRASH_BACKOFF_FIRST_MS,
  RunContainerError: CRASH_BACKOFF_FIRST_MS,
};
const RETRY_FIRST_MS_DEFAULT = 1000;

/** A step that waits for an object is tried again when that changes, and at least this often, in milliseconds. */
const RETRY_MAX_MS: Readonly<Record<string, number>> = {
  CreateContainerConfigError: 120_000,
  FailedMount: 120_000,
};

/** What operations need. */
export interface OperationsOptions {
  readonly host: KubeletHost;
  /** An operation of this pod has ended: what the runtime said before then is out of date. */
  readonly onEnd: (uid: string) => void;
}

/** Carries out the operations of plans: each by itself, beside the others, with its end noted in its pod's memory. */
export class Operations {
  readonly #host: KubeletHost;
  readonly #onEnd: (uid: string) => void;
  readonly #starts: Slots = createSlots(CONCURRENT_STARTS_MAX);
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: OperationsOptions) {
    this.#host = options.host;
    this.#onEnd = options.onEnd;
  }

  /** Starts an operation; one of the same key that is under way is given up. */
  launch(memory: PodMemory, action: PodOperation, facts: PodFacts): void {
    const key = operationKey(action);
    memory.operations.get(key)?.abort.abort(new Error('replaced by a newer operation'));
    const operation: RunningOperation = {
      key,
      abort: new AbortController(),
      ...(action.type === 'stopContainer' ? { deadlineMs: action.deadlineMs } : {}),
    };
    memory.operations.set(key, operation);
    this.#host.log.debug('operation', {
      uid: memory.uid,
      pod: memory.pod?.metadata.name,
      operation: action.type,
      key,
      why: action.why,
    });
    const working = this.#run({ memory, action, facts, operation });
    this.#underWay.add(working);
    void working.finally(() => this.#underWay.delete(working));
  }

  /** Gives up an operation that is under way; it ends by itself. */
  cancel(memory: PodMemory, key: string): void {
    memory.operations.get(key)?.abort.abort(new Error('the operation was given up'));
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #run(task: Task): Promise<void> {
    const { memory, action, operation } = task;
    const key = failureKey(action);
    try {
      await this.#carryOut(task);
      memory.failures.delete(key);
    } catch (error) {
      if (!operation.abort.signal.aborted) this.#noteFailure(task, error);
    }
    if (memory.operations.get(operation.key) === operation) memory.operations.delete(operation.key);
    this.#onEnd(memory.uid);
  }

  /** A runtime that does not answer is no failure of the pod: the step is planned again when it answers. */
  #noteFailure({ memory, action }: Task, error: unknown): void {
    const { clock, log } = this.#host;
    log.info('an operation failed', {
      uid: memory.uid,
      pod: memory.pod?.metadata.name,
      operation: action.type,
      error,
    });
    if (error instanceof RuntimeUnavailableError) return;
    const key = failureKey(action);
    const reason =
      error instanceof StartError
        ? error.reason
        : action.type === 'startContainer'
          ? 'CreateContainerError'
          : 'Failed';
    const before = memory.failures.get(key);
    const count = before?.reason === reason ? before.count + 1 : 1;
    const atMs = clock.monotonic();
    const retryAtMs = atMs + retryDelayMs(reason, count);
    const failure: Failure = { reason, message: describeFailure(error), count, atMs, retryAtMs };
    memory.failures.set(key, failure);
    if (action.type === 'startContainer') this.#announceFailedStart(memory.pod, action.name, failure);
  }

  #announceFailedStart(pod: Pod | undefined, name: string, { reason, message, count }: Failure): void {
    if (pod === undefined) return;
    const text = reason === 'ErrImagePull' ? message : `Error: ${message}`;
    this.#host.announce(pod, { eventType: 'Warning', reason: 'Failed', message: text });
    if (reason !== 'ErrImagePull' || count > 1) return;
    const image = containerNamed(pod, name)?.spec.image ?? '';
    this.#host.announce(pod, {
      eventType: 'Normal',
      reason: 'BackOff',
      message: `Back-off pulling image "${image}"`,
    });
  }

  async #carryOut({ memory, action, facts, operation }: Task): Promise<void> {
    const host = this.#host;
    const { signal } = operation.abort;
    const pod = (): Pod => must(memory.pod, 'only a pod whose object is known is started');
    const remains = { uid: memory.uid, sandboxes: facts.runtime.sandboxes };
    switch (action.type) {
      case 'prepare': {
        const inputs = facts.inputs;
        const { volumes, renewAtMs } = await setUpPod({ host, pod: pod(), signal });
        memory.volumes = volumes;
        memory.preparation = { type: 'ready', inputs, renewAtMs };
        return;
      }
      case 'runSandbox':
        return this.#starts(() => runSandbox(host, pod(), action));
      case 'stopSandbox':
        return host.runtime.stopSandbox(action.sandboxId);
      case 'removeSandbox':
        return host.runtime.removeSandbox(action.sandboxId);
      case 'startContainer':
        return this.#start({ memory, action, facts, operation });
      case 'stopContainer': {
        if (action.redefined) memory.redefined.add(action.containerId);
        const addresses = memory.addresses?.addresses ?? [];
        return stopContainer({ host, pod: memory.pod, addresses, signal }, action);
      }
      case 'removeContainer':
        return host.runtime.removeContainer(action.containerId);
      case 'release':
        await releasePod(host, remains);
        memory.preparation = { type: 'released' };
        return;
      case 'removePod':
        await removePod(host, remains);
        if (action.deleteObject) await deletePodObject(host, pod());
        memory.preparation = { type: 'removed' };
    }
  }

  async #start({
    memory,
    action,
    facts,
    operation,
  }: Task & { action: Extract<PodOperation, { type: 'startContainer' }> }): Promise<void> {
    const host = this.#host;
    const pod = must(memory.pod, 'only a pod whose object is known is started');
    const sandboxConfig = await sandboxConfigFor(host, pod, facts.runtime.sandboxes[0]?.attempt ?? 0);
    const addresses = memory.addresses?.addresses ?? [];
    const { signal } = operation.abort;
    const context = {
      host,
      pod,
      sandboxConfig,
      addresses,
      volumes: memory.volumes,
      signal,
      starts: this.#starts,
    };
    const { containerId, isWell } = await startContainer(context, action);
    if (!isWell) memory.failedHooks.add(containerId);
  }
}

interface Task {
  readonly memory: PodMemory;
  readonly action: PodOperation;
  readonly facts: PodFacts;
  readonly operation: RunningOperation;
}

function retryDelayMs(reason: string, count: number): number {
  const firstMs = RETRY_FIRST_MS[reason] ?? RETRY_FIRST_MS_DEFAULT;
  return Math.min(RETRY_MAX_MS[reason] ?? CRASH_BACKOFF_MAX_MS, firstMs * 2 ** Math.min(count - 1, 20));
}

function describeFailure(error: unknown): string {
  return error instanceof StartError ? error.message : describeError(error);
}
