import type { ResourceType } from '#api/resource.ts';
import { chooseRepresentation, type Representation } from '#apiserver/accept.ts';
import { type ApiRequest, type ApiResponse, bytesResponse, jsonResponse } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { includeObjectOf } from '#apiserver/rest-list.ts';
import { decodeObject } from '#apiserver/stored-object.ts';
import { type IncludeObject, toPartialMetadata, toTable } from '#apiserver/table.ts';
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
  if (representation === 'object') return bytesResponse(status, [entry.value], headers);
  const object = decodeObject(entry.value);
  if (representation === 'partialMetadata') return jsonResponse(status, toPartialMetadata(object), headers);
  const metadata = { resourceVersion: object.metadata.resourceVersion };
  return jsonResponse(
    status,
    toTable(type, [object], { nowMs: context.clock.now(), include, metadata }),
    headers,
  );
}
