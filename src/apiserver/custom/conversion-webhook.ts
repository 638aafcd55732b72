import type { WebhookConversion } from '#api/apiextensions/custom-resource-definition.ts';
import { isJsonObject } from '#api/json.ts';
import type { KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { StatusError } from '#api/status.ts';
import { utf8 } from '#apiserver/request.ts';
import { decodeObject } from '#apiserver/stored-object.ts';
import type { Store } from '#store/store.ts';
import { must } from '#system/assert.ts';
import { type Clock, createNap } from '#system/clock.ts';
import { type HttpsClient, httpsClient } from '#system/https-client.ts';
import { type Random, randomUuid } from '#system/random.ts';

/** How long a webhook may take for one answer, in milliseconds; then the request fails. */
const ANSWER_MS_MAX = 30_000;

/** The largest answer of a webhook, in bytes; a larger one fails the request. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** Objects that a webhook is given at a time; more go in several calls. */
const OBJECTS_MAX = 500;

const HTTPS_PORT = 443;

/** What calling webhooks takes. */
export interface ConversionWebhooks {
  /** Where services are looked up. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/** Into which version, and by whom. */
export interface Conversion {
  readonly type: ResourceType;
  readonly apiVersion: string;
  readonly webhook: WebhookConversion | undefined;
}

/** What a webhook answers. */
interface ReviewResponse {
  readonly uid?: string;
  readonly convertedObjects?: readonly KubeObject[];
  readonly result?: { readonly status?: string; readonly message?: string };
}

/**
 * The objects as the definition's webhook converts them (`ConversionReview`), one for one and in order. Of their metadata only
 * labels and annotations may change. Throws InternalError where the webhook fails, as Kubernetes does.
 */
export async function convertByWebhook(
  webhooks: ConversionWebhooks,
  objects: readonly KubeObject[],
  conversion: Conversion,
): Promise<KubeObject[]> {
  const converted: KubeObject[] = [];
  for (let start = 0; start < objects.length; start += OBJECTS_MAX) {
    const batch = objects.slice(start, start + OBJECTS_MAX);
    const answered = await review(webhooks, batch, conversion);
    batch.forEach((object, index) => {
      const made = must(answered[index], 'there is one for each');
      converted.push(checked(made, object, { conversion, index: start + index }));
    });
  }
  return converted;
}

function failure({ type }: Conversion, why: string, cause?: unknown): StatusError {
  const kind = `${apiVersionOf(type)}, Kind=${type.kind}`;
  return new StatusError('InternalError', `conversion webhook for ${kind} failed: ${why}`, { cause });
}

async function review(
  webhooks: ConversionWebhooks,
  objects: readonly KubeObject[],
  conversion: Conversion,
): Promise<readonly KubeObject[]> {
  const uid = randomUuid(webhooks.random);
  const accepted = conversion.webhook?.conversionReviewVersions ?? [];
  const apiVersion = `apiextensions.k8s.io/${accepted.find((each) => each === 'v1' || each === 'v1beta1') ?? 'v1'}`;
  const request = { uid, desiredAPIVersion: conversion.apiVersion, objects };
  const answer = await post(webhooks, conversion, { kind: 'ConversionReview', apiVersion, request });
  const response = isJsonObject(answer)
    ? (answer.response as unknown as ReviewResponse | undefined)
    : undefined;
  if (!isJsonObject(answer) || answer.kind !== 'ConversionReview' || answer.apiVersion !== apiVersion)
    throw failure(conversion, `expected webhook response of ${apiVersion}, Kind=ConversionReview`);
  if (!isJsonObject(response)) throw failure(conversion, 'expected webhook to return a response');
  const { result, convertedObjects = [] } = response as ReviewResponse;
  if ((response as ReviewResponse).uid !== uid)
    throw failure(
      conversion,
      `expected response.uid="${uid}", got "${(response as ReviewResponse).uid ?? ''}"`,
    );
  if (result?.status !== 'Success')
    throw failure(
      conversion,
      (result?.message ?? '') === ''
        ? `response.result.status was '${result?.status ?? ''}', not 'Success'`
        : (result?.message ?? ''),
    );
  if (!Array.isArray(convertedObjects) || convertedObjects.length !== objects.length)
    throw failure(conversion, `returned ${convertedObjects.length} objects, expected ${objects.length}`);
  return convertedObjects;
}

/** The converted object with the metadata that no webhook may touch. */
function checked(
  made: KubeObject,
  original: KubeObject,
  { conversion, index }: { readonly conversion: Conversion; readonly index: number },
): KubeObject {
  const wrong = (why: string): StatusError =>
    failure(conversion, `returned invalid converted object at index ${index}: ${why}`);
  if (!isJsonObject(made) || !isJsonObject(made.metadata)) throw wrong('it has no metadata');
  if (made.apiVersion !== conversion.apiVersion)
    throw wrong(`invalid groupVersion (expected ${conversion.apiVersion}, received ${made.apiVersion})`);
  if (made.kind !== original.kind)
    throw wrong(`invalid kind (expected ${original.kind}, received ${made.kind})`);
  for (const key of ['name', 'namespace', 'uid'] as const) {
    if (made.metadata[key] !== original.metadata[key])
      throw wrong(
        `metadata.${key} changed from ${original.metadata[key] ?? ''} to ${made.metadata[key] ?? ''}`,
      );
  }
  const { labels, annotations } = made.metadata;
  const { labels: _l, annotations: _a, ...kept } = original.metadata;
  const { apiVersion, kind, metadata: _m, ...rest } = made;
  return {
    apiVersion,
    kind,
    metadata: {
      ...kept,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    ...rest,
  };
}

/** Where a webhook listens. */
interface Endpoint {
  readonly address: string;
  readonly path: string;
  /** The name that its certificate must carry, where that is not the one dialled. */
  readonly serverName?: string;
}

async function endpointOf({ store }: ConversionWebhooks, conversion: Conversion): Promise<Endpoint> {
  const { url, service } = conversion.webhook?.clientConfig ?? {};
  if (url !== undefined) {
    const { host, port, pathname } = new URL(url);
    return { address: port === '' ? `${host}:${HTTPS_PORT}` : host, path: pathname };
  }
  if (service === undefined) throw failure(conversion, 'it has neither a url nor a service');
  const { namespace, name, path = '/', port = HTTPS_PORT } = service;
  const entry = await store.get(`/registry/core/services/${namespace}/${name}`);
  if (entry === undefined) throw failure(conversion, `service "${name}" not found`);
  const { spec } = decodeObject<KubeObject & { spec?: { clusterIP?: string } }>(entry.value);
  const ip = spec?.clusterIP ?? '';
  if (ip === '' || ip === 'None') throw failure(conversion, `service "${name}" has no address here`);
  const host = ip.includes(':') ? `[${ip}]` : ip;
  return { address: `${host}:${port}`, path, serverName: `${name}.${namespace}.svc` };
}

async function post(webhooks: ConversionWebhooks, conversion: Conversion, body: object): Promise<unknown> {
  const { address, path, serverName } = await endpointOf(webhooks, conversion);
  const caBundle = conversion.webhook?.clientConfig?.caBundle ?? '';
  const authority = Buffer.from(caBundle, 'base64').toString('utf8');
  const named = serverName === undefined ? {} : { serverName };
  using client = httpsClient(address, authority === '' ? 'public' : { authority, ...named });
  const late = new AbortController();
  const nap = createNap(webhooks.clock);
  const done = new AbortController();
  const timer = nap.rest(ANSWER_MS_MAX, done.signal).then(() => {
    if (!done.signal.aborted) late.abort(new Error(`no answer within ${ANSWER_MS_MAX} ms`));
    return undefined;
  });
  try {
    return await ask(client, { path, body, signal: late.signal });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it gave no answer';
    throw failure(conversion, `Post "https://${serverName ?? address}${path}": ${why}`, cause);
  } finally {
    done.abort();
    await timer;
  }
}

async function ask(
  client: HttpsClient,
  { path, body, signal }: { readonly path: string; readonly body: object; readonly signal: AbortSignal },
): Promise<unknown> {
  const response = await client.request({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    body: utf8(JSON.stringify(body)),
    signal,
  });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (response.status !== 200)
    throw new Error(`the webhook answered ${response.status}: ${text.slice(0, 200)}`);
  return JSON.parse(text) as unknown;
}
