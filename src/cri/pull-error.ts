import { ImagePullError } from '#cri/runtime.ts';
import { GrpcError } from '#system/grpc.ts';

/** What containerd's resolver says when a registry answers that there is no such image. */
const NOT_FOUND = /\bnot found\b|manifest unknown|name unknown|\b404\b/iu;

/** …that it may not be had: by the credentials, or by a policy of the mirror. */
const REFUSED =
  /\b(?:401|403)\b|unauthori[sz]ed|authorization failed|access denied|\bforbidden\b|\bdenied\b|invalid reference/iu;

/** The longest part of a registry's own words that is passed on, in characters. */
const DETAIL_CHARS_MAX = 300;

/**
 * What went wrong with a pull, as a sentence and a reason. Order matters: Docker Hub says "pull access denied" with
 * "authorization failed" for a repository that does not exist, and a name that does not resolve ("no such host") is a
 * network that is away, not an image that is missing.
 */
export function imagePullError(image: string, error: unknown): ImagePullError {
  const text = error instanceof Error ? error.message : String(error);
  const detail = innermost(text);
  const code = error instanceof GrpcError ? error.code : 'UNKNOWN';
  if (
    REFUSED.test(text) ||
    code === 'PERMISSION_DENIED' ||
    code === 'UNAUTHENTICATED' ||
    code === 'INVALID_ARGUMENT'
  ) {
    return new ImagePullError(`image "${image}" may not be pulled: ${detail}`, {
      reason: 'refused',
      cause: error,
    });
  }
  if (code === 'NOT_FOUND' || NOT_FOUND.test(text)) {
    return new ImagePullError(`image "${image}" was not found: ${detail}`, {
      reason: 'notFound',
      cause: error,
    });
  }
  return new ImagePullError(`image "${image}" could not be fetched now: ${detail}`, {
    reason: 'unavailable',
    cause: error,
  });
}

/** containerd wraps each failure in what it was doing; what matters comes last. */
function innermost(text: string): string {
  const detail = text
    .replace(/^.*?failed to (?:pull and unpack|pull) image "[^"]*": /u, '')
    .replace(/^failed to (?:resolve reference|copy|fetch)(?: "[^"]*")?: /u, '')
    .replace(/^failed to do request: /u, '');
  return detail.length > DETAIL_CHARS_MAX ? `${detail.slice(0, DETAIL_CHARS_MAX)}…` : detail;
}
