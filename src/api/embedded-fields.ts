import type { Schema } from '#api/schema.ts';

/** Whether every object of the kind has this field, if empty. */
export function isEmbedded(schema: Schema): boolean {
  return 'embedded' in schema && schema.embedded === true;
}

/**
 * Structs and lists that their structs hold by value, beside the `spec` and `status` of every kind: they are there, empty, in an
 * object in which nobody set them. So nobody comes to own them by filling them; what is in them is owned. Source: the fields
 * of Kubernetes' API types that are neither pointers nor left out when empty, as far as a new object has them.
 */
export const EMBEDDED: ReadonlySet<string> = new Set([
  'apiextensions/v1.CustomResourceDefinitionSpec.names',
  'apps/v1.DaemonSetSpec.template',
  'apps/v1.DaemonSetSpec.updateStrategy',
  'apps/v1.DeploymentSpec.strategy',
  'apps/v1.DeploymentSpec.template',
  'apps/v1.ReplicaSetSpec.template',
  'apps/v1.StatefulSetSpec.template',
  'apps/v1.StatefulSetSpec.updateStrategy',
  'autoscaling/v1.HorizontalPodAutoscalerSpec.scaleTargetRef',
  'autoscaling/v2.HorizontalPodAutoscalerSpec.scaleTargetRef',
  'batch/v1.CronJobSpec.jobTemplate',
  'batch/v1.JobSpec.template',
  'batch/v1.JobTemplateSpec.metadata',
  'batch/v1.JobTemplateSpec.spec',
  'core/v1.Event.involvedObject',
  'core/v1.Event.source',
  'core/v1.PersistentVolumeClaimSpec.resources',
  'core/v1.PodSpec.containers',
  'core/v1.PodTemplate.template',
  'core/v1.PodTemplateSpec.metadata',
  'core/v1.PodTemplateSpec.spec',
  'events/v1.Event.deprecatedSource',
  'events/v1.Event.regarding',
  'flowcontrol/v1.FlowSchemaSpec.priorityLevelConfiguration',
  'networking/v1.IngressStatus.loadBalancer',
  'networking/v1.NetworkPolicySpec.podSelector',
  'core/v1.ServiceStatus.loadBalancer',
  'storage/v1.CSINodeSpec.drivers',
  'storage/v1.VolumeAttachmentSpec.source',
]);
