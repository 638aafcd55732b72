import { checkFields } from '#api/check-fields.ts';
import { copyJson, type MutableJson } from '#api/json.ts';
import { validateMetadata } from '#api/metadata.ts';
import type { Json, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';
import { fieldErrorMessage, StatusError } from '#api/status.ts';

/**
 * Why a site would refuse a manifest, in one sentence; undefined where it would take it. An application that no site can
 * apply is better refused where it is written.
 */
export function manifestFault(
  manifest: KubeObject,
  type: ResourceType,
  namespace: string,
): string | undefined {
  const object = copyJson(manifest as unknown as Json) as unknown as KubeObject;
  const { kind, version } = type;
  try {
    const check = { schemas: BUILTIN_SCHEMAS, schema: BUILTIN_SCHEMAS.get(type.schema), kind, version };
    const [unknown] = checkFields(object as unknown as MutableJson, check);
    if (unknown !== undefined) return `unknown field "${unknown}"`;
  } catch (error) {
    if (error instanceof StatusError) return error.message;
    throw error;
  }
  object.metadata.namespace = namespace;
  type.applyDefaults(object);
  type.prepare?.(object, undefined);
  const errors = [...validateMetadata(object.metadata, type), ...type.validate(object, undefined)];
  return errors.length === 0 ? undefined : errors.map(fieldErrorMessage).join('; ');
}
