import { readQuantity } from '#api/quantity.ts';

const NANOS_PER_UNIT = 1_000_000_000n;

/** What is said of bytes that are not whole. */
export function fractionWarnings(
  field: string,
  amounts: Readonly<Record<string, string>> | undefined,
  resources: readonly string[] = ['memory', 'ephemeral-storage'],
): string[] {
  if (amounts === undefined) return [];
  return resources.flatMap((name) => {
    const amount = amounts[name];
    const nanos = readQuantity(amount)?.nanos ?? 0n;
    return nanos % NANOS_PER_UNIT === 0n
      ? []
      : [`${field}[${name}]: fractional byte value "${amount}" is invalid, must be an integer`];
  });
}
