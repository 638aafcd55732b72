import { createSimulatedRuntime } from '#cri/simulated.ts';
import { SimulatedMachine } from '#cri/simulated-machine.ts';
import { startTestHost, type TestHost } from '#kubelet/test-host.fixture.ts';
import { noMemoryMounts } from '#kubelet/volumes/memory-mounts.ts';
import { createSimulatedProber } from '#system/probe.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

/** A host in virtual time. */
export interface SimulatedHost {
  readonly host: TestHost;
  readonly clock: SimulatedClock;
  readonly disk: SimulatedDisk;
  readonly machine: SimulatedMachine;
}

/** Starts a host with nothing on it; the same seed repeats a run. */
export async function startSimulatedHost(options: { seed?: number } = {}): Promise<SimulatedHost> {
  const clock = new SimulatedClock();
  const random = seededRandom(options.seed ?? 1);
  const disk = new SimulatedDisk(clock);
  const machine = new SimulatedMachine({ clock, random, disk });
  const host = await startTestHost({
    clock,
    random,
    disk,
    mounts: noMemoryMounts,
    prober: createSimulatedProber((probe) => machine.probe(probe)),
    runtime: createSimulatedRuntime(machine),
    dataFolder: '/data',
    advance: (durationMs) => clock.advance(durationMs),
  });
  return { host, clock, disk, machine };
}
