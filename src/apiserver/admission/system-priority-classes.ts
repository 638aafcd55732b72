import type { Draft } from '#api/object.ts';
import { type PriorityClass, priorityClassResource } from '#api/scheduling/priority-class.ts';
import { isStatus } from '#api/status.ts';
import type { Client } from '#client/client.ts';

/** The classes that every cluster has, as Kubernetes words them. */
const SYSTEM_CLASSES = [
  {
    name: 'system-node-critical',
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    name: 'system-cluster-critical',
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
];

/** Makes the priority classes of the system, where they are not there. */
export async function ensurePriorityClasses(client: Client): Promise<void> {
  for (const { name, value, description } of SYSTEM_CLASSES) {
    if ((await client.find(priorityClassResource, { name })) !== undefined) continue;
    const draft: Draft<PriorityClass> = {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name },
      value,
      description,
    };
    try {
      await client.create(priorityClassResource, draft);
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists')) throw error;
    }
  }
}
