import type { Pod } from '#api/core/pod.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import type { Container, ContainerState, Sandbox } from '#cri/runtime.ts';
import { CRASH_STREAK_ANNOTATION, IMAGE_ANNOTATION } from '#kubelet/annotations.ts';
import type { PodFacts, PodRecollection } from '#kubelet/pod-facts.ts';

/** The wall clock of the facts below. */
export const NOW_MS = Date.UTC(2026, 0, 1);
/** The monotonic clock of the facts below. */
export const MONOTONIC_MS = 1_000_000;

/** The pod `web` with one container `main`, unless told otherwise. */
export function podOf(spec: Partial<PodSpec> = {}, more: Partial<Pod> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'u1',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { nodeName: 'host-1', containers: [{ name: 'main', image: 'app:1' }], ...spec },
    ...more,
  };
}

/** `s0`, `s1`, … by attempt. */
export function sandboxOf(attempt = 0, state: Sandbox['state'] = 'ready'): Sandbox {
  const pod = { name: 'web', namespace: 'default', uid: 'u1' };
  return { id: `s${attempt}`, pod, attempt, state, createdMs: NOW_MS - 60_000, annotations: {} };
}

interface ContainerDraft {
  readonly name?: string;
  readonly attempt?: number;
  readonly sandboxId?: string;
  readonly image?: string;
  readonly streak?: number;
  readonly state?: ContainerState;
}

/** A container `NAME-ATTEMPT`, running unless told otherwise. */
export function containerOf(draft: ContainerDraft = {}): Container {
  const { name = 'main', attempt = 0, sandboxId = 's0', image = 'app:1', streak = 0 } = draft;
  return {
    id: `${name}-${attempt}`,
    sandboxId,
    pod: { name: 'web', namespace: 'default', uid: 'u1' },
    name,
    attempt,
    state: draft.state ?? { type: 'running', startedMs: NOW_MS - 30_000 },
    image,
    imageId: `${image}@sha256:1`,
    createdMs: NOW_MS - 31_000,
    logPath: `/logs/${name}/${attempt}.log`,
    annotations: { [IMAGE_ANNOTATION]: image, [CRASH_STREAK_ANNOTATION]: String(streak) },
  };
}

/** It ended `agoMs` ago, after `ranMs`. */
export function exited(exitCode: number, { agoMs = 1000, ranMs = 1000 } = {}): ContainerState {
  const finishedMs = NOW_MS - agoMs;
  return {
    type: 'exited',
    startedMs: finishedMs - ranMs,
    finishedMs,
    exitCode,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    message: '',
  };
}

/** Facts of a pod that is to run and whose volumes are ready; containers and sandboxes the newest first. */
export function factsOf(
  facts: {
    pod?: Pod;
    desired?: PodFacts['desired'];
    sandboxes?: readonly Sandbox[];
    containers?: readonly Container[];
    recollection?: Partial<PodRecollection>;
    inputs?: string;
  } = {},
): PodFacts {
  const pod = facts.pod ?? podOf();
  return {
    uid: 'u1',
    desired: facts.desired ?? { type: 'run', pod },
    runtime: { sandboxes: facts.sandboxes ?? [], containers: facts.containers ?? [] },
    recollection: {
      operations: new Map(),
      failures: new Map(),
      health: new Map(),
      exits: new Map(),
      redefined: new Set(),
      preparation: { type: 'ready', inputs: '', renewAtMs: Infinity },
      addresses: ['10.0.0.1'],
      status: undefined,
      statusWritten: true,
      ...facts.recollection,
    },
    inputs: facts.inputs ?? '',
    nowMs: NOW_MS,
    monotonicMs: MONOTONIC_MS,
  };
}

/** A failure that may be tried again in `retryInMs`. */
export function failureOf(reason: string, { count = 1, retryInMs = 10_000 } = {}) {
  return {
    reason,
    message: `${reason} it is`,
    count,
    atMs: MONOTONIC_MS - 1000,
    retryAtMs: MONOTONIC_MS + retryInMs,
  };
}

/** A container that is over its start. */
export const WELL = { started: true, ready: true, ailment: undefined };
