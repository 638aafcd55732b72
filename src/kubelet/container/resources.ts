import type { Container } from '#api/core/container.ts';
import type { Pod } from '#api/core/pod.ts';
import { qosClassOf } from '#api/core/pod-qos.ts';
import { quantityMillis, quantityUnits, readQuantity } from '#api/quantity.ts';
import type { ContainerResources } from '#cri/runtime.ts';

/** The period over which a CPU limit is kept, in microseconds: the kernel's default, and Kubernetes'. */
const CPU_PERIOD_US = 100_000;
const CPU_QUOTA_US_MIN = 1000;
const CPU_SHARES_MIN = 2;
const CPU_SHARES_MAX = 262_144;
const CPU_SHARES_PER_CORE = 1024;

/** Who is killed first when memory runs out: -997 is nearly never, 1000 is first (Kubernetes docs, "Node-pressure eviction"). */
const OOM_SCORE_GUARANTEED = -997;
const OOM_SCORE_BEST_EFFORT = 1000;

/** The cgroup settings that follow from a container's requests and limits. Pure. */
export function resourcesOf(
  pod: Pod,
  container: Container,
  host: { memoryBytes: number },
): ContainerResources {
  const { limits, requests } = container.resources ?? {};
  const cpuLimit = millisOf(limits?.cpu);
  const cpuRequest = millisOf(requests?.cpu) ?? cpuLimit ?? 0;
  const memoryLimitBytes = bytesOf(limits?.memory);
  return {
    cpuShares: Math.min(
      CPU_SHARES_MAX,
      Math.max(CPU_SHARES_MIN, Math.floor((cpuRequest * CPU_SHARES_PER_CORE) / 1000)),
    ),
    ...(cpuLimit === undefined || cpuLimit === 0
      ? {}
      : {
          cpuQuota: Math.max(CPU_QUOTA_US_MIN, Math.floor((cpuLimit * CPU_PERIOD_US) / 1000)),
          cpuPeriod: CPU_PERIOD_US,
        }),
    ...(memoryLimitBytes === undefined || memoryLimitBytes === 0 ? {} : { memoryLimitBytes }),
    oomScoreAdj: oomScoreOf(pod, container, host),
  };
}

function oomScoreOf(pod: Pod, container: Container, { memoryBytes }: { memoryBytes: number }): number {
  const { priorityClassName } = pod.spec;
  const isCritical =
    priorityClassName === 'system-node-critical' || priorityClassName === 'system-cluster-critical';
  switch (isCritical ? 'Guaranteed' : qosClassOf(pod.spec)) {
    case 'Guaranteed':
      return OOM_SCORE_GUARANTEED;
    case 'BestEffort':
      return OOM_SCORE_BEST_EFFORT;
    case 'Burstable': {
      const request = bytesOf(container.resources?.requests?.memory) ?? 0;
      const score = 1000 - Math.floor((1000 * request) / Math.max(1, memoryBytes));
      return Math.min(OOM_SCORE_BEST_EFFORT - 1, Math.max(1000 + OOM_SCORE_GUARANTEED, score));
    }
  }
}

function millisOf(quantity: string | undefined): number | undefined {
  const parsed = readQuantity(quantity);
  return parsed === undefined ? undefined : quantityMillis(parsed);
}

function bytesOf(quantity: string | undefined): number | undefined {
  const parsed = readQuantity(quantity);
  return parsed === undefined ? undefined : quantityUnits(parsed);
}
