import {
  checkFields,
  duplicateFieldWarning,
  strictDecodingError,
  unknownFieldWarning,
} from '#api/check-fields.ts';
import type { MutableJson } from '#api/json.ts';
import type { KubeObject } from '#api/object.ts';
import { decodeProtobuf, type ExpectedKind, isProtobuf, PROTOBUF_MEDIA_TYPE } from '#api/protobuf/decode.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import type { SchemaSet } from '#api/schema.ts';
import { badRequest } from '#api/status.ts';
import { type DecodedBody, decodeText, mediaTypeOf } from '#apiserver/decode-body.ts';
import type { ApiRequest } from '#apiserver/request.ts';

/** What becomes of unknown fields: refused, dropped with a warning, dropped. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** As {@link decodeBody}, for bodies of which only the value matters. */
export function decodeBodyValue(
  request: Pick<ApiRequest, 'body' | 'headers'>,
  expected?: ExpectedKind,
): unknown {
  return decodeBody(request, expected).value;
}

/** A body as a value, whichever of JSON, YAML and Kubernetes Protobuf it is in. */
function decodeBody(
  request: Pick<ApiRequest, 'body' | 'headers'>,
  expected: ExpectedKind | undefined,
): DecodedBody {
  const mediaType = mediaTypeOf(request.headers['content-type']);
  if (mediaType === PROTOBUF_MEDIA_TYPE || isProtobuf(request.body))
    return { value: decodeProtobuf(request.body, expected), duplicateFields: [] };
  return decodeText(request.body, mediaType);
}

/**
 * A body (or an already decoded `value`) as an object of `type`: of the right kind, every field known and of the right
 * type, quantities and times canonical. Throws 400 on the wrong kind or type, 422 on a missing required field.
 */
export function decodeObjectBody(
  input: Pick<ApiRequest, 'body' | 'headers'> & { readonly value?: unknown },
  {
    type,
    schemas,
    fieldValidation,
  }: { type: ResourceType; schemas: SchemaSet; fieldValidation: FieldValidation },
): { object: KubeObject; warnings: readonly string[] } {
  const { value, duplicateFields } =
    input.value === undefined
      ? decodeBody(input, { apiVersion: apiVersionOf(type), kind: type.kind })
      : { value: input.value, duplicateFields: [] };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest(
      `the body of the request must be a ${type.kind}, got ${Array.isArray(value) ? 'a list' : JSON.stringify(value)}`,
    );
  }
  const object = value as KubeObject;
  requireKind(object, type);
  const { kind, version } = type;
  const unknown = checkFields(value as MutableJson, {
    schemas,
    schema: schemas.get(type.schema),
    kind,
    version,
  });
  const wrong = [...duplicateFields.map(duplicateFieldWarning), ...unknown.map(unknownFieldWarning)];
  if (wrong.length > 0 && fieldValidation === 'Strict') throw strictDecodingError(type, wrong);
  object.metadata ??= {} as KubeObject['metadata'];
  return { object, warnings: fieldValidation === 'Warn' ? wrong : [] };
}

/** apiVersion and kind may be left out, but not be those of another kind. */
function requireKind(object: KubeObject, type: ResourceType): void {
  const apiVersion = apiVersionOf(type);
  if ((object.kind ?? type.kind) === type.kind && (object.apiVersion ?? apiVersion) === apiVersion) return;
  throw badRequest(
    `the object provided is a ${object.apiVersion ?? apiVersion} ${object.kind ?? type.kind}, but ${apiVersion} ${type.kind} is expected at this path`,
  );
}
