import type { ResourceType } from '#api/resource.ts';
import { chooseRepresentation, type Representation } from '#apiserver/accept.ts';
import { representBytes, withoutManagedFields } from '#apiserver/object-bytes.ts';
import { type ApiRequest, type ApiResponse, bytesResponse } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { includeObjectOf } from '#apiserver/rest-list.ts';
import { decodeObject } from '#apiserver/stored-object.ts';
import { type IncludeObject, tableOf } from '#apiserver/table.ts';
import type { Entry } from '#store/store.ts';

/** In which shape the client wants an object. To be read before anything is written: what cannot be answered is refused. */
export interface AnswerShape {
  readonly representation: Representation;
  readonly include: IncludeObject;
}

/** Throws 406 where no shape fits, 400 on a wrong `includeObject`. */
export function answerShapeOf({ headers, query }: ApiRequest): AnswerShape {
  return { representation: chooseRepresentation(headers.accept), include: includeObjectOf(query) };
}

/** One object in the shape that the client wants. */
export function objectResponse(
  context: RestContext,
  type: ResourceType,
  answer: AnswerShape & {
    readonly entry: Entry;
    readonly status: number;
    readonly headers?: Record<string, string>;
  },
): ApiResponse {
  const { representation, include, entry, status, headers } = answer;
  const { shape, omitsManagedFields } = representation;
  if (shape !== 'table')
    return bytesResponse(status, [representBytes(entry.value, { shape, omitsManagedFields })], headers);
  const chunks = tableOf(type, [entry.value], {
    nowMs: context.clock.now(),
    include,
    metadata: { resourceVersion: decodeObject(withoutManagedFields(entry.value)).metadata.resourceVersion },
  });
  return bytesResponse(status, chunks, headers);
}
