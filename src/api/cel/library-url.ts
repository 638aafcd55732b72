import { textOf } from '#api/cel/argument.ts';
import { methodOf, type Overload, overload, traversing } from '#api/cel/function.ts';
import { CelError, CelList, CelMap, type CelObject, type CelResult } from '#api/cel/value.ts';
import { assert } from '#system/assert.ts';

const URL_TYPE = 'kubernetes.URL';

/** A URL: absolute, or a path that begins with a slash. */
export class CelUrl implements CelObject {
  readonly celType = URL_TYPE;
  readonly scheme: string;
  /** With its port, as it was written. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly text: string;

  constructor(parts: { scheme: string; host: string; path: string; query: string; text: string }) {
    this.scheme = parts.scheme;
    this.host = parts.host;
    this.path = parts.path;
    this.query = parts.query;
    this.text = parts.text;
  }

  equals(other: CelObject): boolean {
    return other instanceof CelUrl && other.text === this.text;
  }
}

const ABSOLUTE =
  /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/((?:[^/?#@]*@)?([^/?#]*)))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/s;
const RELATIVE = /^(\/[^?#]*)(?:\?([^#]*))?(?:#.*)?$/s;

/** What Go's `url.ParseRequestURI` accepts; undefined for anything else. */
export function parseUrl(text: string): CelUrl | undefined {
  if (/[\p{Cc} ]/u.test(text) || /%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  const relative = RELATIVE.exec(text);
  if (relative !== null && !text.startsWith('//')) {
    const [, path = '', query = ''] = relative;
    return new CelUrl({ scheme: '', host: '', path, query, text });
  }
  const [matched, scheme = '', authority, host = '', path = '', query = ''] = ABSOLUTE.exec(text) ?? [];
  if (matched === undefined) return undefined;
  // `mailto:x` is opaque: no request can be made of it.
  if (authority === undefined && !path.startsWith('/')) return undefined;
  if (!isHost(host)) return undefined;
  return new CelUrl({ scheme: scheme.toLowerCase(), host, path, query, text });
}

function isHost(host: string): boolean {
  const match = /^(\[[0-9A-Fa-f:.%A-Za-z]*\]|[^:[\]<>"]*)(?::(\d*))?$/.exec(host);
  return match !== null;
}

function hostname(host: string): string {
  const [, bracketed, plain = ''] = /^(?:\[([^\]]*)\]|([^:]*))/.exec(host) ?? [];
  return bracketed ?? plain;
}

function portOf(host: string): string {
  return /:(\d*)$/.exec(host.replace(/^\[[^\]]*\]/, ''))?.[1] ?? '';
}

function escapedPath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~$&+,/:;=@%!'()*[\]]/gu, encodeURIComponent);
}

function queryOf(query: string): CelMap {
  const values = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(query)) values.set(key, [...(values.get(key) ?? []), value]);
  return CelMap.of(new Map([...values].map(([key, list]) => [key, CelList.of(list)])));
}

function urlOf(value: unknown): CelUrl {
  assert(value instanceof CelUrl, 'a URL is passed where the signature says so');
  return value;
}

function url(text: string): CelResult {
  return (
    parseUrl(text) ??
    new CelError(`URL parse error during conversion from string: parse "${text}": invalid URI for request`)
  );
}

/** Kubernetes' URL library. */
export const URLS: readonly Overload[] = [
  overload(`url(string): ${URL_TYPE}`, ([a]) => url(textOf(a)), { cost: traversing(0) }),
  overload('isURL(string): bool', ([a]) => parseUrl(textOf(a)) !== undefined, { cost: traversing(0) }),
  methodOf(URL_TYPE, 'getScheme(): string', ([a]) => urlOf(a).scheme),
  methodOf(URL_TYPE, 'getHost(): string', ([a]) => urlOf(a).host),
  methodOf(URL_TYPE, 'getHostname(): string', ([a]) => hostname(urlOf(a).host)),
  methodOf(URL_TYPE, 'getPort(): string', ([a]) => portOf(urlOf(a).host)),
  methodOf(URL_TYPE, 'getEscapedPath(): string', ([a]) => escapedPath(urlOf(a).path)),
  methodOf(URL_TYPE, 'getQuery(): map(string, list(string))', ([a]) => queryOf(urlOf(a).query)),
];
