import type { PolicyExpression } from '#api/admissionregistration/policy-programs.ts';
import { compileMatchConditions } from '#api/admissionregistration/policy-programs.ts';
import type { Webhook } from '#api/admissionregistration/webhook-rules.ts';
import type { KubeObject } from '#api/object.ts';
import { forbidden, STATUS_CODES, StatusError } from '#api/status.ts';
import type { AdmissionRequest, AdmissionTarget } from '#apiserver/admission/plugin.ts';
import { resourcesMatch } from '#apiserver/admission/policy/match-rules.ts';
import { conditionsHold, ExpressionError } from '#apiserver/admission/policy/policy-evaluation.ts';
import { requestValues } from '#apiserver/admission/policy/request-values.ts';
import type { AdmissionResponse } from '#apiserver/admission/webhooks/admission-review.ts';
import type { WebhookCallError } from '#apiserver/admission/webhooks/call-webhook.ts';
import type { Authorizer } from '#apiserver/authorize.ts';
import { addAuditAnnotation, addWarning } from '#apiserver/request-notes.ts';

/** Which webhook of which configuration, and its place among the webhooks of all configurations. */
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
  return configurations
    .flatMap(({ metadata, webhooks = [] }) =>
      webhooks.map((webhook) => ({ webhook, configuration: metadata.name })),
    )
    .map((named, index) => ({ ...named, index }));
}

const conditions = new WeakMap<Webhook, readonly PolicyExpression[]>();

/** Whether a webhook is asked of a request: by rules, labels and conditions. A condition that fails is a 403, or a no by the webhook's policy. */
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
  const values = requestValues(request, await request.namespaceObject(), authorizer);
  try {
    return conditionsHold(compiled, values);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    if (webhook.failurePolicy === 'Ignore') return false;
    const { type, name } = request;
    throw forbidden({ resource: type.plural, group: type.group, name }, error.message);
  }
}

/** What a webhook that gave no answer means for the request: a refusal, or nothing but a note in the audit log. */
export function failOpenOrClosed(
  { webhook, index }: NamedWebhook<Webhook>,
  request: AdmissionRequest,
  failure: { readonly error: WebhookCallError; readonly kind: 'validating' | 'mutating' },
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

/** Passes on what an answer says beside its verdict, and throws where that is no. */
export function heed(webhook: Webhook, response: AdmissionResponse, request: AdmissionRequest): void {
  for (const warning of response.warnings ?? []) addWarning(request.notes, String(warning));
  for (const [key, value] of Object.entries(response.auditAnnotations ?? {}))
    addAuditAnnotation(request.notes, `${webhook.name}/${key}`, String(value));
  if (response.allowed === true) return;
  const { message = '', reason = '', code = 0, details } = response.status ?? {};
  const denied = `admission webhook "${webhook.name}" denied the request`;
  const why = message === '' ? reason : message;
  throw new StatusError(
    'BadRequest',
    why === '' ? `${denied} without explanation` : `${denied}: ${why}`,
    // Its own code and reason, also where it gave no reason: only a success is none.
    {
      given: { code: code >= 400 && code < 600 ? code : STATUS_CODES.BadRequest, reason },
      ...(details === undefined ? {} : { details }),
    },
  );
}
