import type { PersistentVolumeClaim } from '#api/core/persistent-volume-claim.ts';
import type { Pod } from '#api/core/pod.ts';
import type { Service } from '#api/core/service.ts';
import { COUNTED_KINDS } from '#api/core/standard-resources.ts';
import type { KubeObject } from '#api/object.ts';
import { type Quantity, quantityFromUnits, readQuantity, ZERO } from '#api/quantity.ts';
import type { ResourceType } from '#api/resource.ts';
import { type Amounts, addAmounts, amountsOf, podTotal } from '#apiserver/admission/pod-amounts.ts';
import { isBestEffort } from '#apiserver/admission/quota/scopes.ts';

/** One of something. */
const ONE: Quantity = quantityFromUnits(1, 'DecimalSI');

/** Of these, what is requested counts by its own name too: `cpu` is `requests.cpu`. */
const PLAIN_REQUESTS = ['cpu', 'memory', 'ephemeral-storage'];

const CLAIM_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** What one object takes of quotas, by the names that `spec.hard` uses (Kubernetes docs, "Resource Quotas"). */
export function usageOf(type: ResourceType, object: KubeObject): Amounts {
  const usage = new Map<string, Quantity>([[countName(type), ONE]]);
  if (type.group !== '') return usage;
  const isEnded = type.kind === 'Pod' && hasEnded(object as Pod);
  if (COUNTED_KINDS.includes(type.plural) && !isEnded) usage.set(type.plural, ONE);
  switch (type.kind) {
    case 'Pod':
      return isEnded ? usage : addAmounts(usage, podUsage(object as Pod));
    case 'Service':
      return addAmounts(usage, serviceUsage(object as Service));
    case 'PersistentVolumeClaim':
      return addAmounts(usage, claimUsage(object as PersistentVolumeClaim));
    default:
      return usage;
  }
}

/** `count/pods`, `count/deployments.apps`. */
export function countName({ plural, group }: Pick<ResourceType, 'plural' | 'group'>): string {
  return group === '' ? `count/${plural}` : `count/${plural}.${group}`;
}

/** Whether objects of a kind can take anything of a quota with these names. */
export function concernsKind(type: ResourceType, names: readonly string[]): boolean {
  const count = countName(type);
  if (names.includes(count)) return true;
  if (type.group !== '') return false;
  switch (type.kind) {
    case 'Pod':
      return names.some(
        (name) =>
          name === 'pods' ||
          PLAIN_REQUESTS.includes(name) ||
          name.startsWith('hugepages-') ||
          name.startsWith('limits.') ||
          (name.startsWith('requests.') && name !== 'requests.storage'),
      );
    case 'Service':
      return names.some((name) => name === 'services' || name.startsWith('services.'));
    case 'PersistentVolumeClaim':
      return names.some(
        (name) =>
          name === 'persistentvolumeclaims' ||
          name === 'requests.storage' ||
          name.includes('.storageclass.storage.k8s.io/'),
      );
    default:
      return COUNTED_KINDS.includes(type.plural) && names.includes(type.plural);
  }
}

/** A pod that has ended takes nothing but its place in `count/pods`. */
export function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function podUsage({ spec }: Pod): Amounts {
  const overhead = amountsOf(spec.overhead);
  const requests = addAmounts(podTotal(spec, 'requests'), overhead);
  const ownLimits = podTotal(spec, 'limits');
  // Overhead raises only a limit that there is.
  const limits = addAmounts(ownLimits, new Map([...overhead].filter(([name]) => ownLimits.has(name))));
  const usage = new Map<string, Quantity>();
  for (const [name, amount] of requests) {
    usage.set(`requests.${name}`, amount);
    if (PLAIN_REQUESTS.includes(name) || name.startsWith('hugepages-')) usage.set(name, amount);
  }
  for (const [name, amount] of limits) if (PLAIN_REQUESTS.includes(name)) usage.set(`limits.${name}`, amount);
  return usage;
}

function serviceUsage({ spec }: Service): Amounts {
  const ports = quantityFromUnits(spec.ports?.length ?? 0, 'DecimalSI');
  switch (spec.type) {
    case 'NodePort':
      return new Map([['services.nodeports', ports]]);
    case 'LoadBalancer': {
      const nodePorts =
        spec.allocateLoadBalancerNodePorts === false
          ? quantityFromUnits((spec.ports ?? []).filter(({ nodePort }) => nodePort).length, 'DecimalSI')
          : ports;
      return new Map([
        ['services.nodeports', nodePorts],
        ['services.loadbalancers', ONE],
      ]);
    }
    default:
      return new Map();
  }
}

function claimUsage({ spec, metadata }: PersistentVolumeClaim): Amounts {
  const storage = readQuantity(spec.resources?.requests?.storage) ?? ZERO;
  const className = metadata.annotations?.[CLAIM_CLASS] ?? spec.storageClassName ?? '';
  const usage = new Map([['requests.storage', storage]]);
  if (className === '') return usage;
  const prefix = `${className}.storageclass.storage.k8s.io/`;
  usage.set(`${prefix}requests.storage`, storage);
  usage.set(`${prefix}persistentvolumeclaims`, ONE);
  return usage;
}

/** `must specify limits.cpu for: a,b`, where a quota on computing needs every container to say what it takes. */
export function missingAmounts(pod: Pod, names: readonly string[]): string | undefined {
  if (isBestEffort(pod) && names.every((name) => name === 'pods' || name.startsWith('count/')))
    return undefined;
  const required = names.filter((name) => /^(?:(?:requests|limits)\.)?(?:cpu|memory)$/.test(name)).sort();
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const missing = required.flatMap((name) => {
    const [part, resource] = name.includes('.') ? name.split('.') : ['requests', name];
    const silent = containers.filter(
      ({ resources }) => resources?.[part as 'requests' | 'limits']?.[resource ?? ''] === undefined,
    );
    if (silent.length === 0 || pod.spec.resources?.[part as 'requests']?.[resource ?? ''] !== undefined)
      return [];
    return [
      `${name} for: ${silent
        .map((container) => container.name)
        .sort()
        .join(',')}`,
    ];
  });
  return missing.length === 0 ? undefined : `must specify ${missing.join('; ')}`;
}
