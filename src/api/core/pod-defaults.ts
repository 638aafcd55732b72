import type { Container, EphemeralContainer } from '#api/core/container.ts';
import { defaultContainer } from '#api/core/container-defaults.ts';
import type { Pod } from '#api/core/pod.ts';
import { dropDisabledFields } from '#api/core/pod-disabled-fields.ts';
import { qosClassOf } from '#api/core/pod-qos.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import { defaultVolume } from '#api/core/volume-defaults.ts';

/** How long a pod has to stop, in seconds, where it does not say. */
const TERMINATION_GRACE_PERIOD_SECONDS = 30;

/** Defaults of a pod, in place. Source: Kubernetes' Pod API reference. A pod without a status is pending. */
export function defaultPod(pod: Pod): void {
  const { spec } = pod;
  spec.enableServiceLinks ??= true;
  defaultPodSpec(spec);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  for (const container of runningContainers(spec)) {
    defaultRequests(container);
    if (spec.hostNetwork === true) defaultHostPorts(container);
  }
  pod.status ??= {};
  pod.status.phase ??= 'Pending';
  if (pod.status.qosClass === undefined) pod.status.qosClass = qosClassOf(spec);
}

/** Defaults of the template of a workload, in place. Fewer than a pod's: the rest is filled in when the pod is made. */
export function defaultPodTemplate(template: PodTemplateSpec | undefined): void {
  if (template?.spec !== undefined) defaultPodSpec(template.spec);
}

function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ??= 'ClusterFirst';
  spec.restartPolicy ??= 'Always';
  spec.schedulerName ??= 'default-scheduler';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= TERMINATION_GRACE_PERIOD_SECONDS;
  defaultServiceAccount(spec);
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  const ephemeral: (Container | EphemeralContainer)[] = spec.ephemeralContainers ?? [];
  for (const container of [...runningContainers(spec), ...ephemeral]) defaultContainer(container);
  dropDisabledFields(spec);
}

/** `serviceAccount` is the old name of `serviceAccountName`; both always say the same. */
function defaultServiceAccount(spec: PodSpec): void {
  const name = spec.serviceAccountName ?? spec.serviceAccount;
  if (name === undefined) return;
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
}

/** A resource that is limited and not requested is requested up to its limit. */
function defaultRequests(container: Container): void {
  const { limits } = container.resources ?? {};
  if (limits === undefined || container.resources === undefined) return;
  container.resources.requests = { ...limits, ...container.resources.requests };
}

function defaultHostPorts(container: Container): void {
  for (const port of container.ports ?? []) {
    if (port.containerPort !== undefined) port.hostPort ??= port.containerPort;
  }
}

function runningContainers(spec: PodSpec): Container[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
}
