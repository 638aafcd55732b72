/**
 * A whole number or a percentage of `total` (`25%`), as the fields of type IntOrString of the workload kinds are. What is
 * neither counts as 0: validation refuses it before it is stored.
 */
export function resolveIntOrPercent(
  value: number | string | undefined,
  { total, round }: { total: number; round: 'up' | 'down' },
): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d{1,9})%$/.exec(value ?? '')?.[1];
  if (percent === undefined) return 0;
  const exact = (total * Number(percent)) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
