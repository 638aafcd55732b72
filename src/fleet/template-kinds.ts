import { daemonSetResource } from '#api/apps/daemon-set.ts';
import { deploymentResource } from '#api/apps/deployment.ts';
import { statefulSetResource } from '#api/apps/stateful-set.ts';
import { cronJobResource } from '#api/batch/cron-job.ts';
import { jobResource } from '#api/batch/job.ts';
import { configMapResource } from '#api/core/config-map.ts';
import { persistentVolumeClaimResource } from '#api/core/persistent-volume-claim.ts';
import { podResource } from '#api/core/pod.ts';
import { secretResource } from '#api/core/secret.ts';
import { serviceResource } from '#api/core/service.ts';
import { serviceAccountResource } from '#api/core/service-account.ts';
import { ingressResource } from '#api/networking/ingress.ts';
import { networkPolicyResource } from '#api/networking/network-policy.ts';
import { podDisruptionBudgetResource } from '#api/policy/pod-disruption-budget.ts';
import { roleResource } from '#api/rbac/role.ts';
import { roleBindingResource } from '#api/rbac/role-binding.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';

/**
 * The kinds that an application may consist of, in the order in which a site applies them: what others refer to first.
 * They are removed in the reverse order.
 */
export const TEMPLATE_KINDS: readonly ResourceType[] = [
  serviceAccountResource,
  roleResource,
  roleBindingResource,
  configMapResource,
  secretResource,
  persistentVolumeClaimResource,
  serviceResource,
  networkPolicyResource,
  podDisruptionBudgetResource,
  deploymentResource,
  statefulSetResource,
  daemonSetResource,
  jobResource,
  cronJobResource,
  podResource,
  ingressResource,
] as unknown as readonly ResourceType[];

/** The kind of a manifest, or undefined where an application may not hold it. */
export function templateKindOf(manifest: { apiVersion: string; kind: string }): ResourceType | undefined {
  return TEMPLATE_KINDS.find(
    (type) => type.kind === manifest.kind && apiVersionOf(type) === manifest.apiVersion,
  );
}

/** Where a kind stands in the order of {@link TEMPLATE_KINDS}. */
export function templateRank(manifest: { apiVersion: string; kind: string }): number {
  const type = templateKindOf(manifest);
  return type === undefined ? TEMPLATE_KINDS.length : TEMPLATE_KINDS.indexOf(type);
}
