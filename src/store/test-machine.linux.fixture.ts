/** Where a program of a test runs: a network namespace by its path, and the address that it has there. */
export interface TestMachine {
  readonly address: string;
  readonly namespace: string;
}

/** The command line that runs a program on a machine; here, where there is none. */
export function onMachine(
  machine: TestMachine | undefined,
  command: string,
  args: readonly string[],
): [command: string, args: string[]] {
  if (machine === undefined) return [command, [...args]];
  return ['nsenter', [`--net=${machine.namespace}`, command, ...args]];
}
