import { forbidden, STATUS_CODES, StatusError, type StatusReason } from '#api/status.ts';
import type { AdmissionRequest } from '#apiserver/admission/plugin.ts';

/**
 * The refusal of a policy: worded as a 403 and told as what the policy says, 422 where it says nothing, with its message as
 * the only cause (Kubernetes).
 */
export function policyRefusal(request: AdmissionRequest, message: string, reason = 'Invalid'): StatusError {
  const { plural, group } = request.type;
  const base = forbidden({ resource: plural, group, name: request.name ?? '' }, message);
  return new StatusError(isReason(reason) ? reason : 'Invalid', base.message, {
    details: { ...base.details, causes: [{ message }] },
  });
}

function isReason(reason: string): reason is StatusReason {
  return Object.hasOwn(STATUS_CODES, reason);
}
