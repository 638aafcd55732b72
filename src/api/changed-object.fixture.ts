import { copyObject, type JsonObject, type MutableJson } from '#api/json.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { fieldErrorMessage } from '#api/status.ts';

/** A field as `spec.rules[0].host`, and what stands there in place of what was: undefined for nothing. */
export type Change = readonly [field: string, value: MutableJson | undefined];

/** A sound object, as its kind makes it of what a client sends, with the changes. */
export function changedObject<T extends KubeObject>(
  type: ResourceType<T>,
  sound: object,
  changes: readonly Change[] = [],
): T {
  const object = copyObject(sound as JsonObject);
  for (const [field, value] of changes) {
    const keys = field.split(/[.[\]]+/).filter((key) => key !== '');
    const last = keys.pop() ?? '';
    const holder = keys.reduce(
      (at, key) => (at as Record<string, MutableJson>)[key] ?? {},
      object as MutableJson,
    );
    if (value === undefined) delete (holder as Record<string, MutableJson>)[last];
    else (holder as Record<string, MutableJson>)[last] = value;
  }
  const made = object as unknown as T;
  type.applyDefaults(made);
  return made;
}

/** What is wrong with a sound object once it is changed; with `old`, as an update of what was sound. */
export function messagesOf<T extends KubeObject>(
  type: ResourceType<T>,
  sound: object,
  { changes = [], update = false }: { changes?: readonly Change[]; update?: boolean } = {},
): string[] {
  const old = update ? changedObject(type, sound) : undefined;
  return type.validate(changedObject(type, sound, changes), old).map(fieldErrorMessage);
}
