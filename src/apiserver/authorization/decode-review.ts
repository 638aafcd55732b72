import { strictDecodingError } from '#api/check-fields.ts';
import { decodeTyped, type TypedShape } from '#apiserver/decode-object.ts';
import type { ApiRequest } from '#apiserver/request.ts';
import { addWarnings, notesOf } from '#apiserver/request-notes.ts';
import { fieldValidationOf } from '#apiserver/write-options.ts';

/** A question, as its kind has it; fields that the kind does not have are refused, or the client is told, as it asked for. */
export function decodeReview<T extends object>(request: ApiRequest, shape: TypedShape): T {
  const fieldValidation = fieldValidationOf(request);
  const { value, unknown } = decodeTyped<T>(request, shape);
  if (unknown.length > 0 && fieldValidation === 'Strict') throw strictDecodingError(shape, unknown);
  if (fieldValidation === 'Warn') addWarnings(notesOf(request), unknown);
  return value;
}
