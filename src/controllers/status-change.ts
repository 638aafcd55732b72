import { equalJson } from '#api/json.ts';
import type { Json, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { Action } from '#reconcile/controller.ts';

/**
 * The status write that makes an object's status `status`: none where it is that already, so that a controller does not
 * chase its own writes. Fields that are undefined in `status` are removed; lists are replaced whole.
 */
export function statusChange<T extends KubeObject & { status?: object }>(
  resource: ResourceType<T>,
  object: T,
  { status, why }: { status: NonNullable<T['status']>; why: string },
): Action[] {
  const patch = changedFields(object.status ?? {}, status);
  if (patch === undefined) return [];
  const { name, namespace } = object.metadata;
  return [{ type: 'patchStatus', resource, name: { namespace, name }, patch: { status: patch }, why }];
}

/** The merge patch from one object to another, top level fields only; undefined where they are equal. */
export function changedFields(from: object, to: object): Record<string, Json> | undefined {
  const old = from as Record<string, Json | undefined>;
  const wanted = to as Record<string, Json | undefined>;
  const patch: Record<string, Json> = {};
  for (const key of new Set([...Object.keys(old), ...Object.keys(wanted)])) {
    if (!equalJson(old[key], wanted[key])) patch[key] = replacement(old[key], wanted[key]);
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** What a merge patch must hold for a field to become `wanted`: objects are merged, hence their lost keys are named. */
function replacement(old: Json | undefined, wanted: Json | undefined): Json {
  if (wanted === undefined) return null;
  if (!isRecord(old) || !isRecord(wanted)) return wanted;
  return changedFields(old, wanted) ?? {};
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields that are neither undefined nor 0: as the API writes the counts of a status. */
export function presentFields<T extends object>(
  fields: { readonly [K in keyof T]?: T[K] | undefined },
): Partial<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== 0),
  ) as Partial<T>;
}
