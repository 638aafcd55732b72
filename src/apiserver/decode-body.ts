import { parse as parseYaml } from 'yaml';
import { badRequest, StatusError } from '#api/status.ts';

/** The deepest nesting of a JSON or YAML body; a deeper one is 400. Far above any real object, far below the parser's own limit. */
const BODY_DEPTH_MAX = 128;

/** The media type of a Content-Type header, without its parameters, in lower case. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** A JSON or YAML body as a value. Throws 400 on what is neither, 415 on any other media type. */
export function decodeText(body: Uint8Array, mediaType: string): unknown {
  if (mediaType.endsWith('yaml')) return decodeYaml(body);
  if (mediaType === '' || mediaType.endsWith('json')) return decodeJson(body);
  throw unsupportedMediaType(mediaType);
}

export function unsupportedMediaType(mediaType: string): StatusError {
  return new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format: "${mediaType.slice(0, 100)}"; accepted are application/json, application/yaml and application/vnd.kubernetes.protobuf`,
  );
}

export function decodeJson(body: Uint8Array): unknown {
  checkDepth(body);
  const text = decodeUtf8(body);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw badRequest(`the body of the request is not valid JSON: ${(cause as Error).message}`, cause);
  }
}

/** YAML 1.2 core schema, as kubectl converts manifests; aliases are bounded, duplicate keys refused. */
function decodeYaml(body: Uint8Array): unknown {
  const text = decodeUtf8(body);
  // apply-patch+yaml bodies are mostly JSON.
  if (/^\s*\{/u.test(text)) return decodeJson(body);
  try {
    return parseYaml(text, { maxAliasCount: 100, uniqueKeys: true }) as unknown;
  } catch (cause) {
    throw badRequest(`the body of the request is not valid YAML: ${(cause as Error).message}`, cause);
  }
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw badRequest('the body of the request is not valid UTF-8', cause);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Counts brackets outside strings before anything recursive looks at the body. */
function checkDepth(body: Uint8Array): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (inString) {
      if (byte === BACKSLASH) i += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > BODY_DEPTH_MAX)
        throw badRequest(`the body of the request is nested deeper than ${BODY_DEPTH_MAX} levels`);
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
}
