import type { Container } from '#cri/runtime.ts';

/**
 * What the kubelet writes on a container, so that after its own restart the runtime tells it all it needs: nothing about
 * a container's past is kept anywhere else.
 */
export const IMAGE_ANNOTATION = 'kubelet.skerry.io/image';
/** How many restarts in a row came before this container: see `restart.ts`. */
export const CRASH_STREAK_ANNOTATION = 'kubelet.skerry.io/crash-streak';
/** On sandbox and container: the grace that the pod asked for, for when its object is gone. */
export const GRACE_SECONDS_ANNOTATION = 'io.kubernetes.pod.terminationGracePeriod';

/** The image as the pod's spec named it when the container was made. */
export function imageOf(container: Container): string | undefined {
  return container.annotations[IMAGE_ANNOTATION];
}

/** 0 where the annotation is absent or no number. */
export function crashStreakOf(container: Container): number {
  const streak = Number(container.annotations[CRASH_STREAK_ANNOTATION] ?? 0);
  return Number.isInteger(streak) && streak >= 0 ? streak : 0;
}

/** The pod's grace in seconds as annotated; undefined where absent or no number. */
export function graceSecondsOf(annotations: Readonly<Record<string, string>>): number | undefined {
  const grace = Number(annotations[GRACE_SECONDS_ANNOTATION] ?? Number.NaN);
  return Number.isInteger(grace) && grace >= 0 ? grace : undefined;
}

/** On a sandbox: the host that runs it, so that others' sandboxes on a shared runtime are left alone. */
export const NODE_ANNOTATION = 'kubelet.skerry.io/node';
