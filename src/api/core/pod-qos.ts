import type { ResourceRequirements } from '#api/core/container.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import type { PodStatus } from '#api/core/pod-status.ts';
import { compareQuantities, readQuantity } from '#api/quantity.ts';

const QOS_RESOURCES = ['cpu', 'memory'] as const;

/**
 * A pod's quality of service: `Guaranteed` where every container limits CPU and memory and requests just that, `BestEffort`
 * where none names either, else `Burstable`. A pod's own `resources` stand for its containers'.
 */
export function qosClassOf(spec: PodSpec): NonNullable<PodStatus['qosClass']> {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const requirements =
    spec.resources === undefined ? containers.map(({ resources }) => resources ?? {}) : [spec.resources];
  if (requirements.every(isBestEffort)) return 'BestEffort';
  return requirements.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

function isBestEffort({ limits, requests }: ResourceRequirements): boolean {
  return QOS_RESOURCES.every(
    (resource) => !isPositive(limits?.[resource]) && !isPositive(requests?.[resource]),
  );
}

function isGuaranteed({ limits, requests }: ResourceRequirements): boolean {
  return QOS_RESOURCES.every((resource) => {
    const limit = readQuantity(limits?.[resource]);
    const request = readQuantity(requests?.[resource] ?? limits?.[resource]);
    return (
      limit !== undefined &&
      limit.nanos > 0n &&
      request !== undefined &&
      compareQuantities(limit, request) === 0
    );
  });
}

function isPositive(quantity: string | undefined): boolean {
  return (readQuantity(quantity)?.nanos ?? 0n) > 0n;
}
