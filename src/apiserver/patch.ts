import type { Json, KubeObject } from '#api/object.ts';
import { applyJsonPatch } from '#api/patch-json.ts';
import { applyMergePatch } from '#api/patch-merge.ts';
import { applyStrategicPatch } from '#api/patch-strategic.ts';
import type { ResourceType } from '#api/resource.ts';
import type { SchemaSet } from '#api/schema.ts';
import { badRequest, StatusError } from '#api/status.ts';
import { type DecodedBody, decodeJson, decodeJsonOrYaml } from '#apiserver/decode-body.ts';
import { unreachable } from '#system/assert.ts';

/** The ways in which a PATCH body is read, by its media type. */
export type PatchKind = 'json' | 'merge' | 'strategic' | 'apply';

const PATCH_KINDS: Readonly<Record<string, PatchKind>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/**
 * The kind of a patch; throws 415 where the media type is none that the kind of object takes: custom objects, whose schemas
 * say nothing of it, take no strategic merge patch.
 */
export function patchKindOf(mediaType: string, type: Pick<ResourceType, 'custom'>): PatchKind {
  const kind = Object.hasOwn(PATCH_KINDS, mediaType) ? PATCH_KINDS[mediaType] : undefined;
  const isTaken = (each: PatchKind): boolean => each !== 'strategic' || type.custom === undefined;
  if (kind !== undefined && isTaken(kind)) return kind;
  const accepted = Object.entries(PATCH_KINDS)
    .flatMap(([name, each]) => (isTaken(each) ? [name] : []))
    .join(', ');
  throw new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}

export interface PatchContext {
  readonly type: ResourceType;
  readonly schemas: SchemaSet;
}

/** The object that a patch makes of `current`, which stays as it is. */
export function applyPatch(
  current: KubeObject,
  patch: { readonly kind: Exclude<PatchKind, 'apply'>; readonly body: unknown },
  { type, schemas }: PatchContext,
): KubeObject {
  const target = current as unknown as { readonly [key: string]: Json };
  const body = patch.body as Json;
  switch (patch.kind) {
    case 'json':
      return requireObject(applyJsonPatch(target, body));
    case 'merge':
      return requireObject(applyMergePatch(target, body));
    case 'strategic':
      return requireObject(applyStrategicPatch(target, body, { schema: schemas.get(type.schema), schemas }));
    default:
      return unreachable(patch.kind);
  }
}

/** A patch body as a value. */
export function decodePatch(body: Uint8Array, kind: PatchKind): DecodedBody {
  return kind === 'apply' ? decodeJsonOrYaml(body) : decodeJson(body);
}

function requireObject(value: unknown): KubeObject {
  const object = value as KubeObject | null;
  if (
    typeof object === 'object' &&
    object !== null &&
    (object.metadata === undefined || typeof object.metadata === 'object')
  )
    return object;
  throw badRequest('the patch leaves no object');
}
