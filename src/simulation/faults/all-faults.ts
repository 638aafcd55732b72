import { absentRegistry } from '#simulation/faults/absent-registry.ts';
import { compaction } from '#simulation/faults/compaction.ts';
import { containerExit } from '#simulation/faults/container-exit.ts';
import { crashAfterWrite } from '#simulation/faults/crash-after-write.ts';
import { cutLink } from '#simulation/faults/cut-link.ts';
import type { Fault } from '#simulation/faults/fault.ts';
import { flappingLink } from '#simulation/faults/flapping-link.ts';
import { hubCrash } from '#simulation/faults/hub-crash.ts';
import { powerLoss } from '#simulation/faults/power-loss.ts';
import { silentRuntime } from '#simulation/faults/silent-runtime.ts';
import { siteCrash } from '#simulation/faults/site-crash.ts';
import { slowDisk } from '#simulation/faults/slow-disk.ts';
import { slowLink } from '#simulation/faults/slow-link.ts';

/** Every way in which a simulated world goes wrong. */
export const FAULTS: readonly Fault[] = [
  cutLink,
  flappingLink,
  slowLink,
  hubCrash,
  siteCrash,
  powerLoss,
  crashAfterWrite,
  slowDisk,
  silentRuntime,
  absentRegistry,
  containerExit,
  compaction,
];
