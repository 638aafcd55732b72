import { type Node, nodeResource } from '#api/core/node.ts';
import { equalJson } from '#api/json.ts';
import type { ViewIndex } from '#client/view.ts';
import { hostOfNode } from '#scheduler/host.ts';

/**
 * The nodes whose last change may let a pod fit that did not. Nodes report all the time; hardly any report changes what
 * they have for pods.
 */
export const changedHostsIndex: ViewIndex<Node, Set<string>> = {
  type: nodeResource,
  create: () => new Set(),
  take: (changed, { key, object, previous }) => {
    if (object !== undefined && previous !== undefined && isAlike(object, previous)) changed.delete(key);
    else changed.add(key);
  },
};

function isAlike(a: Node, b: Node): boolean {
  return equalJson(factsOf(a), factsOf(b));
}

/** All that filters look at. Images are a matter of preference only. */
function factsOf(node: Node) {
  const { labels, taints, allocatable } = hostOfNode(node);
  return {
    labels,
    allocatable,
    taints: taints.map(({ key, value = '', effect }) => ({ key, value, effect })),
  };
}
