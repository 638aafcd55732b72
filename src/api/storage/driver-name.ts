import { checkName, checkPresent } from '#api/field-checks.ts';
import { invalidValue, tooLong } from '#api/field-errors.ts';
import { subdomainNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** The longest name of a CSI driver, in bytes; a longer one is refused. */
const DRIVER_NAME_BYTES_MAX = 63;

/** The name of a CSI driver: an RFC 1123 subdomain, whatever its case. */
export function checkDriverName(field: string, name: string): FieldError[] {
  return [
    ...checkPresent(field, name),
    ...(name.length > DRIVER_NAME_BYTES_MAX ? [tooLong(field, DRIVER_NAME_BYTES_MAX)] : []),
    ...checkName(field, name.toLowerCase(), subdomainNameErrors).map(({ detail }) =>
      invalidValue(field, name, detail),
    ),
  ];
}
