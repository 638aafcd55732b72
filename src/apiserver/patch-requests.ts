import { withoutManagers } from '#api/apply-record.ts';
import { invalidValue } from '#api/field-errors.ts';
import { isJsonObject, type JsonObject } from '#api/json.ts';
import type { KubeObject } from '#api/object.ts';
import { invalid, isStatus } from '#api/status.ts';
import { applyServerSideTo } from '#apiserver/apply.ts';
import { type DecodedBody, mediaTypeOf } from '#apiserver/decode-body.ts';
import { decodeObjectBody } from '#apiserver/decode-object.ts';
import { answerShapeOf, objectResponse } from '#apiserver/object-response.ts';
import { applyPatch, decodePatch, type PatchKind, patchKindOf } from '#apiserver/patch.ts';
import type { ApiResponse } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { updateObject } from '#apiserver/rest-update.ts';
import type { AllowedRequest, NamedRequest } from '#apiserver/verbs.ts';
import {
  assertNotForced,
  fieldValidationOf,
  isForced,
  warningHeaders,
  writeRequestOf,
} from '#apiserver/write-options.ts';

/** `PATCH` of an object or its status, in any of the four forms. */
export async function servePatch(
  context: RestContext,
  call: AllowedRequest & NamedRequest,
): Promise<ApiResponse> {
  const { request } = call;
  const kind = patchKindOf(mediaTypeOf(request.headers['content-type']), call.type);
  const body = decodePatch(request.body, kind);
  return kind === 'apply'
    ? servePatchByApply(context, call, body)
    : servePlainPatch(context, call, { kind, body });
}

async function servePlainPatch(
  context: RestContext,
  call: NamedRequest,
  { kind, body }: { kind: Exclude<PatchKind, 'apply'>; body: DecodedBody },
): Promise<ApiResponse> {
  const { request, info, type, name } = call;
  const { schemas } = context;
  const shape = answerShapeOf(request);
  assertNotForced(request);
  const fieldValidation = fieldValidationOf(request);
  let warnings: readonly string[] = [];
  const entry = await updateObject(context, type, {
    ...writeRequestOf(call),
    namespace: info.namespace,
    name,
    subresource: info.subresource,
    keepsCurrent: true,
    change: (current): KubeObject => {
      const { managedFields } = current.metadata;
      const isAside = managedFields !== undefined && leavesManagers({ kind, body });
      const plain = current as unknown as JsonObject;
      const target = isAside ? (withoutManagers(plain) as unknown as KubeObject) : current;
      const value = applyPatch(target, { kind, body: body.value }, { type, schemas });
      const decoded = { value, duplicateFields: body.duplicateFields };
      const checked = invalidPatch(kind === 'strategic' ? body.value : value, () =>
        decodeObjectBody({ ...request, decoded }, { type, schemas, fieldValidation }),
      );
      warnings = checked.warnings;
      if (isAside) checked.object.metadata.managedFields = managedFields;
      return checked.object;
    },
  });
  return objectResponse(context, type, { ...shape, entry, status: 200, headers: warningHeaders(warnings) });
}

/** 422 where what a patch makes is no object of its kind; `shown` is what to show of it. */
function invalidPatch<T>(shown: unknown, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!isStatus(error, 'BadRequest')) throw error;
    throw invalid({ kind: '', group: '', name: '' }, [
      invalidValue('patch', JSON.stringify(shown), error.message),
    ]);
  }
}

/** Whether a patch says nothing of `managedFields`, often the larger half of an object: they need not be copied then. */
function leavesManagers({ kind, body }: { kind: PatchKind; body: DecodedBody }): boolean {
  if (kind !== 'merge' && kind !== 'strategic') return false;
  const patch = body.value;
  if (!isJsonObject(patch) || Object.hasOwn(patch, '$patch')) return false;
  const { metadata } = patch;
  if (metadata === undefined) return true;
  return (
    isJsonObject(metadata) &&
    !Object.keys(metadata).some((key) => key === 'managedFields' || key.startsWith('$'))
  );
}

async function servePatchByApply(
  context: RestContext,
  call: AllowedRequest & NamedRequest,
  decoded: DecodedBody,
): Promise<ApiResponse> {
  const { request, info, type, name } = call;
  const shape = answerShapeOf(request);
  const force = isForced(request);
  const { object, warnings } = decodeObjectBody(
    { ...request, decoded },
    { type, schemas: context.schemas, fieldValidation: fieldValidationOf(request), isApplied: true },
  );
  const { entry, created } = await applyServerSideTo(context, type, {
    ...writeRequestOf(call),
    namespace: info.namespace,
    name,
    subresource: info.subresource,
    applied: object,
    force,
    assertMayCreate: call.assertMayCreate,
  });
  const status = created ? 201 : 200;
  return objectResponse(context, type, { ...shape, entry, status, headers: warningHeaders(warnings) });
}
