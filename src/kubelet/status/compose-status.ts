import type { Pod } from '#api/core/pod.ts';
import { qosClassOf } from '#api/core/pod-qos.ts';
import type { PodCondition, PodStatus } from '#api/core/pod-status.ts';
import { isInitialized } from '#kubelet/plan/plan-containers.ts';
import { type ContainerRole, containersOf } from '#kubelet/pod-container.ts';
import type { PodFacts } from '#kubelet/pod-facts.ts';
import { composeConditions } from '#kubelet/status/conditions.ts';
import { containerStatus } from '#kubelet/status/container-status.ts';
import { isTerminal, phaseOf } from '#kubelet/status/phase.ts';
import { timestamp } from '#system/clock.ts';

/**
 * The whole status of a pod on this host. Pure. `standing` is the status that the API server has: fields and conditions
 * that are not the kubelet's are taken over from it.
 */
export function composeStatus(
  facts: PodFacts,
  context: { pod: Pod; standing: PodStatus | undefined; hostAddress: string },
): PodStatus {
  const { pod, standing } = context;
  const phase = phaseOf(pod, facts);
  const statusesOf = (roles: readonly ContainerRole[]) =>
    containersOf(pod)
      .filter(({ role }) => roles.includes(role))
      .map((container) => containerStatus(pod, container, facts));
  const init = statusesOf(['init', 'sidecar']);
  const main = statusesOf(['main']);
  const ephemeral = statusesOf(['ephemeral']);
  const before = facts.recollection.status;
  const isSandboxReady =
    facts.runtime.sandboxes[0]?.state === 'ready' && facts.recollection.addresses.length > 0;
  const addresses = isSandboxReady
    ? facts.recollection.addresses
    : isTerminal(phase)
      ? addressesOf(before)
      : [];
  const { podIP: _podIP, podIPs: _podIPs, reason: _reason, message: _message, ...others } = standing ?? {};
  return {
    ...others,
    phase,
    ...reasonOf(facts, before),
    conditions: composeConditions({
      pod,
      phase,
      init,
      main,
      isInitialized: isInitialized(pod, facts),
      isSandboxReady,
      before: withTimes(standing, before),
      nowMs: facts.nowMs,
    }),
    hostIP: context.hostAddress,
    hostIPs: [{ ip: context.hostAddress }],
    ...(addresses[0] === undefined ? {} : { podIP: addresses[0], podIPs: addresses.map((ip) => ({ ip })) }),
    startTime: before?.startTime ?? standing?.startTime ?? timestamp(facts.nowMs),
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: main,
    ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: ephemeral }),
    qosClass: standing?.qosClass ?? qosClassOf(pod.spec),
  };
}

/** Why the pod failed as a whole; told once, it stays. */
function reasonOf(
  { desired }: PodFacts,
  before: PodStatus | undefined,
): { reason?: string; message?: string } {
  if (desired.type === 'finish' && desired.why.type === 'failed')
    return { reason: desired.why.reason, message: desired.why.message };
  return {
    ...(before?.reason === undefined ? {} : { reason: before.reason }),
    ...(before?.message === undefined ? {} : { message: before.message }),
  };
}

/** The kubelet's own conditions as composed last, which the API server may not have yet; those of others from it. */
function withTimes(standing: PodStatus | undefined, before: PodStatus | undefined): PodCondition[] {
  const own = (before ?? standing)?.conditions?.filter(({ type }) => isOwn(type)) ?? [];
  const others = standing?.conditions?.filter(({ type }) => !isOwn(type)) ?? [];
  return [...own, ...others];
}

function isOwn(type: string): boolean {
  return (
    type === 'PodReadyToStartContainers' ||
    type === 'Initialized' ||
    type === 'Ready' ||
    type === 'ContainersReady'
  );
}

function addressesOf(status: PodStatus | undefined): string[] {
  return (status?.podIPs ?? []).map(({ ip }) => ip);
}
