import { bootstrapTokenCleaner } from '#controllers/bootstrap-token-cleaner.ts';
import { certificateRequestCleaner } from '#controllers/certificate-request-cleaner.ts';
import { clusterRoleAggregationController } from '#controllers/cluster-role-aggregation.ts';
import { cronJobController } from '#controllers/cron-job.ts';
import { definitionController } from '#controllers/custom-resource-definition.ts';
import { daemonSetController } from '#controllers/daemon-set.ts';
import { deploymentController } from '#controllers/deployment.ts';
import { endpointSliceController } from '#controllers/endpoint-slice.ts';
import { endpointSliceMirroringController } from '#controllers/endpoint-slice-mirroring.ts';
import { endpointsController } from '#controllers/endpoints.ts';
import { flowSchemaStatusController } from '#controllers/flow-schema-status.ts';
import { garbageCollectors } from '#controllers/garbage-collector.ts';
import { jobController } from '#controllers/job.ts';
import type { KindRoster } from '#controllers/kind-roster.ts';
import { namespaceController } from '#controllers/namespace.ts';
import { nodeTaintController } from '#controllers/node-taints.ts';
import { podDisruptionBudgetController } from '#controllers/pod-disruption-budget.ts';
import { podGarbageCollector } from '#controllers/pod-garbage-collector.ts';
import { replicaSetController } from '#controllers/replica-set.ts';
import { replicationController } from '#controllers/replication-controller.ts';
import { serviceAccountController } from '#controllers/service-account.ts';
import { statefulSetController } from '#controllers/stateful-set.ts';
import { claimProtectionController, volumeProtectionController } from '#controllers/storage-protection.ts';
import { type TokenSecretOptions, tokenSecretController } from '#controllers/token-secret.ts';
import { validatingAdmissionPolicyStatusController } from '#controllers/validating-admission-policy-status.ts';
import type { Controller } from '#reconcile/controller.ts';

export interface StandardOptions {
  /** Every kind that the API server serves; it grows by those that definitions add. */
  readonly roster: KindRoster;
  /** PEM of the certificates by which the API server is verified. */
  readonly authority: string;
  /** How tokens for Secrets are signed. */
  readonly tokens: Omit<TokenSecretOptions, 'authority'>;
}

/** Pods kept after they ended, so that their logs and exit codes can be read; beyond it the oldest are deleted. */
const TERMINATED_PODS_MAX = 1000;

/** What keeps any API server in order: namespaces, garbage, service accounts. Workloads at the hub are templates. */
export function hubControllers({ roster, authority, tokens }: StandardOptions): Controller<never>[] {
  return [
    namespaceController(roster),
    definitionController(roster),
    serviceAccountController(authority),
    tokenSecretController({ authority, ...tokens }),
    bootstrapTokenCleaner,
    clusterRoleAggregationController,
    validatingAdmissionPolicyStatusController(roster),
    certificateRequestCleaner,
    flowSchemaStatusController,
    ...garbageCollectors(roster),
  ];
}

/** What a site runs: all of the hub's, and the workloads. The scheduler stands beside them. */
export function siteControllers(options: StandardOptions): Controller<never>[] {
  return [
    ...hubControllers(options),
    deploymentController,
    replicaSetController,
    replicationController,
    statefulSetController,
    daemonSetController,
    jobController,
    cronJobController,
    endpointSliceController,
    endpointSliceMirroringController,
    endpointsController,
    podDisruptionBudgetController,
    nodeTaintController,
    claimProtectionController,
    volumeProtectionController,
    podGarbageCollector({ terminatedPodsMax: TERMINATED_PODS_MAX }),
  ];
}
