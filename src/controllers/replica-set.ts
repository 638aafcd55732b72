import { type ReplicaSet, replicaSetResource } from '#api/apps/replica-set.ts';
import { keepReplicas } from '#controllers/keep-replicas.ts';
import type { Controller } from '#reconcile/controller.ts';

/** Keeps the pods of ReplicaSets. */
export const replicaSetController: Controller<ReplicaSet> = keepReplicas({
  name: 'replicaset-controller',
  type: replicaSetResource,
  selectorOf: ({ spec }) => spec.selector,
});
