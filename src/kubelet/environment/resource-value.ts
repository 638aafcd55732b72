import type { Container } from '#api/core/container.ts';
import type { ResourceFieldSelector } from '#api/core/environment.ts';
import { parseQuantity } from '#api/quantity.ts';

/**
 * The value of a downward API `resourceFieldRef`: the limit or request in units of its divisor, rounded up; a limit that
 * is not set is what the host can give. Undefined where the resource is none that Kubernetes has here.
 */
export function resourceValue(
  selector: Pick<ResourceFieldSelector, 'resource' | 'divisor'>,
  context: { container: Container; allocatable: Readonly<Record<string, string>> },
): string | undefined {
  const match = /^(limits|requests)\.(.+)$/u.exec(selector.resource);
  const [, kind, resource = ''] = match ?? [];
  if (kind === undefined || !(RESOURCES.has(resource) || resource.startsWith('hugepages-'))) return undefined;
  const { limits, requests } = context.container.resources ?? {};
  const amount =
    kind === 'limits' ? (limits?.[resource] ?? context.allocatable[resource]) : requests?.[resource];
  const divisor = parseQuantity(
    selector.divisor === undefined || selector.divisor === '0' ? '1' : selector.divisor,
  ).nanos;
  const { nanos } = parseQuantity(amount ?? '0');
  return String((nanos + divisor - 1n) / divisor);
}

const RESOURCES: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
