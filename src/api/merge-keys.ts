/** How lists and structs merge in strategic merge patches and in server-side apply: the facts that no model class carries. */
import type { ArraySchema, ObjectSchema } from '#api/schema.ts';

/** Merge facts of one list. */
export type ListRule = Pick<ArraySchema, 'listType' | 'listMapKeys' | 'patchStrategy' | 'patchMergeKey'>;

/** Merge facts of one struct or map. */
export type StructRule = Pick<ObjectSchema, 'mapType' | 'patchStrategy'>;

/** A list whose items are known by `keys`, for apply and (by the first key) for strategic merge. */
function keyed(...keys: [string, ...string[]]): ListRule {
  return { listType: 'map', listMapKeys: keys, patchStrategy: 'merge', patchMergeKey: keys[0] };
}

/** As {@link keyed}; a patched item keeps only the fields that the patch names in `$retainKeys`. */
function keyedRetaining(key: string): ListRule {
  return { ...keyed(key), patchStrategy: 'merge,retainKeys' };
}

/** Keyed for apply; replaced whole by a strategic merge patch. */
function appliedBy(...keys: string[]): ListRule {
  return { listType: 'map', listMapKeys: keys };
}

/** Keyed for strategic merge; owned whole by apply. */
function patchedBy(key: string): ListRule {
  return { listType: 'atomic', patchStrategy: 'merge', patchMergeKey: key };
}

const SET: ListRule = { listType: 'set' };
const MERGED_SET: ListRule = { listType: 'set', patchStrategy: 'merge' };

/**
 * Lists by definition and field. A list that is not here is atomic and replaced. Source: `x-kubernetes-list-type`,
 * `x-kubernetes-list-map-keys`, `x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key` of Kubernetes' OpenAPI.
 */
