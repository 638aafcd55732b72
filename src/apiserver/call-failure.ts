/** An error of Node.js, as far as it says what went wrong with a connection. */
interface ConnectionError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  /** Of a certificate for other names. */
  readonly cert?: { readonly subjectaltname?: string };
  readonly host?: string;
}

const DIAL_FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'connect: connection timed out',
};

const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

/**
 * Why another server could not be reached, in the words in which kube-apiserver tells it (Go's net, tls and x509):
 * people and programs look for these. What has no such words is told as it is.
 */
export function describeConnectionError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Several addresses of a name were tried: the first one's failure is told.
  if (error instanceof AggregateError && error.errors.length > 0)
    return describeConnectionError(error.errors[0]);
  const { code = '', address = '', port, hostname, message } = error as ConnectionError;
  const dialled = DIAL_FAILURES[code];
  if (dialled !== undefined && port !== undefined)
    return `dial tcp ${address.includes(':') ? `[${address}]` : address}:${port}: ${dialled}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `dial tcp: lookup ${hostname ?? 'the host'}: no such host`;
  if (code === 'ECONNRESET' && message === 'socket hang up') return 'EOF';
  if (code === 'ECONNRESET') return 'read: connection reset by peer';
  if (code === 'EPROTO' && message.includes('wrong version number'))
    return 'http: server gave HTTP response to HTTPS client';
  const distrust = describeDistrust(error);
  return distrust === undefined ? message : `tls: failed to verify certificate: x509: ${distrust}`;
}

function describeDistrust(error: ConnectionError): string | undefined {
  const { code = '', cert, host = '' } = error;
  if (UNTRUSTED.has(code)) return 'certificate signed by unknown authority';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return 'certificate has expired or is not yet valid';
  if (code !== 'ERR_TLS_CERT_ALTNAME_INVALID') return undefined;
  const names = (cert?.subjectaltname ?? '').split(', ');
  const ofType = (type: string): string[] =>
    names.filter((name) => name.startsWith(type)).map((name) => name.slice(type.length));
  const isAddress = host.includes(':') || /^[\d.]+$/u.test(host);
  const wanted = ofType(isAddress ? 'IP Address:' : 'DNS:');
  if (wanted.length > 0) return `certificate is valid for ${wanted.join(', ')}, not ${host}`;
  return isAddress
    ? `cannot validate certificate for ${host} because it doesn't contain any IP SANs`
    : `certificate is not valid for any names, but wanted to match ${host}`;
}

/** What an answer to a POST that is no success means, by its code: kube-apiserver's own words. */
const ANSWERS: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

/** Codes whose answers say themselves what is wrong. */
const SELF_EXPLAINED = new Set([403, 406, 415]);

/** The most of an answer that a message shows, in characters. */
const SHOWN_CHARS_MAX = 200;

/** What the answer of another server means that is no success: the message of its Status where it sent one. */
export function describeAnswer({ status, text }: { readonly status: number; readonly text: string }): string {
  const told = statusMessageOf(text);
  if (told !== undefined) return told;
  const said = text.trim().slice(0, SHOWN_CHARS_MAX) || 'unknown';
  if (SELF_EXPLAINED.has(status)) return said;
  const known = ANSWERS[status];
  if (known !== undefined) return known;
  return status >= 500
    ? `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`
    : `the server responded with the status code ${status} but did not return more details`;
}

function statusMessageOf(text: string): string | undefined {
  try {
    const parsed = JSON.parse(text) as { kind?: unknown; status?: unknown; message?: unknown } | null;
    const isFailure = parsed?.kind === 'Status' && parsed.status === 'Failure';
    return isFailure && typeof parsed.message === 'string' ? parsed.message : undefined;
  } catch {
    // It is no JSON, and so no Status.
    return undefined;
  }
}
