import { badRequest, StatusError } from '#api/status.ts';
import { decodeYaml } from '#apiserver/decode-yaml.ts';
import { BODY_DEPTH_MAX, scanJson } from '#apiserver/json-scan.ts';
import { countFields, surveyJson } from '#apiserver/json-survey.ts';

/** A body as a value. */
export interface DecodedBody {
  readonly value: unknown;
  /** Paths of the fields that stand twice; the last one counts. */
  readonly duplicateFields: readonly string[];
}

const decoder = new TextDecoder('utf-8', { fatal: true });

const JSON_MEDIA_TYPES = new Set(['', 'application/json', '*/*']);
const YAML_MEDIA_TYPES = new Set(['application/yaml', 'application/x-yaml', 'text/yaml']);

/** The media type of a Content-Type header, without its parameters, in lower case. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** A JSON or YAML body as a value. Throws 400 on what is neither, 415 on any other media type. */
export function decodeText(body: Uint8Array, mediaType: string): DecodedBody {
  if (YAML_MEDIA_TYPES.has(mediaType)) return decodeJsonOrYaml(body);
  if (JSON_MEDIA_TYPES.has(mediaType)) return decodeJson(body);
  throw unsupportedMediaType();
}

export function unsupportedMediaType(): StatusError {
  return new StatusError(
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );
}

/** A JSON body as a value, exactly as it says: what JavaScript would round or replace is refused with 400. */
export function decodeJson(body: Uint8Array): DecodedBody {
  const text = decodeUtf8(body);
  const survey = surveyJson(body);
  // The scan says which level is one too many.
  if (survey.depth > BODY_DEPTH_MAX) scanJson(text);
  try {
    const value = survey.isSuspicious ? parseExactly(text) : (JSON.parse(text) as unknown);
    const isWhole = countFields(value) === survey.fields;
    return { value, duplicateFields: isWhole ? [] : scanJson(text) };
  } catch (cause) {
    if (cause instanceof StatusError) throw cause;
    throw badRequest(`the body of the request is not valid JSON: ${(cause as Error).message}`, cause);
  }
}

function parseExactly(text: string): unknown {
  // The third argument is the reviver's context (ECMAScript's JSON.parse source text access).
  const check = (key: string, value: unknown, context?: { source?: string }): unknown => {
    if (!key.isWellFormed()) throw badRequest('the body of the request has a key that is no Unicode text');
    if (typeof value === 'string' && !value.isWellFormed())
      throw badRequest(`the value of "${key}" is no Unicode text: it has half of a surrogate pair`);
    if (typeof value === 'number') assertExact(key, value, context?.source ?? '');
    return value;
  };
  return JSON.parse(text, check as (key: string, value: unknown) => unknown) as unknown;
}

function assertExact(key: string, value: number, source: string): void {
  if (Number.isSafeInteger(value) || (Number.isFinite(value) && /[.eE]/u.test(source))) return;
  throw badRequest(
    `the number ${source.slice(0, 40)} at "${key}" cannot be held: whole numbers are taken up to ±${Number.MAX_SAFE_INTEGER}`,
  );
}

/** What claims to be YAML and begins as JSON does is read as JSON: so are most bodies of server-side apply. */
export function decodeJsonOrYaml(body: Uint8Array): DecodedBody {
  const text = decodeUtf8(body);
  return /^\s*[{[]/u.test(text) ? decodeJson(body) : { value: decodeYaml(text), duplicateFields: [] };
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return decoder.decode(body);
  } catch (cause) {
    throw badRequest('the body of the request is not valid UTF-8', cause);
  }
}