export const LIST_RULES: Readonly<Record<string, ListRule>> = {
  'meta/v1.ObjectMeta.ownerReferences': keyed('uid'),
  'meta/v1.ObjectMeta.finalizers': MERGED_SET,
  'flowcontrol/v1.FlowSchemaStatus.conditions': keyed('type'),
  'flowcontrol/v1.NonResourcePolicyRule.nonResourceURLs': SET,
  'flowcontrol/v1.NonResourcePolicyRule.verbs': SET,
  'flowcontrol/v1.PriorityLevelConfigurationStatus.conditions': keyed('type'),
  'flowcontrol/v1.ResourcePolicyRule.apiGroups': SET,
  'flowcontrol/v1.ResourcePolicyRule.namespaces': SET,
  'flowcontrol/v1.ResourcePolicyRule.resources': SET,
  'flowcontrol/v1.ResourcePolicyRule.verbs': SET,
  'core/v1.Container.env': keyed('name'),
  'core/v1.Container.ports': keyed('containerPort', 'protocol'),
  'core/v1.Container.volumeDevices': keyed('devicePath'),
  'core/v1.Container.volumeMounts': keyed('mountPath'),
  'core/v1.ContainerRestartRuleOnExitCodes.values': SET,
  'core/v1.ContainerStatus.allocatedResourcesStatus': keyed('name'),
  'core/v1.ContainerStatus.volumeMounts': keyed('mountPath'),
  'core/v1.EphemeralContainer.env': keyed('name'),
  'core/v1.EphemeralContainer.ports': keyed('containerPort', 'protocol'),
  'core/v1.EphemeralContainer.volumeDevices': keyed('devicePath'),
  'core/v1.EphemeralContainer.volumeMounts': keyed('mountPath'),
  'core/v1.NamespaceStatus.conditions': keyed('type'),
  'core/v1.NodeSpec.podCIDRs': MERGED_SET,
  'core/v1.NodeStatus.addresses': keyed('type'),
  'core/v1.NodeStatus.conditions': keyed('type'),
  'core/v1.PersistentVolumeClaimStatus.conditions': keyed('type'),
  'core/v1.PodSpec.containers': keyed('name'),
  'core/v1.PodSpec.ephemeralContainers': keyed('name'),
  'core/v1.PodSpec.hostAliases': keyed('ip'),
  'core/v1.PodSpec.imagePullSecrets': keyed('name'),
  'core/v1.PodSpec.initContainers': keyed('name'),
  'core/v1.PodSpec.resourceClaims': keyedRetaining('name'),
  'core/v1.PodSpec.schedulingGates': keyed('name'),
  'core/v1.PodSpec.topologySpreadConstraints': keyed('topologyKey', 'whenUnsatisfiable'),
  'core/v1.PodSpec.volumes': keyedRetaining('name'),
  'core/v1.PodStatus.conditions': keyed('type'),
  'core/v1.PodStatus.hostIPs': patchedBy('ip'),
  'core/v1.PodStatus.podIPs': keyed('ip'),
  'core/v1.PodStatus.resourceClaimStatuses': keyedRetaining('name'),
  'core/v1.ReplicationControllerStatus.conditions': keyed('type'),
  'core/v1.ResourceRequirements.claims': appliedBy('name'),
  'core/v1.ResourceStatus.resources': appliedBy('resourceID'),
  'core/v1.ServiceAccount.secrets': keyed('name'),
  'core/v1.ServiceSpec.ports': keyed('port', 'protocol'),
  'core/v1.ServiceStatus.conditions': keyed('type'),
  'apps/v1.DaemonSetStatus.conditions': keyed('type'),
  'apps/v1.DeploymentStatus.conditions': keyed('type'),
  'apps/v1.ReplicaSetStatus.conditions': keyed('type'),
  'apps/v1.StatefulSetStatus.conditions': keyed('type'),
  'batch/v1.JobStatus.conditions': patchedBy('type'),
  'batch/v1.PodFailurePolicyOnExitCodesRequirement.values': SET,
  'batch/v1.UncountedTerminatedPods.failed': SET,
  'batch/v1.UncountedTerminatedPods.succeeded': SET,
  'autoscaling/v2.HorizontalPodAutoscalerStatus.conditions': keyed('type'),
  'networking/v1.ServiceCIDRSpec.cidrs': { listType: 'atomic' },
  'networking/v1.ServiceCIDRStatus.conditions': keyed('type'),
  'policy/v1.PodDisruptionBudgetStatus.conditions': keyed('type'),
  'storage/v1.CSIDriverSpec.volumeLifecycleModes': SET,
  'storage/v1.CSINodeSpec.drivers': keyed('name'),
  'discovery/v1.Endpoint.addresses': SET,
  'certificates/v1.CertificateSigningRequestStatus.conditions': appliedBy('type'),
  'admissionregistration/v1.MutatingAdmissionPolicySpec.matchConditions': keyed('name'),
  'admissionregistration/v1.MutatingWebhook.matchConditions': keyed('name'),
  'admissionregistration/v1.MutatingWebhookConfiguration.webhooks': keyed('name'),
  'admissionregistration/v1.ValidatingAdmissionPolicyBindingSpec.validationActions': SET,
  'admissionregistration/v1.ValidatingAdmissionPolicySpec.matchConditions': keyed('name'),
  'admissionregistration/v1.ValidatingAdmissionPolicySpec.variables': keyed('name'),
  'admissionregistration/v1.ValidatingAdmissionPolicyStatus.conditions': appliedBy('type'),
  'admissionregistration/v1.ValidatingWebhook.matchConditions': keyed('name'),
  'admissionregistration/v1.ValidatingWebhookConfiguration.webhooks': keyed('name'),
  'apiextensions/v1.CustomResourceDefinitionStatus.conditions': appliedBy('type'),
  'apiextensions/v1.JSONSchemaProps.x-kubernetes-validations': keyed('rule'),
  'fleet/v1alpha1.ApplicationInstanceStatus.conditions': appliedBy('type'),
  'fleet/v1alpha1.ApplicationStatus.conditions': appliedBy('type'),
  'fleet/v1alpha1.SiteStatus.conditions': appliedBy('type'),
  'fleet/v1alpha1.SiteStatus.hosts': appliedBy('name'),
};

