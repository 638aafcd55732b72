import type { PodSpec } from '#api/core/pod-spec.ts';
import { validateResources } from '#api/core/resources-validation.ts';
import { invalidValue } from '#api/field-errors.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  type Quantity,
  readQuantity,
} from '#api/quantity.ts';
import type { FieldError } from '#api/status.ts';

/** What is wrong with what a pod as a whole asks for: no less than its containers together, no limit below one of theirs. */
export function validatePodResources(field: string, spec: PodSpec): FieldError[] {
  const { resources, containers } = spec;
  if (resources === undefined) return [];
  const { limits = {}, requests = {} } = resources;
  return [
    ...validateResources(field, resources, 'pod'),
    ...[...requestedTogether(spec)].flatMap(([name, needed]) => {
      const given = readQuantity(requests[name] ?? '0');
      const least = `must be greater than or equal to aggregate container requests of ${formatQuantity(needed)}`;
      return given !== undefined && compareQuantities(needed, given) > 0
        ? [invalidValue(`${field}.requests[${name}]`, requests[name] ?? '0', least)]
        : [];
    }),
    ...containers.flatMap((container, index) =>
      Object.entries(container.resources?.limits ?? {}).flatMap(([name, amount]) =>
        isMore(amount, limits[name])
          ? [
              invalidValue(
                `${field}.containers[${index}][${name}].limits`,
                amount,
                `must be less than or equal to pod limits of ${limits[name]}`,
              ),
            ]
          : [],
      ),
    ),
  ];
}

function isMore(amount: string, limit: string | undefined): boolean {
  const quantity = readQuantity(amount);
  const limited = readQuantity(limit);
  return quantity !== undefined && limited !== undefined && compareQuantities(quantity, limited) > 0;
}

/** What all containers of a pod ask for together. */
function requestedTogether({ containers }: PodSpec): ReadonlyMap<string, Quantity> {
  const sums = new Map<string, Quantity>();
  for (const { resources } of containers) {
    for (const [name, amount] of Object.entries(resources?.requests ?? {})) {
      const quantity = readQuantity(amount);
      const sum = sums.get(name);
      if (quantity !== undefined) sums.set(name, sum === undefined ? quantity : addQuantities(sum, quantity));
    }
  }
  return sums;
}
