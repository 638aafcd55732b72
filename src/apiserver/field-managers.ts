import { createdManagersText } from '#api/apply-created-fields.ts';
import { type FieldSet, fieldSetOfNames } from '#api/apply-field-set.ts';
import { recordUpdate } from '#api/apply-record.ts';
import type { JsonObject } from '#api/json.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { timestamp } from '#system/clock.ts';

/** A write whose owner of fields is to be noted. */
export interface ManagedWrite {
  readonly before: KubeObject | undefined;
  readonly after: KubeObject;
  readonly fieldManager: string;
  readonly subresource: string | undefined;
}

/** What a write to the main resource leaves alone, and what one to `status` does. */
const STATUS_FIELDS = fieldSetOfNames([['status']]);
const SPEC_FIELDS = fieldSetOfNames([['spec']]);

/** Fields that the endpoint resets, so that nobody comes to own them by it. */
export function resetFields(
  type: ResourceType,
  subresource: string | undefined,
): { ignored: FieldSet } | Record<string, never> {
  if (!type.subresources.includes('status')) return {};
  return { ignored: subresource === 'status' ? SPEC_FIELDS : STATUS_FIELDS };
}

/**
 * Notes who owns the fields of a new object. Returns `metadata.managedFields` as JSON text, for {@link encodeObject}, where
 * the client sent none; the object then holds them, too, but reads them out of the text only when somebody looks.
 */
export function recordCreator(
  context: RestContext,
  type: ResourceType,
  { object, fieldManager }: { object: KubeObject; fieldManager: string },
): string | undefined {
  const { metadata } = object;
  if (metadata.managedFields !== undefined) {
    recordManager(context, type, { before: undefined, after: object, fieldManager, subresource: undefined });
    return undefined;
  }
  const text = createdManagersText(object as unknown as JsonObject, {
    manager: fieldManager,
    time: timestamp(context.clock.now()),
    schema: context.schemas.get(type.schema),
    schemas: context.schemas,
    ignored: type.subresources.includes('status') ? ['status'] : [],
  });
  if (text !== undefined) {
    Object.defineProperty(metadata, 'managedFields', {
      get: () => JSON.parse(text) as unknown[],
      enumerable: true,
      configurable: true,
    });
  }
  return text;
}

/** Writes into `metadata.managedFields` of `after` what this manager changed. */
export function recordManager(context: RestContext, type: ResourceType, write: ManagedWrite): void {
  const managedFields = recordUpdate({
    before: write.before as JsonObject | undefined,
    after: write.after as unknown as JsonObject,
    manager: write.fieldManager,
    subresource: write.subresource ?? '',
    time: timestamp(context.clock.now()),
    schema: context.schemas.get(type.schema),
    schemas: context.schemas,
    ...resetFields(type, write.subresource),
  });
  if (managedFields === undefined) delete write.after.metadata.managedFields;
  else write.after.metadata.managedFields = managedFields;
}
