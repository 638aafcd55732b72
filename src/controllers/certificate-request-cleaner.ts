import {
  type CertificateSigningRequest,
  certificateSigningRequestResource,
} from '#api/certificates/certificate-signing-request.ts';
import type { Controller } from '#reconcile/controller.ts';
import { parseTimestamp } from '#system/clock.ts';

/** How long a request is kept after it was decided, in milliseconds: upstream's hour. */
const DECIDED_MS_MAX = 3600_000;

/** How long a request waits for a decision, in milliseconds: upstream's day. */
const PENDING_MS_MAX = 24 * 3600_000;

/** Deletes signing requests that are done with, and those that nobody has decided on (upstream's csrcleaner). */
export const certificateRequestCleaner: Controller<CertificateSigningRequest> = {
  name: 'csrcleaner',
  for: certificateSigningRequestResource,
  reads: [],
  writes: [{ type: certificateSigningRequestResource, verbs: ['delete'] }],
  plan({ object: request }, nowMs) {
    if (request === undefined || request.metadata.deletionTimestamp !== undefined) return [];
    const endMs = endOf(request);
    const why = 'a signing request is kept so long and no longer';
    if (endMs > nowMs) return [{ type: 'requeue', afterMs: endMs - nowMs, why }];
    const { name, uid } = request.metadata;
    return [{ type: 'delete', resource: certificateSigningRequestResource, name: { name }, uid, why }];
  },
};

/** When it may go: an approved one that is not signed yet waits as one that is not decided. */
function endOf({ metadata, status }: CertificateSigningRequest): number {
  const decided = status?.conditions?.find(
    ({ type }) =>
      type === 'Denied' || type === 'Failed' || (type === 'Approved' && (status.certificate ?? '') !== ''),
  );
  const decidedMs = parseTimestamp(decided?.lastUpdateTime ?? decided?.lastTransitionTime);
  if (decided !== undefined && decidedMs !== undefined) return decidedMs + DECIDED_MS_MAX;
  return (parseTimestamp(metadata.creationTimestamp) ?? 0) + PENDING_MS_MAX;
}
