import { typeCheckPolicy } from '#api/admissionregistration/policy-type-check.ts';
import {
  type ValidatingAdmissionPolicy,
  validatingAdmissionPolicyResource,
} from '#api/admissionregistration/validating-admission-policy.ts';
import type { KindRoster } from '#controllers/kind-roster.ts';
import { statusChange } from '#controllers/status-change.ts';
import type { Controller } from '#reconcile/controller.ts';

/**
 * Checks each version of a policy once against the kinds that it matches, and writes what they do not have into
 * `status.typeChecking`. The policy is in force all the same: a warning is advice.
 */
export function validatingAdmissionPolicyStatusController(
  roster: KindRoster,
): Controller<ValidatingAdmissionPolicy> {
  return {
    name: 'validatingadmissionpolicy-status-controller',
    for: validatingAdmissionPolicyResource,
    reads: [],
    writes: [{ type: validatingAdmissionPolicyResource, verbs: ['patchStatus'] }],
    plan({ object: policy }) {
      if (policy === undefined || policy.metadata.deletionTimestamp !== undefined) return [];
      const { generation } = policy.metadata;
      if (generation === undefined || policy.status?.observedGeneration === generation) return [];
      const expressionWarnings = typeCheckPolicy(policy.spec, roster.types);
      const typeChecking = expressionWarnings.length === 0 ? {} : { expressionWarnings };
      const status = { ...policy.status, observedGeneration: generation, typeChecking };
      return statusChange(validatingAdmissionPolicyResource, policy, {
        status,
        why: 'the policy has been checked against the kinds that it matches',
      });
    },
  };
}
