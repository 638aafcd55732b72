import type { Container } from '#cri/runtime.ts';
import type { PodAction } from '#kubelet/plan/pod-action.ts';
import type { PodFacts } from '#kubelet/pod-facts.ts';

/** Containers kept of each name: the present one, and the one before it for `kubectl logs --previous` and `lastState`. */
const KEPT_PER_NAME = 2;

/**
 * Clears away what a running pod no longer needs: containers beyond those kept, and older sandboxes that hold none of
 * them. An older sandbox that is still up is stopped: a pod has one network.
 */
export function planLeftovers(facts: PodFacts): PodAction[] {
  const { sandboxes, containers } = facts.runtime;
  const kept = containers.filter(
    (container) => containers.filter((other) => isNewer(other, container)).length < KEPT_PER_NAME,
  );
  const dropped = containers.filter(
    (container) => !kept.includes(container) && container.state.type === 'exited',
  );
  const removals = dropped.map(
    ({ id }): PodAction => ({
      type: 'removeContainer',
      containerId: id,
      why: 'newer containers of its name are kept',
    }),
  );
  for (const sandbox of sandboxes.slice(1)) {
    if (sandbox.state === 'ready')
      return [{ type: 'stopSandbox', sandboxId: sandbox.id, why: 'a newer sandbox has replaced it' }];
    if (!kept.some((container) => container.sandboxId === sandbox.id)) {
      return [
        ...removals,
        { type: 'removeSandbox', sandboxId: sandbox.id, why: 'a newer sandbox has replaced it' },
      ];
    }
  }
  return removals;
}

function isNewer(other: Container, container: Container): boolean {
  return other.name === container.name && other.attempt > container.attempt;
}
