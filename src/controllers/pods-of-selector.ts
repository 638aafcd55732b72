import { type Pod, podResource } from '#api/core/pod.ts';
import { controllerOf, type KubeObject, type LabelSelector, objectKey } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { matcherOf } from '#controllers/selector-matcher.ts';
import { type Lookup, ownerOfKind, type Read, read } from '#reconcile/controller.ts';
import { labelIndex, selectObjects } from '#reconcile/label-index.ts';

/** The pods that nothing controls and a selector matches: candidates for adoption. */
export function orphanPods(
  lookup: Lookup,
  { namespace, selector }: { namespace: string; selector: LabelSelector },
): Pod[] {
  const matching = selectObjects(lookup, labelIndex(podResource), {
    namespace,
    matcher: matcherOf(selector),
  });
  return matching.filter((pod) => controllerOf(pod) === undefined);
}

/**
 * For a controller of pods: a pod concerns the object that controls it, and one that nothing controls concerns every
 * object of the namespace whose selector matches it.
 */
export function readControlledPods<T extends KubeObject>(
  type: ResourceType<T>,
  selectorOf: (object: T) => LabelSelector | undefined,
): Read {
  const owner = ownerOfKind(type.kind);
  return read(podResource, (pod, lookup) => {
    if (controllerOf(pod) !== undefined) return owner(pod);
    const candidates = lookup.list(type, { namespace: pod.metadata.namespace });
    const matching = candidates.filter((object) => {
      const selector = selectorOf(object);
      return selector !== undefined && matcherOf(selector).matches(pod.metadata.labels);
    });
    return matching.map(objectKey);
  });
}
