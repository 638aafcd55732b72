import {
  type ReplicationController,
  replicationControllerResource,
} from '#api/core/replication-controller.ts';
import type { LabelSelector } from '#api/object.ts';
import { keepReplicas } from '#controllers/keep-replicas.ts';
import type { Controller } from '#reconcile/controller.ts';

/** Keeps the pods of ReplicationControllers. */
export const replicationController: Controller<ReplicationController> = keepReplicas({
  name: 'replication-controller',
  type: replicationControllerResource,
  selectorOf: ({ spec }) => selectorOf(spec),
});

const selectors = new WeakMap<object, LabelSelector>();

/** A plain set of labels as a selector. */
function selectorOf(spec: ReplicationController['spec']): LabelSelector {
  let known = selectors.get(spec);
  if (known === undefined) {
    known = { matchLabels: spec.selector ?? {} };
    selectors.set(spec, known);
  }
  return known;
}
