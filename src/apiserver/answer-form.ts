import { stringify } from 'yaml';
import { StatusError } from '#api/status.ts';
import { type ApiRequest, type ApiResponse, jsonResponse, utf8 } from '#apiserver/request.ts';
import { sizeOfBytes } from '#system/http-bytes.ts';

/** The largest answer that is written anew as YAML or with indentation, in bytes: longer ones would hold everybody else up. */
const FORMED_BYTES_MAX = 1024 * 1024;

/** The media type of YAML. */
export const YAML_MEDIA_TYPE = 'application/yaml';

/** Command-line tools and browsers, whose users read what they get: as in Kubernetes. */
const READERS = ['curl/', 'Wget/', 'Mozilla/'];

/** Answers that this server did not make itself. */
const PROXY_PATH = /\/proxy(?:\/|$)/u;

/**
 * An answer of JSON in the form that its reader wants: as it is, indented (`pretty=true`, and for the tools of people), or as
 * YAML. What is too large to be written anew stays as it is, and is 406 where only YAML would do, as is a watch.
 */
export function inWantedForm(request: ApiRequest, response: ApiResponse): ApiResponse {
  const isYaml = prefersYaml(request.headers['accept']);
  if ((!isYaml && !isPretty(request)) || PROXY_PATH.test(request.path)) return response;
  const { body, headers } = response;
  if (body.type === 'stream') return isYaml && headers['content-type'] === JSON_TYPE ? notAsYaml() : response;
  if (headers['content-type'] !== JSON_TYPE) return response;
  if (sizeOfBytes(body) > FORMED_BYTES_MAX) return isYaml ? notAsYaml() : response;
  const value: unknown = JSON.parse(Buffer.concat(body.chunks).toString());
  const text = isYaml ? stringify(value, YAML_OPTIONS) : `${JSON.stringify(value, null, 2)}\n`;
  return {
    ...response,
    headers: isYaml ? { ...headers, 'content-type': YAML_MEDIA_TYPE } : headers,
    body: { type: 'bytes', chunks: [utf8(text)] },
  };
}

const JSON_TYPE = 'application/json';

/** As Go's writers have it: no folded lines, no anchors, and YAML 1.1 texts in quotes. */
const YAML_OPTIONS = { lineWidth: 0, aliasDuplicateObjects: false, version: '1.1' } as const;

/** Whether YAML stands before JSON among what is accepted. */
function prefersYaml(accept: string | undefined): boolean {
  if (accept?.includes(YAML_MEDIA_TYPE) !== true) return false;
  const json = accept.indexOf(JSON_TYPE);
  return json === -1 || accept.indexOf(YAML_MEDIA_TYPE) < json;
}

function isPretty({ query, headers }: ApiRequest): boolean {
  const wanted = query.get('pretty');
  if (wanted !== null) return wanted === 'true' || wanted === '1';
  const agent = headers['user-agent'];
  return agent !== undefined && READERS.some((reader) => agent.startsWith(reader));
}

function notAsYaml(): ApiResponse {
  const why = `watches and answers beyond ${FORMED_BYTES_MAX} bytes are not served as ${YAML_MEDIA_TYPE}; accept ${JSON_TYPE}`;
  const error = new StatusError('NotAcceptable', why);
  return jsonResponse(error.code, error.toStatus());
}
