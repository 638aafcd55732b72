import { type Pod, podResource } from '#api/core/pod.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import type { Action } from '#reconcile/controller.ts';

/** A pod for its owner, with the event that says so; where the server will not have it, an event with the reason. */
export function createPod(
  owner: KubeObject,
  { object, why }: { object: Draft<Pod>; why: string },
  refused = (reason: string): Action[] => [refusal(owner, reason, why)],
): Action[] {
  return [
    { type: 'create', resource: podResource, object, why, refused },
    {
      type: 'event',
      regarding: owner,
      eventType: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created pod: ${object.metadata.name}`,
      why,
    },
  ];
}

/** The event of an owner whose pod the server will not have. */
export function refusal(owner: KubeObject, reason: string, why: string): Action {
  const message = `Error creating: ${reason}`;
  return { type: 'event', regarding: owner, eventType: 'Warning', reason: 'FailedCreate', message, why };
}

/** Takes a pod away from its owner, with the event that says so. */
export function deletePod(owner: KubeObject, { pod, why }: { pod: Pod; why: string }): Action[] {
  const { namespace, name, uid } = pod.metadata;
  return [
    { type: 'delete', resource: podResource, name: { namespace, name }, uid, why },
    {
      type: 'event',
      regarding: owner,
      eventType: 'Normal',
      reason: 'SuccessfulDelete',
      message: `Deleted pod: ${name}`,
      why,
    },
  ];
}
