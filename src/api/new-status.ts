import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/**
 * The status of a new object, by group and kind, until somebody writes another: the fields that Kubernetes' API types hold by
 * value. Kinds that are not here begin without one, or set their own (`ResourceType.prepare`).
 */
const NEW_STATUS: Readonly<Record<string, object>> = {
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': {},
  'apps/DaemonSet': {
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    desiredNumberScheduled: 0,
    numberReady: 0,
  },
  'apps/Deployment': {},
  'apps/ReplicaSet': { replicas: 0 },
  'apps/StatefulSet': { replicas: 0, availableReplicas: 0 },
  'autoscaling/HorizontalPodAutoscaler': { desiredReplicas: 0 },
  'batch/CronJob': {},
  'batch/Job': {},
  'certificates.k8s.io/CertificateSigningRequest': {},
  'flowcontrol.apiserver.k8s.io/FlowSchema': {},
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': {},
  'networking.k8s.io/Ingress': { loadBalancer: {} },
  'networking.k8s.io/ServiceCIDR': {},
  'policy/PodDisruptionBudget': {
    disruptionsAllowed: 0,
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
  },
  'storage.k8s.io/VolumeAttachment': { attached: false },
  '/ReplicationController': { replicas: 0 },
  '/ResourceQuota': {},
  '/Service': { loadBalancer: {} },
};

/** Of a kind whose objects come with a status of their own: hosts register themselves whole. */
const COMES_WITH_STATUS = '/Node';

/** Gives a new object, whose status has an endpoint of its own, the status that new objects of its kind have. */
export function resetStatus(object: KubeObject & { status?: unknown }, type: ResourceType): void {
  const kind = `${type.group}/${type.kind}`;
  if (!type.subresources.includes('status') || kind === COMES_WITH_STATUS) return;
  const status = NEW_STATUS[kind];
  if (status === undefined) delete object.status;
  else object.status = structuredClone(status);
}
