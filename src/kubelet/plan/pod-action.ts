import type { ContainerRole } from '#kubelet/pod-container.ts';

/**
 * One step of a pod's plan. Steps of one plan are started together and go on by themselves; one that is under way is not
 * started again, because its `key` stands among the pod's operations.
 */
export type PodAction =
  /** Makes or refreshes the pod's folders and volumes. */
  | { readonly type: 'prepare'; readonly why: string }
  /** Starts a sandbox in the place of others. */
  | {
      readonly type: 'runSandbox';
      readonly attempt: number;
      readonly replaces: readonly string[];
      readonly why: string;
    }
  | { readonly type: 'stopSandbox'; readonly sandboxId: string; readonly why: string }
  | { readonly type: 'removeSandbox'; readonly sandboxId: string; readonly why: string }
  | {
      readonly type: 'startContainer';
      readonly name: string;
      readonly role: ContainerRole;
      readonly sandboxId: string;
      readonly attempt: number;
      readonly streak: number;
      /** Made before, and only to be started. */
      readonly createdId?: string;
      readonly why: string;
    }
  | {
      readonly type: 'stopContainer';
      readonly containerId: string;
      readonly name: string;
      /** Monotonic milliseconds. */
      readonly deadlineMs: number;
      /** It is stopped because its definition changed, hence starts again. */
      readonly redefined: boolean;
      /** The event's words; upstream's "Stopping container" where absent. */
      readonly message?: string;
      readonly why: string;
    }
  | { readonly type: 'removeContainer'; readonly containerId: string; readonly why: string }
  /** Gives up a start or a preparation that is under way. */
  | { readonly type: 'cancel'; readonly key: string; readonly why: string }
  /** Nothing runs any more: network and volumes are given back, logs are kept. */
  | { readonly type: 'release'; readonly why: string }
  /** Everything of the pod is removed from this host; then its object is deleted, where there is one. */
  | { readonly type: 'removePod'; readonly deleteObject: boolean; readonly why: string }
  /** Nothing is left to remember. */
  | { readonly type: 'forget'; readonly why: string }
  /** An event, written once for each `key`. */
  | {
      readonly type: 'event';
      readonly key: string;
      readonly eventType: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
      readonly why: string;
    }
  /** Plan again at this time, monotonic milliseconds. */
  | { readonly type: 'wait'; readonly untilMs: number; readonly why: string };

/** An action that takes time and stands among the pod's operations until it is done. */
export type PodOperation = Exclude<PodAction, { type: 'cancel' | 'forget' | 'event' | 'wait' }>;

/** Whether an action takes time; the others are done on the spot. */
export function isOperation(action: PodAction): action is PodOperation {
  return (
    action.type !== 'cancel' && action.type !== 'forget' && action.type !== 'event' && action.type !== 'wait'
  );
}

/** The key under which an operation stands among those under way; two of one key exclude each other. */
export function operationKey(action: PodOperation): string {
  switch (action.type) {
    case 'prepare':
      return 'prepare';
    case 'runSandbox':
    case 'stopSandbox':
    case 'removeSandbox':
    case 'release':
    case 'removePod':
      return 'sandbox';
    case 'startContainer':
      return startKey(action.name);
    case 'stopContainer':
      return stopKey(action.containerId);
    case 'removeContainer':
      return `remove/${action.containerId}`;
  }
}

/** The key under which a failure of an operation is remembered, and its repetition put off. */
export function failureKey(action: PodOperation): string {
  const isRemoval = action.type === 'release' || action.type === 'removePod';
  return isRemoval ? 'remove' : operationKey(action);
}

/** The key of the start of a container, by its name: one attempt at a time. */
export function startKey(containerName: string): string {
  return `start/${containerName}`;
}

/** The key of the stop of a container, by its id. */
export function stopKey(containerId: string): string {
  return `stop/${containerId}`;
}
