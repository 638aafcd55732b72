import type { PolicyExpression } from '#api/admissionregistration/policy-programs.ts';
import { compileMatchConditions } from '#api/admissionregistration/policy-programs.ts';
import type { Webhook } from '#api/admissionregistration/webhook-rules.ts';
import type { KubeObject } from '#api/object.ts';
import { STATUS_CODES, StatusError, type StatusReason } from '#api/status.ts';
import type { AdmissionRequest, AdmissionTarget } from '#apiserver/admission/plugin.ts';
import { resourcesMatch } from '#apiserver/admission/policy/match-rules.ts';
import { conditionsHold } from '#apiserver/admission/policy/policy-evaluation.ts';
import { requestValues } from '#apiserver/admission/policy/request-values.ts';
import type { AdmissionResponse } from '#apiserver/admission/webhooks/admission-review.ts';
import { WebhookCallError } from '#apiserver/admission/webhooks/call-webhook.ts';
import type { Authorizer } from '#apiserver/authorize.ts';
import { addAuditAnnotation, addWarning } from '#apiserver/request-notes.ts';

/** Which webhook of which configuration. */
export interface NamedWebhook<W extends Webhook> {
  readonly webhook: W;
  readonly configuration: string;
  readonly index: number;
}

/** Whether webhooks are asked of such a request. Never of what configures admission itself: that can always be deleted. */
export function isSubjectToWebhooks({ type }: AdmissionTarget): boolean {
  return type.group !== 'admissionregistration.k8s.io';
}

/** The webhooks of all configurations, by the configurations' names. */
export function webhooksOf<W extends Webhook>(
  configurations: readonly (KubeObject & { readonly webhooks?: readonly W[] })[],
): NamedWebhook<W>[] {
  return configurations.flatMap(({ metadata, webhooks = [] }) =>
    webhooks.map((webhook, index) => ({ webhook, configuration: metadata.name, index })),
  );
}

const conditions = new WeakMap<Webhook, readonly PolicyExpression[]>();

/** Whether a webhook is asked of a request: by rules, labels and conditions. Throws as {@link failOpenOrClosed} where a condition fails. */
export async function isAsked(
  webhook: Webhook,
  request: AdmissionRequest,
  authorizer: Authorizer,
): Promise<boolean> {
  const { matchPolicy = 'Equivalent', namespaceSelector = {}, objectSelector = {}, rules = [] } = webhook;
  if (rules.length === 0) return false;
  if (
    !(await resourcesMatch({ matchPolicy, namespaceSelector, objectSelector, resourceRules: rules }, request))
  )
    return false;
  const { matchConditions = [] } = webhook;
  if (matchConditions.length === 0) return true;
  let compiled = conditions.get(webhook);
  if (compiled === undefined) {
    compiled = compileMatchConditions('matchConditions', matchConditions);
    conditions.set(webhook, compiled);
  }
  return conditionsHold(compiled, requestValues(request, await request.namespaceObject(), authorizer));
}

/** What a webhook that gave no answer means for the request: a refusal, or nothing but a note in the audit log. */
export function failOpenOrClosed(
  { webhook, index }: NamedWebhook<Webhook>,
  request: AdmissionRequest,
  failure: { readonly error: Error; readonly kind: 'validating' | 'mutating' },
): void {
  const { error, kind } = failure;
  if (webhook.failurePolicy === 'Ignore') {
    const key = `failed-open.${kind}.webhook.admission.k8s.io/round_${request.pass - 1}_index_${index}`;
    addAuditAnnotation(request.notes, key, webhook.name);
    return;
  }
  throw new StatusError(
    'InternalError',
    `Internal error occurred: failed calling webhook "${webhook.name}": ${error.message}`,
    {
      cause: error.cause,
      details: { causes: [{ message: `failed calling webhook "${webhook.name}": ${error.message}` }] },
    },
  );
}

/** Whether an error is about the asking, and so for the failure policy. */
export function isFailure(error: unknown): error is Error {
  return error instanceof WebhookCallError || (error instanceof Error && error.name === 'ExpressionError');
}

/** Passes on what an answer says beside its verdict, and throws where that is no. */
export function heed(webhook: Webhook, response: AdmissionResponse, request: AdmissionRequest): void {
  for (const warning of response.warnings ?? []) addWarning(request.notes, String(warning));
  for (const [key, value] of Object.entries(response.auditAnnotations ?? {}))
    addAuditAnnotation(request.notes, `${webhook.name}/${key}`, String(value));
  if (response.allowed === true) return;
  const { message = '', reason = '', code = 0 } = response.status ?? {};
  const denied = `admission webhook "${webhook.name}" denied the request`;
  const why = message === '' ? reason : message;
  throw new StatusError(
    reasonOf(reason, code),
    why === '' ? `${denied} without explanation` : `${denied}: ${why}`,
  );
}

/** The reason that a webhook gave, else the one of its code, else BadRequest, as upstream. */
function reasonOf(reason: string, code: number): StatusReason {
  if (Object.hasOwn(STATUS_CODES, reason)) return reason as StatusReason;
  const known = Object.entries(STATUS_CODES).find(([, each]) => each === code);
  return (known?.[0] ?? 'BadRequest') as StatusReason;
}
