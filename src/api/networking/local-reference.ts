import { checkName, checkRequiredName } from '#api/field-checks.ts';
import { pathSegmentErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** What is wrong with a reference to an object of any kind: an ingress' backend, a class' parameters. */
export function checkTypedReference(
  field: string,
  { apiGroup, kind, name }: { apiGroup?: string; kind: string; name: string },
): FieldError[] {
  return [
    ...checkName(`${field}.apiGroup`, apiGroup, subdomainNameErrors),
    ...checkRequiredName(`${field}.kind`, kind, pathSegmentErrors, 'kind is required'),
    ...checkRequiredName(`${field}.name`, name, pathSegmentErrors, 'name is required'),
  ];
}
