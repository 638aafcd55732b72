import { isDeepStrictEqual } from 'node:util';
import {
  type MutatingWebhook,
  mutatingWebhookConfigurationResource,
} from '#api/admissionregistration/mutating-webhook-configuration.ts';
import { checkFields } from '#api/check-fields.ts';
import type { JsonObject, MutableJson } from '#api/json.ts';
import type { Json, KubeObject } from '#api/object.ts';
import { applyJsonPatch } from '#api/patch-json.ts';
import { StatusError } from '#api/status.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#apiserver/admission/plugin.ts';
import type { AdmissionResponse } from '#apiserver/admission/webhooks/admission-review.ts';
import { callWebhook, WebhookCallError } from '#apiserver/admission/webhooks/call-webhook.ts';
import type { WebhookOptions } from '#apiserver/admission/webhooks/validating-webhooks.ts';
import {
  failOpenOrClosed,
  heed,
  isAsked,
  isSubjectToWebhooks,
  type NamedWebhook,
  webhooksOf,
} from '#apiserver/admission/webhooks/webhooks-in-force.ts';
import type { Kinds } from '#apiserver/kinds.ts';
import { addAuditAnnotation } from '#apiserver/request-notes.ts';
import { StoredKind } from '#apiserver/stored-kind.ts';

export interface MutatingWebhookOptions extends WebhookOptions {
  readonly kinds: Kinds;
}

/** The object as each webhook left it, by configuration and name. */
type Left = Map<string, KubeObject>;

/**
 * MutatingAdmissionWebhook: all that match are asked one after the other, by the names of their configurations, each of what
 * the one before left. One that says `IfNeeded` is asked once more where something was changed after it.
 */
export function mutatingWebhooks(options: MutatingWebhookOptions): AdmissionPlugin {
  const configurations = new StoredKind(options.store, mutatingWebhookConfigurationResource);
  const left = new WeakMap<AdmissionRequest, Left>();
  return {
    name: 'MutatingAdmissionWebhook',
    handles: isSubjectToWebhooks,
    async mutate(request) {
      if (!configurations.isReady) await configurations.ready();
      if (configurations.size === 0) return;
      const known: Left = left.get(request) ?? new Map();
      left.set(request, known);
      for (const named of webhooksOf(configurations.list()))
        await ask(named, request, { ...options, left: known });
    },
  };
}

async function ask(
  named: NamedWebhook<MutatingWebhook>,
  request: AdmissionRequest,
  options: MutatingWebhookOptions & { readonly left: Left },
): Promise<void> {
  const { webhook, configuration } = named;
  const { left } = options;
  const key = `${configuration}/${webhook.name}`;
  if (request.pass > 1) {
    const before = left.get(key);
    const isDue = before !== undefined && webhook.reinvocationPolicy === 'IfNeeded';
    if (!isDue || isDeepStrictEqual(before, request.object)) return;
  }
  if (!(await isAsked(webhook, request, options.authorizer))) return;
  let mutated = false;
  try {
    const response = await callWebhook(webhook, request, { ...options, mayPatch: true });
    heed(webhook, response, request);
    mutated = takePatch(named, request, { ...options, response });
    if (mutated) request.reinvoke();
    left.set(key, structuredClone(request.object));
  } catch (error) {
    if (!(error instanceof WebhookCallError)) throw error;
    failOpenOrClosed(named, request, { error, kind: 'mutating' });
  } finally {
    const annotation = `mutation.webhook.admission.k8s.io/round_${request.pass - 1}_index_${named.index}`;
    const told = JSON.stringify({ configuration, webhook: webhook.name, mutated });
    addAuditAnnotation(request.notes, annotation, told);
  }
}

/** Whether the patch of an answer changed the object. Throws as upstream does: one that cannot be read is for the failure policy. */
function takePatch(
  { webhook }: NamedWebhook<MutatingWebhook>,
  request: AdmissionRequest,
  { kinds, response }: MutatingWebhookOptions & { readonly response: AdmissionResponse },
): boolean {
  const { patch = '', patchType } = response;
  if (patch === '') return false;
  const operations = operationsOf(patch);
  if (operations.length === 0) return false;
  const { object, type, operation } = request;
  if (operation === 'delete')
    throw internalError(
      `admission webhook "${webhook.name}" attempted to modify the object, which is not supported for this operation`,
    );
  if (patchType !== 'JSONPatch') throw new WebhookCallError(`unsupported patch type "${patchType ?? ''}"`);
  const changed = patched(request, { operations, kinds });
  if (isDeepStrictEqual(changed, object)) return false;
  for (const field of Object.keys(object)) delete (object as unknown as Record<string, unknown>)[field];
  Object.assign(object, changed);
  if (request.kind === type && request.subresource !== 'status') type.applyDefaults(object);
  return true;
}

function operationsOf(patch: string): readonly Json[] {
  try {
    const operations = JSON.parse(Buffer.from(patch, 'base64').toString('utf8')) as unknown;
    if (!Array.isArray(operations)) throw new SyntaxError('it is not a list of operations');
    return operations as readonly Json[];
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new WebhookCallError(`received undecodable patch in webhook response: ${cause.message}`, { cause });
  }
}

/** The object of a request with a patch applied; a patch that does not fit is an internal error, whatever the failure policy. */
function patched(
  { object, type, kind }: AdmissionRequest,
  { operations, kinds }: { readonly operations: readonly Json[]; readonly kinds: Kinds },
): KubeObject {
  try {
    const next = applyJsonPatch(object as unknown as JsonObject, operations) as MutableJson;
    const { schemas } = kinds.current;
    const schema = schemas.get(type.schema);
    if (kind === type) checkFields(next, { schemas, schema, kind: type.kind, version: type.version });
    return next as unknown as KubeObject;
  } catch (cause) {
    if (!(cause instanceof StatusError)) throw cause;
    throw internalError(cause.message, cause);
  }
}

function internalError(why: string, cause?: unknown): StatusError {
  return new StatusError('InternalError', `Internal error occurred: ${why}`, {
    cause,
    details: { causes: [{ message: why }] },
  });
}
