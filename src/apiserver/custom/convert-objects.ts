import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** The objects in another version of their kind: of the same fields, where the definition names no webhook. */
export async function convertObjects(
  objects: readonly KubeObject[],
  _type: ResourceType,
  apiVersion: string,
): Promise<KubeObject[]> {
  return objects.map((object) => ({ ...object, apiVersion }));
}
