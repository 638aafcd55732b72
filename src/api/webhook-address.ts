/** Where a webhook is, and what it speaks: what configurations of webhooks and definitions of custom kinds have in common. */

import { checkName, checkPort } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { serviceNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** `WebhookClientConfig`, as far as it says where the webhook is. */
export interface WebhookAddress {
  readonly url?: string;
  readonly service?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly path?: string;
    readonly port?: number;
  };
}

/** The forms of a review that Kubernetes speaks, and this server with it. */
export const REVIEW_VERSIONS = ['v1', 'v1beta1'];

const URL_FORM = '; desired format: https://host[/path]';

/** Either a URL or a service. */
export function checkWebhookAddress(field: string, { url, service }: WebhookAddress): FieldError[] {
  if (url !== undefined && service === undefined) return checkWebhookUrl(`${field}.url`, url);
  if (url !== undefined || service === undefined)
    return [requiredValue(field, 'exactly one of url or service is required')];
  const { name = '', namespace = '', path, port } = service;
  return [
    ...(name === '' ? [requiredValue(`${field}.service.name`, 'service name is required')] : []),
    ...(namespace === ''
      ? [requiredValue(`${field}.service.namespace`, 'service namespace is required')]
      : []),
    ...checkPort(`${field}.service.port`, port).map((error) => ({
      ...error,
      detail: `port is not valid: ${error.detail}`,
    })),
    ...(path === undefined ? [] : checkPath(`${field}.service.path`, path)),
  ];
}

/** Versions of a review, at least one of which this server speaks; `missing` is said where there are none. */
export function checkReviewVersions(
  field: string,
  versions: readonly string[],
  missing?: string,
): FieldError[] {
  if (versions.length === 0) return [requiredValue(field, missing)];
  return [
    ...versions.flatMap((version, index) =>
      versions.indexOf(version) < index
        ? [invalidValue(`${field}[${index}]`, version, 'duplicate version')]
        : checkName(`${field}[${index}]`, version, serviceNameErrors),
    ),
    ...(versions.some((version) => REVIEW_VERSIONS.includes(version))
      ? []
      : [invalidValue(field, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`)]),
  ];
}

/** An absolute path, each segment of which could be the name of an object. */
function checkPath(field: string, path: string): FieldError[] {
  if (path === '' || path === '/') return [];
  if (path === '//') return [invalidValue(field, path, 'segment[0] may not be empty')];
  const relative = path.startsWith('/') ? [] : [invalidValue(field, path, "must start with a '/'")];
  const segments = path.slice(1).replace(/\/$/, '').split('/');
  return [
    ...relative,
    ...segments.flatMap((segment, index) =>
      segment === ''
        ? [invalidValue(field, path, `segment[${index}] may not be empty`)]
        : subdomainNameErrors(segment).map((detail) =>
            invalidValue(field, path, `segment[${index}]: ${detail}`),
          ),
    ),
  ];
}

/** `https://host[:port][/path]` and no more. */
function checkWebhookUrl(field: string, text: string): FieldError[] {
  const { scheme, host, user, fragment, query } = partsOf(text);
  const fault = urlFault(text, { scheme, host });
  if (fault !== undefined)
    return [requiredValue(field, `url must be a valid URL: parse "${text}": ${fault}${URL_FORM}`)];
  const wrongScheme = `'https' is the only allowed URL scheme${URL_FORM}`;
  return [
    ...(scheme === 'https' ? [] : [invalidValue(field, scheme, wrongScheme)]),
    ...(host === '' ? [invalidValue(field, host, `host must be specified${URL_FORM}`)] : []),
    ...(user === undefined
      ? []
      : [invalidValue(field, user, 'user information is not permitted in the URL')]),
    ...(fragment === '' ? [] : [invalidValue(field, fragment, 'fragments are not permitted in the URL')]),
    ...(query === '' ? [] : [invalidValue(field, query, 'query parameters are not permitted in the URL')]),
  ];
}

interface UrlParts {
  readonly scheme: string;
  readonly host: string;
  readonly user: string | undefined;
  readonly fragment: string;
  readonly query: string;
}

const URL_PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s;

function partsOf(text: string): UrlParts {
  const [, scheme = '', authority = '', query = '', fragment = ''] = URL_PARTS.exec(text) ?? [];
  const at = authority.lastIndexOf('@');
  return {
    scheme: scheme.toLowerCase(),
    host: authority.slice(at + 1),
    user: at < 0 ? undefined : authority.slice(0, at),
    fragment,
    query,
  };
}

/** Why a text is no URL at all, in the words of Go's parser. */
function urlFault(text: string, { scheme, host }: Pick<UrlParts, 'scheme' | 'host'>): string | undefined {
  if (/\p{Cc}/u.test(text)) return 'net/url: invalid control character in URL';
  if (text.startsWith(':')) return 'missing protocol scheme';
  const bad = /[\s"<>\\^`{|}]/.exec(host)?.[0];
  if (bad !== undefined) return `invalid character ${JSON.stringify(bad)} in host name`;
  const port = /:([^\]:]*)$/.exec(host)?.[1] ?? '';
  if (!/^\d*$/.test(port)) return `invalid port ":${port}" after host`;
  const isColonFirst = scheme === '' && /^[^/?#]*:/.test(text);
  return isColonFirst ? 'first path segment in URL cannot contain colon' : undefined;
}
