import type { CustomResourceDefinition } from '#api/apiextensions/custom-resource-definition.ts';

/** Whether the names of a definition have been accepted, so that its kinds are served. It stays so. */
export function isEstablished({ status }: CustomResourceDefinition): boolean {
  return status?.conditions?.some((each) => each.type === 'Established' && each.status === 'True') === true;
}
