import type { Clock } from '#system/clock.ts';
import type { Disk } from '#system/disk.ts';
import type { Log } from '#system/log.ts';
import type { Network } from '#system/network.ts';
import type { Processes } from '#system/process.ts';
import type { Random } from '#system/random.ts';

/** Everything a program may ask of the machine. Handed from a composition root (`hub/`, `site/`, `simulation/`) downwards. */
export interface System {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly network: Network;
  readonly processes: Processes;
  readonly log: Log;
}
