import type { Node, NodeStatus } from '#api/core/node.ts';
import type { Draft } from '#api/object.ts';
import { KUBERNETES_VERSION } from '#apiserver/version.ts';
import type { Machine, MachineUsage } from '#kubelet/node/machine.ts';
import { composeNodeConditions } from '#kubelet/node/node-conditions.ts';
import type { Availability } from '#kubelet/runtime-observer.ts';

/** What a node object says of its host. */
export interface NodeFacts {
  readonly nodeName: string;
  readonly hostAddress: string;
  /** Beside the well-known ones. */
  readonly labels: Readonly<Record<string, string>>;
  readonly machine: Machine;
}

/** The labels that every node has, and those that this one is given. */
export function nodeLabels({ nodeName, labels, machine }: NodeFacts): Record<string, string> {
  return {
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': machine.architecture,
    ...labels,
  };
}

/** The node as it is registered. */
export function nodeDraft(facts: NodeFacts): Draft<Node> {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: facts.nodeName, labels: nodeLabels(facts) },
    spec: {},
  };
}

/** The status of a node; what of it is not the kubelet's is taken over from `before`. Pure. */
export function composeNodeStatus(
  facts: NodeFacts,
  observed: {
    before: NodeStatus | undefined;
    availability: Availability;
    usage: MachineUsage;
    nowMs: number;
  },
): NodeStatus {
  const { machine, nodeName, hostAddress } = facts;
  const { before, availability, usage, nowMs } = observed;
  return {
    ...before,
    capacity: { ...machine.capacity },
    allocatable: { ...machine.allocatable },
    addresses: [
      { type: 'InternalIP', address: hostAddress },
      { type: 'Hostname', address: nodeName },
    ],
    conditions: composeNodeConditions({ before: before?.conditions ?? [], availability, usage, nowMs }),
    nodeInfo: {
      architecture: machine.architecture,
      operatingSystem: 'linux',
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      containerRuntimeVersion:
        runtimeVersion(availability) ?? before?.nodeInfo?.containerRuntimeVersion ?? '',
      kubeletVersion: KUBERNETES_VERSION.gitVersion,
      kubeProxyVersion: '',
    },
  };
}

function runtimeVersion(availability: Availability): string | undefined {
  if (availability.type !== 'available') return undefined;
  return `${availability.version.runtimeName}://${availability.version.runtimeVersion}`;
}