/** Definitions that apply owns whole (`x-kubernetes-map-type: atomic`). */
export const ATOMIC_DEFINITIONS: ReadonlySet<string> = new Set([
  'meta/v1.LabelSelector',
  'meta/v1.OwnerReference',
  'core/v1.ConfigMapKeySelector',
  'core/v1.EndpointAddress',
  'core/v1.EndpointPort',
  'core/v1.FileKeySelector',
  'core/v1.LocalObjectReference',
  'core/v1.NodeSelector',
  'core/v1.NodeSelectorTerm',
  'core/v1.ObjectFieldSelector',
  'core/v1.ObjectReference',
  'core/v1.ResourceFieldSelector',
  'core/v1.ScopeSelector',
  'core/v1.SecretKeySelector',
  'core/v1.SecretReference',
  'core/v1.TopologySelectorTerm',
  'core/v1.TypedLocalObjectReference',
  'autoscaling/v1.CrossVersionObjectReference',
  'networking/v1.ServiceBackendPort',
  'rbac/v1.RoleRef',
  'rbac/v1.Subject',
  'discovery/v1.EndpointPort',
  'admissionregistration/v1.MatchResources',
  'admissionregistration/v1.NamedRuleWithOperations',
  'admissionregistration/v1.ParamKind',
  'admissionregistration/v1.ParamRef',
  'admissionregistration/v1.Variable',
]);

/** Fields that merge otherwise than their definition or their kind of value says. */
export const STRUCT_RULES: Readonly<Record<string, StructRule>> = {
  'core/v1.PersistentVolumeSpec.claimRef': { mapType: 'granular' },
  'core/v1.PodSpec.nodeSelector': { mapType: 'atomic' },
  'core/v1.ReplicationControllerSpec.selector': { mapType: 'atomic' },
  'core/v1.ServiceSpec.selector': { mapType: 'atomic' },
  'apps/v1.DeploymentSpec.strategy': { patchStrategy: 'retainKeys' },
  'node/v1.Scheduling.nodeSelector': { mapType: 'atomic' },
  'policy/v1.PodDisruptionBudgetSpec.selector': { patchStrategy: 'replace' },
};

/** Strings, and maps of strings, that are quantities. */
export const QUANTITY_FIELDS: ReadonlySet<string> = new Set([
  'core/v1.ContainerStatus.allocatedResources',
  'core/v1.EmptyDirVolumeSource.sizeLimit',
  'core/v1.LimitRangeItem.default',
  'core/v1.LimitRangeItem.defaultRequest',
  'core/v1.LimitRangeItem.max',
  'core/v1.LimitRangeItem.maxLimitRequestRatio',
  'core/v1.LimitRangeItem.min',
  'core/v1.NodeStatus.allocatable',
  'core/v1.NodeStatus.capacity',
  'core/v1.PersistentVolumeClaimStatus.allocatedResources',
  'core/v1.PersistentVolumeClaimStatus.capacity',
  'core/v1.PersistentVolumeSpec.capacity',
  'core/v1.PodSpec.overhead',
  'core/v1.PodStatus.allocatedResources',
  'core/v1.ResourceFieldSelector.divisor',
  'core/v1.ResourceQuotaSpec.hard',
  'core/v1.ResourceQuotaStatus.hard',
  'core/v1.ResourceQuotaStatus.used',
  'core/v1.ResourceRequirements.limits',
  'core/v1.ResourceRequirements.requests',
  'core/v1.VolumeResourceRequirements.limits',
  'core/v1.VolumeResourceRequirements.requests',
  'autoscaling/v2.HPAScalingRules.tolerance',
  'autoscaling/v2.MetricTarget.averageValue',
  'autoscaling/v2.MetricTarget.value',
  'autoscaling/v2.MetricValueStatus.averageValue',
  'autoscaling/v2.MetricValueStatus.value',
  'node/v1.Overhead.podFixed',
  'storage/v1.CSIStorageCapacity.capacity',
  'storage/v1.CSIStorageCapacity.maximumVolumeSize',
]);
