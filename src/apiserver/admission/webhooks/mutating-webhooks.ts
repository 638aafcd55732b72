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
  isFailure,
  isSubjectToWebhooks,
  type NamedWebhook,
  webhooksOf,
} from '#apiserver/admission/webhooks/webhooks-in-force.ts';
import type { Kinds } from '#apiserver/kinds.ts';
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
  try {
    if (!(await isAsked(webhook, request, options.authorizer))) return;
    const response = await callWebhook(webhook, request, options);
    heed(webhook, response, request);
    if (takePatch(response, request, options)) request.reinvoke();
    left.set(key, structuredClone(request.object));
  } catch (error) {
    if (!isFailure(error)) throw error;
    failOpenOrClosed(named, request, { error, kind: 'mutating' });
  }
}

/** Whether the patch of an answer changed the object. Throws WebhookCallError where it cannot be applied. */
function takePatch(
  { patch, patchType }: AdmissionResponse,
  request: AdmissionRequest,
  { kinds }: MutatingWebhookOptions,
): boolean {
  if (
    patch === undefined ||
    patch === '' ||
    request.operation === 'delete' ||
    request.operation === 'connect'
  )
    return false;
  if (patchType !== 'JSONPatch')
    throw new WebhookCallError(`unsupported patch type "${patchType ?? ''}" in the response`);
  const { object, type } = request;
  let next: MutableJson;
  try {
    const operations = JSON.parse(Buffer.from(patch, 'base64').toString('utf8')) as Json;
    next = applyJsonPatch(object as unknown as JsonObject, operations) as MutableJson;
    const { schemas } = kinds.current;
    if (request.kind === type)
      checkFields(next, {
        schemas,
        schema: schemas.get(type.schema),
        kind: type.kind,
        version: type.version,
      });
  } catch (cause) {
    if (!(cause instanceof StatusError) && !(cause instanceof SyntaxError)) throw cause;
    throw new WebhookCallError(`the patch cannot be applied: ${cause.message}`, { cause });
  }
  const changed = next as unknown as KubeObject;
  if (isDeepStrictEqual(changed, object)) return false;
  for (const field of Object.keys(object)) delete (object as unknown as Record<string, unknown>)[field];
  Object.assign(object, changed);
  if (request.kind === type && request.subresource !== 'status') type.applyDefaults(object);
  return true;
}
