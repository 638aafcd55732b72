import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeCondition } from '#api/core/node.ts';
import { type MachineUsage, readMachineUsage } from '#kubelet/node/machine.ts';
import { composeNodeConditions } from '#kubelet/node/node-conditions.ts';
import type { Availability } from '#kubelet/runtime-observer.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const MIB = 1024 ** 2;
const well: MachineUsage = {
  memoryAvailableBytes: 1024 * MIB,
  diskTotalBytes: 100,
  diskFreeBytes: 50,
  processes: 10,
  processesMax: 100,
};
const available: Availability = {
  type: 'available',
  version: { runtimeName: 'containerd', runtimeVersion: '2' },
};

function conditions(
  usage: Partial<MachineUsage>,
  { availability = available, before = [] as NodeCondition[], nowMs = 0 } = {},
) {
  return composeNodeConditions({ before, availability, usage: { ...well, ...usage }, nowMs });
}

function statuses(found: readonly NodeCondition[]): Record<string, string> {
  return Object.fromEntries(found.map(({ type, status }) => [type, status]));
}

test('a host tells of each pressure', () => {
  const fine = { MemoryPressure: 'False', DiskPressure: 'False', PIDPressure: 'False', Ready: 'True' };
  const table: [Partial<MachineUsage>, Record<string, string>][] = [
    [{}, fine],
    [{ memoryAvailableBytes: 99 * MIB }, { ...fine, MemoryPressure: 'True' }],
    [{ diskFreeBytes: 9 }, { ...fine, DiskPressure: 'True' }],
    [{ processes: 91 }, { ...fine, PIDPressure: 'True' }],
    [{ processesMax: Infinity, memoryAvailableBytes: Infinity }, fine],
  ];
  for (const [usage, want] of table) assert.deepEqual(statuses(conditions(usage)), want);
});

test('a pressure ends only when there is room again', () => {
  const before = conditions({ memoryAvailableBytes: 99 * MIB });
  assert.equal(statuses(conditions({ memoryAvailableBytes: 120 * MIB }, { before })).MemoryPressure, 'True');
  assert.equal(statuses(conditions({ memoryAvailableBytes: 160 * MIB }, { before })).MemoryPressure, 'False');
});

test('conditions keep their times while they stand, and those of others are kept', () => {
  const foreign: NodeCondition = { type: 'NetworkUnavailable', status: 'False' };
  const before = [...conditions({}), foreign];
  const later = conditions({}, { before, nowMs: 60_000 });
  assert.equal(later.find(({ type }) => type === 'Ready')?.lastTransitionTime, '1970-01-01T00:00:00Z');
  assert.equal(later.find(({ type }) => type === 'Ready')?.lastHeartbeatTime, '1970-01-01T00:01:00Z');
  assert.deepEqual(later.at(-1), foreign);
});

test('a runtime that does not answer makes the host not ready', () => {
  const found = conditions({}, { availability: { type: 'unavailable', message: 'nothing answers' } });
  const ready = found.find(({ type }) => type === 'Ready');
  assert.deepEqual(
    [ready?.status, ready?.reason, ready?.message],
    ['False', 'ContainerRuntimeNotReady', 'nothing answers'],
  );
});

test('usage is read from /proc; where it says nothing, nothing is short', async () => {
  const disk = new SimulatedDisk(new SimulatedClock());
  const unknown = await readMachineUsage(disk, '/data');
  assert.deepEqual(
    [unknown.memoryAvailableBytes, unknown.processesMax, unknown.processes],
    [Infinity, Infinity, 0],
  );
  await disk.write('/proc/meminfo', 'MemTotal:  100 kB\nMemAvailable:   2048 kB\n');
  await disk.write('/proc/loadavg', '0.1 0.2 0.3 2/345 999\n');
  await disk.write('/proc/sys/kernel/pid_max', '32768\n');
  const usage = await readMachineUsage(disk, '/data');
  assert.deepEqual([usage.memoryAvailableBytes, usage.processes, usage.processesMax], [2 * MIB, 345, 32_768]);
});
