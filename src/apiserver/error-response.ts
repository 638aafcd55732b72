import { StatusError } from '#api/status.ts';
import { type ApiRequest, type ApiResponse, jsonResponse } from '#apiserver/request.ts';
import { StoreUnavailableError } from '#store/store.ts';
import type { Log } from '#system/log.ts';

/** The Status that the client sees of whatever was thrown; the log sees the cause of a 5xx. */
export function errorResponse({ method, path }: ApiRequest, error: unknown, log: Log): ApiResponse {
  const status = statusOf(error);
  if (status.code >= 500) log.error('a request failed', { method, path, error });
  const retryAfter = status.details.retryAfterSeconds;
  return jsonResponse(
    status.code,
    status.toStatus(),
    retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  );
}

/** Anything that is not meant for the client is an internal error: its text stays in the log. */
function statusOf(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof StoreUnavailableError) {
    const { retryAfterSeconds } = error;
    return new StatusError('ServiceUnavailable', `the store is not available: ${error.message}`, {
      cause: error,
      // Whoever is given a time waits for it without a word: only where waiting helps.
      ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
    });
  }
  return new StatusError('InternalError', 'an internal error occurred; the log of the server says more', {
    cause: error,
  });
}
