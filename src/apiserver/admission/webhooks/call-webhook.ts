import type { WebhookClientConfig } from '#api/admissionregistration/webhook-client.ts';
import type { Webhook } from '#api/admissionregistration/webhook-rules.ts';
import { type Service, serviceResource } from '#api/core/service.ts';
import type { AdmissionRequest } from '#apiserver/admission/plugin.ts';
import {
  type AdmissionResponse,
  readAnswer,
  reviewOf,
} from '#apiserver/admission/webhooks/admission-review.ts';
import { describeAnswer, describeConnectionError } from '#apiserver/call-failure.ts';
import { decodeObject, objectStoreKey } from '#apiserver/stored-object.ts';
import type { Store } from '#store/store.ts';
import type { Clock } from '#system/clock.ts';
import type { CallHttps } from '#system/https-call.ts';
import { type Random, randomUuid } from '#system/random.ts';

/** The largest answer of a webhook, in bytes: a patch of the largest object fits; of a larger one the call fails. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
/** What a webhook may take that names no time, in seconds. */
const TIMEOUT_SECONDS = 10;

export interface WebhookCaller {
  readonly store: Store;
  readonly call: CallHttps;
  readonly clock: Clock;
  readonly random: Random;
}

/** Why a webhook gave no answer, in Kubernetes' words. */
export class WebhookCallError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'WebhookCallError';
  }
}

/** Asks one webhook; `mayPatch` is whether its answer may carry a patch. Throws {@link WebhookCallError} where it gave no answer that can be used. */
export async function callWebhook(
  webhook: Webhook,
  request: AdmissionRequest,
  caller: WebhookCaller & { readonly mayPatch: boolean },
): Promise<AdmissionResponse> {
  const { clock, random, mayPatch } = caller;
  const seconds = webhook.timeoutSeconds ?? TIMEOUT_SECONDS;
  const uid = randomUuid(random);
  const body = Buffer.from(JSON.stringify(reviewOf(request, uid)));
  const abort = new AbortController();
  const timer = clock.after(seconds * 1000, () => abort.abort());
  const url = `${shownUrl(webhook.clientConfig)}?timeout=${seconds}s`;
  try {
    const { path, ...where } = await targetOf(webhook.clientConfig, caller.store);
    const search = `${path.includes('?') ? '&' : '?'}timeout=${seconds}s`;
    const answer = await caller.call({
      ...where,
      path: `${path}${search}`,
      body,
      answerBytesMax: ANSWER_BYTES_MAX,
      signal: abort.signal,
    });
    const text = Buffer.from(answer.body).toString('utf8');
    if (answer.status < 200 || answer.status > 206)
      throw new WebhookCallError(
        `failed to call webhook: ${describeAnswer({ status: answer.status, text })}`,
      );
    return checkedAnswer(text, { uid, mayPatch });
  } catch (error) {
    if (error instanceof WebhookCallError) throw error;
    if (abort.signal.aborted)
      throw new WebhookCallError(`failed to call webhook: Post "${url}": context deadline exceeded`);
    throw new WebhookCallError(`failed to call webhook: Post "${url}": ${describeConnectionError(error)}`, {
      cause: error,
    });
  } finally {
    timer.cancel();
  }
}

function checkedAnswer(
  text: string,
  wanted: { readonly uid: string; readonly mayPatch: boolean },
): AdmissionResponse {
  let review: unknown;
  try {
    review = JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WebhookCallError(
      `failed to call webhook: couldn't get version/kind; json parse error: ${why}`,
      { cause },
    );
  }
  try {
    return readAnswer(review, wanted);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WebhookCallError(`received invalid webhook response: ${why}`, { cause });
  }
}

interface Target {
  readonly address: string;
  readonly path: string;
  readonly serverName?: string;
  readonly authority?: string;
}

/** The URL as messages show it. */
function shownUrl({ url, service }: WebhookClientConfig): string {
  if (url !== undefined) return url;
  const { namespace = '', name = '', port = 443 } = service ?? {};
  return `https://${name}.${namespace}.svc:${port}${rooted(service?.path)}`;
}

function rooted(path = '/'): string {
  return path.startsWith('/') ? path : `/${path}`;
}

/** Where a webhook is: at a URL, or behind a Service, whose cluster address is dialled and whose name the certificate carries. */
async function targetOf({ url, service, caBundle }: WebhookClientConfig, store: Store): Promise<Target> {
  const trust =
    caBundle === undefined || caBundle === ''
      ? {}
      : { authority: Buffer.from(caBundle, 'base64').toString('utf8') };
  if (url !== undefined) {
    const parsed = new URL(url);
    if (isLinkLocal(parsed.hostname))
      throw new Error(`dial tcp ${parsed.host}: link-local addresses are not called`);
    const port = parsed.port === '' ? '443' : parsed.port;
    return {
      ...trust,
      address: `${parsed.hostname}:${port}`,
      path: `${parsed.pathname}${parsed.search}`,
    };
  }
  const { namespace = '', name = '', path, port = 443 } = service ?? {};
  const entry = await store.get(objectStoreKey(serviceResource, { namespace, name }));
  if (entry === undefined) throw new Error(`service "${name}" not found`);
  const { spec } = decodeObject<Service>(entry.value);
  if (!(spec.ports ?? []).some((each) => each.port === port))
    throw new Error(`no service port ${port} found for service "${name}"`);
  const host = spec.type === 'ExternalName' ? spec.externalName : spec.clusterIP;
  if (host === undefined || host === '' || host === 'None')
    throw new Error(`unsupported service type "${spec.type ?? ''}" without a cluster address`);
  return {
    ...trust,
    address: `${host}:${port}`,
    path: rooted(path),
    serverName: `${name}.${namespace}.svc`,
  };
}

/** Where machines in clouds find out who they are: nothing there is a webhook. */
function isLinkLocal(host: string): boolean {
  return host.startsWith('169.254.') || host.toLowerCase().startsWith('[fe80:');
}
