import { mutatingAdmissionPolicyResource } from '#api/admissionregistration/mutating-admission-policy.ts';
import { mutatingAdmissionPolicyBindingResource } from '#api/admissionregistration/mutating-admission-policy-binding.ts';
import { mutatingWebhookConfigurationResource } from '#api/admissionregistration/mutating-webhook-configuration.ts';
import { validatingAdmissionPolicyResource } from '#api/admissionregistration/validating-admission-policy.ts';
import { validatingAdmissionPolicyBindingResource } from '#api/admissionregistration/validating-admission-policy-binding.ts';
import { validatingWebhookConfigurationResource } from '#api/admissionregistration/validating-webhook-configuration.ts';
import { customResourceDefinitionResource } from '#api/apiextensions/custom-resource-definition.ts';
import { controllerRevisionResource } from '#api/apps/controller-revision.ts';
import { daemonSetResource } from '#api/apps/daemon-set.ts';
import { deploymentResource } from '#api/apps/deployment.ts';
import { replicaSetResource } from '#api/apps/replica-set.ts';
import { statefulSetResource } from '#api/apps/stateful-set.ts';
import { horizontalPodAutoscalerResource } from '#api/autoscaling/horizontal-pod-autoscaler.ts';
import { horizontalPodAutoscalerV1Resource } from '#api/autoscaling/horizontal-pod-autoscaler-v1.ts';
import { cronJobResource } from '#api/batch/cron-job.ts';
import { jobResource } from '#api/batch/job.ts';
import { certificateSigningRequestResource } from '#api/certificates/certificate-signing-request.ts';
import { leaseResource } from '#api/coordination/lease.ts';
import { configMapResource } from '#api/core/config-map.ts';
import { endpointsResource } from '#api/core/endpoints.ts';
import { eventResource } from '#api/core/event.ts';
import { limitRangeResource } from '#api/core/limit-range.ts';
import { namespaceResource } from '#api/core/namespace.ts';
import { nodeResource } from '#api/core/node.ts';
import { persistentVolumeResource } from '#api/core/persistent-volume.ts';
import { persistentVolumeClaimResource } from '#api/core/persistent-volume-claim.ts';
import { podResource } from '#api/core/pod.ts';
import { podTemplateResource } from '#api/core/pod-template.ts';
import { replicationControllerResource } from '#api/core/replication-controller.ts';
import { resourceQuotaResource } from '#api/core/resource-quota.ts';
import { secretResource } from '#api/core/secret.ts';
import { serviceResource } from '#api/core/service.ts';
import { serviceAccountResource } from '#api/core/service-account.ts';
import { endpointSliceResource } from '#api/discovery/endpoint-slice.ts';
import { eventsEventResource } from '#api/events/event.ts';
import { applicationResource } from '#api/fleet/application.ts';
import { applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { applicationRevisionResource } from '#api/fleet/application-revision.ts';
import { joinTokenResource } from '#api/fleet/join-token.ts';
import { siteResource } from '#api/fleet/site.ts';
import { flowSchemaResource } from '#api/flowcontrol/flow-schema.ts';
import { priorityLevelConfigurationResource } from '#api/flowcontrol/priority-level-configuration.ts';
import { ingressResource } from '#api/networking/ingress.ts';
import { ingressClassResource } from '#api/networking/ingress-class.ts';
import { ipAddressResource } from '#api/networking/ip-address.ts';
import { networkPolicyResource } from '#api/networking/network-policy.ts';
import { serviceCidrResource } from '#api/networking/service-cidr.ts';
import { runtimeClassResource } from '#api/node/runtime-class.ts';
import type { KubeObject } from '#api/object.ts';
import { podDisruptionBudgetResource } from '#api/policy/pod-disruption-budget.ts';
import { clusterRoleResource } from '#api/rbac/cluster-role.ts';
import { clusterRoleBindingResource } from '#api/rbac/cluster-role-binding.ts';
import { roleResource } from '#api/rbac/role.ts';
import { roleBindingResource } from '#api/rbac/role-binding.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { priorityClassResource } from '#api/scheduling/priority-class.ts';
import { csiDriverResource } from '#api/storage/csi-driver.ts';
import { csiNodeResource } from '#api/storage/csi-node.ts';
import { csiStorageCapacityResource } from '#api/storage/csi-storage-capacity.ts';
import { storageClassResource } from '#api/storage/storage-class.ts';
import { volumeAttachmentResource } from '#api/storage/volume-attachment.ts';
import { volumeAttributesClassResource } from '#api/storage/volume-attributes-class.ts';

/** Every kind that is built in, by group. */
export const BUILTIN_RESOURCES: readonly ResourceType[] = [
  configMapResource,
  endpointsResource,
  eventResource,
  limitRangeResource,
  namespaceResource,
  nodeResource,
  persistentVolumeClaimResource,
  persistentVolumeResource,
  podTemplateResource,
  podResource,
  replicationControllerResource,
  resourceQuotaResource,
  secretResource,
  serviceAccountResource,
  serviceResource,
  controllerRevisionResource,
  daemonSetResource,
  deploymentResource,
  replicaSetResource,
  statefulSetResource,
  cronJobResource,
  jobResource,
  horizontalPodAutoscalerResource,
  horizontalPodAutoscalerV1Resource,
  ingressClassResource,
  ingressResource,
  ipAddressResource,
  networkPolicyResource,
  serviceCidrResource,
  podDisruptionBudgetResource,
  clusterRoleBindingResource,
  clusterRoleResource,
  roleBindingResource,
  roleResource,
  csiDriverResource,
  csiNodeResource,
  csiStorageCapacityResource,
  storageClassResource,
  volumeAttachmentResource,
  volumeAttributesClassResource,
  leaseResource,
  flowSchemaResource,
  priorityLevelConfigurationResource,
  endpointSliceResource,
  eventsEventResource,
  certificateSigningRequestResource,
  priorityClassResource,
  runtimeClassResource,
  mutatingAdmissionPolicyBindingResource,
  mutatingAdmissionPolicyResource,
  mutatingWebhookConfigurationResource,
  validatingAdmissionPolicyBindingResource,
  validatingAdmissionPolicyResource,
  validatingWebhookConfigurationResource,
  customResourceDefinitionResource,
  applicationInstanceResource,
  applicationRevisionResource,
  applicationResource,
  joinTokenResource,
  siteResource,
];

const byKind = new Map(BUILTIN_RESOURCES.map((type) => [`${apiVersionOf(type)}/${type.kind}`, type]));
const byPlural = new Map(BUILTIN_RESOURCES.map((type) => [`${apiVersionOf(type)}/${type.plural}`, type]));

/** The built-in kind that an object says it is of; undefined where there is none. */
export function resourceOfKind({
  apiVersion,
  kind,
}: Pick<KubeObject, 'apiVersion' | 'kind'>): ResourceType | undefined {
  return byKind.get(`${apiVersion}/${kind}`);
}

/** The built-in kind of a path: `apps/v1`, `deployments`; undefined where there is none. */
export function resourceOfPlural({
  apiVersion,
  plural,
}: {
  apiVersion: string;
  plural: string;
}): ResourceType | undefined {
  return byPlural.get(`${apiVersion}/${plural}`);
}
