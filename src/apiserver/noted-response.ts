import type { ApiResponse } from '#apiserver/request.ts';
import { fittingWarnings, type RequestNotes } from '#apiserver/request-notes.ts';
import { warningHeaders } from '#apiserver/write-options.ts';

/** An answer, also a refusal, with what plugins had to say beside it, and where it was queued. */
export function withNotes(response: ApiResponse, notes: RequestNotes): ApiResponse {
  const { warning } = notes.warnings === undefined ? {} : warningHeaders(fittingWarnings(notes));
  const { flow } = notes;
  if (warning === undefined && flow === undefined) return response;
  const earlier = response.headers.warning;
  const all =
    earlier === undefined || warning === undefined ? (warning ?? earlier) : `${earlier}, ${warning}`;
  return {
    ...response,
    headers: {
      ...response.headers,
      ...(all === undefined ? {} : { warning: all }),
      ...(flow === undefined
        ? {}
        : {
            'x-kubernetes-pf-flowschema-uid': flow.schemaUid,
            'x-kubernetes-pf-prioritylevel-uid': flow.levelUid,
          }),
    },
  };
}
