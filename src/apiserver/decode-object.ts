import { pruneObject } from '#api/apiextensions/prune-object.ts';
import {
  checkFields,
  duplicateFieldWarning,
  strictDecodingError,
  unknownFieldWarning,
} from '#api/check-fields.ts';
import { isJsonObject, type MutableJson, type MutableJsonObject, propertyOf } from '#api/json.ts';
import type { KubeObject } from '#api/object.ts';
import { decodeProtobuf, type ExpectedKind, isProtobuf, PROTOBUF_MEDIA_TYPE } from '#api/protobuf/decode.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import type { SchemaSet } from '#api/schema.ts';
import { METADATA_HOLDER } from '#api/schema-set.ts';
import { badRequest, StatusError } from '#api/status.ts';
import { type DecodedBody, decodeText, mediaTypeOf } from '#apiserver/decode-body.ts';
import { quoted } from '#apiserver/query-parameters.ts';
import type { ApiRequest } from '#apiserver/request.ts';

/** What becomes of unknown fields: refused, dropped with a warning, dropped. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/**
 * A body of a kind that is not stored (Binding, Eviction, Scale, DeleteOptions, …), every field of the right type; unknown
 * ones are dropped. Throws 400 on anything else. Fields that the kind requires may still be missing.
 */
export function decodeTypedBody<T extends object>(
  request: Pick<ApiRequest, 'body' | 'headers'>,
  shape: TypedShape,
): T {
  return decodeTyped<T>(request, shape).value;
}

/** Which schema a body of a kind that is not stored has. */
export interface TypedShape {
  readonly schemas: SchemaSet;
  readonly schema: string;
  readonly kind: string;
  readonly version: string;
}

/** As {@link decodeTypedBody}, with what is to be said of fields that were dropped. */
export function decodeTyped<T extends object>(
  request: Pick<ApiRequest, 'body' | 'headers'>,
  { schemas, schema, kind, version }: TypedShape,
): { value: T; dropped: readonly string[] } {
  const { value, duplicateFields } = decodeBody(request, { apiVersion: version, kind });
  if (!isJsonObject(value)) throw badRequest(`the body of the request must be a ${kind}`);
  const named = propertyOf(value, 'kind') ?? kind;
  if (named !== kind)
    throw badRequest(`a ${kind} is expected at this path, got kind ${quoted(String(named))}`);
  const unknown = checkFields(value as MutableJson, { schemas, schema: schemas.get(schema), kind, version });
  const dropped = droppedFields({ duplicate: duplicateFields, unknown });
  return { value: value as unknown as T, dropped };
}

/** Of a body unknown fields come first; those of a patch are only found once it is applied. */
function droppedFields(
  { duplicate, unknown }: { duplicate: readonly string[]; unknown: readonly string[] },
  isPatch = false,
): string[] {
  const all = [unknown.map(unknownFieldWarning), duplicate.map(duplicateFieldWarning)];
  return (isPatch ? all.toReversed() : all).flat();
}

/** What a client is told of fields that were dropped, as it asked for. Throws 400 where it asked for them to be refused. */
export function judgeDropped(
  dropped: readonly string[],
  { fieldValidation, ...kind }: { fieldValidation: FieldValidation; kind: string; version: string },
): readonly string[] {
  if (dropped.length > 0 && fieldValidation === 'Strict') throw strictDecodingError(kind, dropped);
  return fieldValidation === 'Warn' ? dropped : [];
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
 * A body (or an already `decoded` one) as an object of `type`: of the right kind, every field known and of the right
 * type, quantities and times canonical. Throws 400 on the wrong kind or type, 422 on a missing required field.
 */
export function decodeObjectBody(
  input: Pick<ApiRequest, 'body' | 'headers'> & { readonly decoded?: DecodedBody },
  {
    type,
    schemas,
    fieldValidation,
    isApplied,
  }: {
    readonly type: ResourceType;
    readonly schemas: SchemaSet;
    readonly fieldValidation: FieldValidation;
    /** See `FieldCheck.isApplied`. */
    readonly isApplied?: true;
  },
): { object: KubeObject; warnings: readonly string[] } {
  const { value, duplicateFields } = input.decoded ?? decodeKindBody(input, type);
  if (!isJsonObject(value)) {
    const got = Array.isArray(value) ? 'a list' : quoted(JSON.stringify(value) ?? 'nothing');
    throw badRequest(`the body of the request must be a ${type.kind}, got ${got}`);
  }
  const object = value as unknown as KubeObject;
  requireKind(object, type);
  const unknown = shapeObject(value as MutableJsonObject, type, { schemas, isApplied });
  const { kind, version } = type;
  const dropped = droppedFields({ duplicate: duplicateFields, unknown }, input.decoded !== undefined);
  const warnings = judgeDropped(dropped, { fieldValidation, kind, version });
  object.metadata ??= {} as KubeObject['metadata'];
  return { object, warnings };
}

function decodeKindBody(input: Pick<ApiRequest, 'body' | 'headers'>, type: ResourceType): DecodedBody {
  if (type.custom !== undefined && mediaTypeOf(input.headers['content-type']) === PROTOBUF_MEDIA_TYPE) {
    const accepted = 'application/json, application/yaml';
    throw new StatusError(
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
    );
  }
  return decodeBody(input, { apiVersion: apiVersionOf(type), kind: type.kind });
}

/** Brings a body into the shape of its kind; returns the paths of the fields that were dropped as unknown. */
function shapeObject(
  object: MutableJsonObject,
  type: ResourceType,
  { schemas, isApplied }: { readonly schemas: SchemaSet; readonly isApplied: true | undefined },
): string[] {
  const { kind, version, custom } = type;
  const applied = isApplied === undefined ? {} : { isApplied };
  if (custom === undefined)
    return checkFields(object, { schemas, schema: schemas.get(type.schema), kind, version, ...applied });
  // Of a custom kind only the metadata has a fixed form: what is wrong elsewhere is for validation to say.
  const holder: MutableJsonObject = { metadata: object.metadata ?? {} };
  const unknown = checkFields(holder, { schemas, schema: METADATA_HOLDER, kind, version, ...applied });
  if (object.metadata !== undefined) object.metadata = holder.metadata ?? {};
  // What an apply has beside the schema is for the apply to refuse.
  return isApplied === true ? unknown : [...unknown, ...pruneObject(object, custom.schema)];
}

/** apiVersion and kind may be left out, but not be those of another kind. */
function requireKind(object: KubeObject, type: ResourceType): void {
  const apiVersion = apiVersionOf(type);
  if ((object.kind ?? type.kind) === type.kind && (object.apiVersion ?? apiVersion) === apiVersion) return;
  const got = quoted(`${object.apiVersion ?? apiVersion} ${object.kind ?? type.kind}`);
  throw badRequest(
    `the object provided is a ${got}, but ${apiVersion} ${type.kind} is expected at this path`,
  );
}
