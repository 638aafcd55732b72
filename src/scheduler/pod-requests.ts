import type { Container } from '#api/core/container.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { type Amounts, addAmounts, amountsOf, maxAmounts } from '#scheduler/amounts.ts';

/** What scores assume of a container that requests none (Kubernetes scheduler, "non-zero requests"). */
const ASSUMED_CPU_MILLIS = 100;
const ASSUMED_MEMORY_BYTES = 200 * 1024 * 1024;

/**
 * What a pod takes of a host (Kubernetes docs, "Init Containers", "Resource sharing within containers"; KEP-753): its
 * containers together, or its largest init container with the sidecars that run by then, whichever is more; what the pod asks
 * for as a whole goes before that; and the overhead of its runtime class. One of the resource `pods`.
 */
export function podRequests(spec: PodSpec): Amounts {
  const containers = total(spec, requestsOf);
  const whole = spec.resources === undefined ? containers : { ...containers, ...requestsOf(spec) };
  return { ...addAmounts(whole, amountsOf(spec.overhead)), pods: 1 };
}

/** As {@link podRequests}, but cpu and memory only, and never nothing: so that pods without requests spread out too. */
export function scoredRequests(spec: PodSpec): Amounts {
  const assumed = (container: Container): Amounts => {
    const { cpu = ASSUMED_CPU_MILLIS, memory = ASSUMED_MEMORY_BYTES } = requestsOf(container);
    return { cpu, memory };
  };
  const containers = total(spec, assumed);
  const { cpu, memory } = { ...containers, ...(spec.resources === undefined ? {} : requestsOf(spec)) };
  return { cpu: cpu ?? 0, memory: memory ?? 0 };
}

function total(
  { containers, initContainers = [] }: PodSpec,
  amounts: (container: Container) => Amounts,
): Amounts {
  let running: Amounts = {};
  let peak: Amounts = {};
  for (const init of initContainers) {
    const isSidecar = init.restartPolicy === 'Always';
    peak = maxAmounts(peak, addAmounts(running, amounts(init)));
    if (isSidecar) running = addAmounts(running, amounts(init));
  }
  for (const container of containers) running = addAmounts(running, amounts(container));
  return maxAmounts(running, peak);
}

/** A limit without a request is the request. */
function requestsOf({ resources }: Pick<Container, 'resources'>): Amounts {
  if (resources?.limits === undefined) return amountsOf(resources?.requests);
  return amountsOf({ ...resources.limits, ...resources.requests });
}
