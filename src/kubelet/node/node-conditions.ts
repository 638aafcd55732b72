import type { NodeCondition } from '#api/core/node.ts';
import type { MachineUsage } from '#kubelet/node/machine.ts';
import type { Availability } from '#kubelet/runtime-observer.ts';
import { timestamp } from '#system/clock.ts';

/** Below the first, pressure begins (Kubernetes' hard eviction thresholds); above the second, it ends. */
const MEMORY_BYTES = { begin: 100 * 1024 ** 2, end: 150 * 1024 ** 2 };
const DISK_FREE_PART = { begin: 0.1, end: 0.12 };
const PROCESSES_FREE_PART = { begin: 0.1, end: 0.15 };

type Verdict = Pick<NodeCondition, 'status'> & { readonly reason: string; readonly message: string };

/** The node's conditions: the kubelet's own anew, those of others as they were. Pure. */
export function composeNodeConditions(facts: {
  before: readonly NodeCondition[];
  availability: Availability;
  usage: MachineUsage;
  nowMs: number;
}): NodeCondition[] {
  const { before, availability, usage, nowMs } = facts;
  const had = (type: string): boolean =>
    before.some((condition) => condition.type === type && condition.status === 'True');
  const own: Record<string, Verdict> = {
    MemoryPressure: memoryVerdict(usage, had('MemoryPressure')),
    DiskPressure: diskVerdict(usage, had('DiskPressure')),
    PIDPressure: processesVerdict(usage, had('PIDPressure')),
    Ready: readyVerdict(availability),
  };
  const composed = Object.entries(own).map(([type, verdict]) => {
    const known = before.find((condition) => condition.type === type);
    const since = known?.status === verdict.status ? known.lastTransitionTime : undefined;
    return {
      type,
      ...verdict,
      lastHeartbeatTime: timestamp(nowMs),
      lastTransitionTime: since ?? timestamp(nowMs),
    };
  });
  return [...composed, ...before.filter(({ type }) => own[type] === undefined)];
}

function memoryVerdict({ memoryAvailableBytes }: MachineUsage, had: boolean): Verdict {
  return memoryAvailableBytes < (had ? MEMORY_BYTES.end : MEMORY_BYTES.begin)
    ? {
        status: 'True',
        reason: 'KubeletHasInsufficientMemory',
        message: 'kubelet has insufficient memory available',
      }
    : {
        status: 'False',
        reason: 'KubeletHasSufficientMemory',
        message: 'kubelet has sufficient memory available',
      };
}

function diskVerdict({ diskFreeBytes, diskTotalBytes }: MachineUsage, had: boolean): Verdict {
  return diskFreeBytes < diskTotalBytes * (had ? DISK_FREE_PART.end : DISK_FREE_PART.begin)
    ? { status: 'True', reason: 'KubeletHasDiskPressure', message: 'kubelet has disk pressure' }
    : { status: 'False', reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' };
}

function processesVerdict({ processes, processesMax }: MachineUsage, had: boolean): Verdict {
  const freePart = (processesMax - processes) / processesMax;
  return freePart < (had ? PROCESSES_FREE_PART.end : PROCESSES_FREE_PART.begin)
    ? {
        status: 'True',
        reason: 'KubeletHasInsufficientPID',
        message: 'kubelet has insufficient PID available',
      }
    : { status: 'False', reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available' };
}

function readyVerdict(availability: Availability): Verdict {
  switch (availability.type) {
    case 'available':
      return { status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' };
    case 'unavailable':
      return { status: 'False', reason: 'ContainerRuntimeNotReady', message: availability.message };
    case 'unknown':
      return {
        status: 'False',
        reason: 'ContainerRuntimeNotReady',
        message: 'the container runtime has not answered yet',
      };
  }
}
