import * as os from 'node:os';

/** What the operating system says of this host. */
export interface HostFacts {
  readonly processors: number;
  readonly memoryBytes: number;
  /** `amd64`, `arm64`. */
  readonly architecture: string;
  readonly kernelVersion: string;
  /** IPv4 addresses but loopback's, in the order of the interfaces. */
  readonly addresses: readonly string[];
}

/** Reads them anew at each call. */
export function readHostFacts(): HostFacts {
  return {
    processors: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    kernelVersion: os.release(),
    addresses: Object.values(os.networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => address),
  };
}
