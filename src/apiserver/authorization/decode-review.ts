import { assertWholeObject } from '#apiserver/accept.ts';
import { decodeTyped, judgeDropped, type TypedShape } from '#apiserver/decode-object.ts';
import type { ApiRequest } from '#apiserver/request.ts';
import { addWarnings, notesOf } from '#apiserver/request-notes.ts';
import { fieldValidationOf } from '#apiserver/write-options.ts';

/** A question, as its kind has it; fields that the kind does not have are refused, or the client is told, as it asked for. */
export function decodeReview<T extends object>(request: ApiRequest, shape: TypedShape): T {
  assertWholeObject(request.headers.accept);
  const fieldValidation = fieldValidationOf(request);
  const { value, dropped } = decodeTyped<T>(request, shape);
  const { kind, version } = shape;
  addWarnings(notesOf(request), judgeDropped(dropped, { fieldValidation, kind, version }));
  return value;
}
