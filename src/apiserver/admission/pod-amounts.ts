import type { Container } from '#api/core/container.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { addQuantities, compareQuantities, type Quantity, readQuantity } from '#api/quantity.ts';

/** Amounts by resource name. */
export type Amounts = ReadonlyMap<string, Quantity>;

/** Amounts as they stand in an object; what is no quantity is left out. */
export function amountsOf(list: Readonly<Record<string, string>> = {}): Amounts {
  const amounts = new Map<string, Quantity>();
  for (const [name, text] of Object.entries(list)) {
    const quantity = readQuantity(text);
    if (quantity !== undefined) amounts.set(name, quantity);
  }
  return amounts;
}

/** The sum of both, by resource. */
export function addAmounts(a: Amounts, b: Amounts): Amounts {
  const sum = new Map(a);
  for (const [name, amount] of b) {
    const known = sum.get(name);
    sum.set(name, known === undefined ? amount : addQuantities(known, amount));
  }
  return sum;
}

/** The larger of both, by resource. */
export function maxAmounts(a: Amounts, b: Amounts): Amounts {
  const max = new Map(a);
  for (const [name, amount] of b) {
    const known = max.get(name);
    if (known === undefined || compareQuantities(amount, known) > 0) max.set(name, amount);
  }
  return max;
}

/**
 * What a pod requests, or is limited to, in all: its containers together, or its largest init container with the sidecars that
 * run by then, whichever is more (Kubernetes docs, "Init Containers", "Resource sharing within containers"). Without overhead.
 */
export function podTotal(spec: PodSpec, part: 'requests' | 'limits'): Amounts {
  const of = ({ resources }: Container): Amounts => amountsOf(resources?.[part]);
  let running: Amounts = new Map();
  let peak: Amounts = new Map();
  for (const init of spec.initContainers ?? []) {
    peak = maxAmounts(peak, addAmounts(running, of(init)));
    if (init.restartPolicy === 'Always') running = addAmounts(running, of(init));
  }
  for (const container of spec.containers) running = addAmounts(running, of(container));
  const total = maxAmounts(running, peak);
  const whole = amountsOf(spec.resources?.[part]);
  return whole.size === 0 ? total : new Map([...total, ...whole]);
}
