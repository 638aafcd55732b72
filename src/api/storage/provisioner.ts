/** What classes of volumes have in common: who makes the volumes, and what it is told. */

import { checkRequiredName } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, tooLong } from '#api/field-errors.ts';
import { equalJson } from '#api/json.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import type { Json } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

/** The most parameters of a class; more are refused. */
const PARAMETERS_MAX = 512;
/** The most that keys and values of parameters may have together, in bytes; more is refused. */
const PARAMETERS_BYTES_MAX = 256 * 1024;

const encoder = new TextEncoder();

/** A qualified name, whatever its case. */
export function checkProvisioner(field: string, provisioner: string): FieldError[] {
  return checkRequiredName(field, provisioner.toLowerCase(), qualifiedNameErrors);
}

/** What the provisioner is told. */
export function checkParameters(field: string, parameters: Readonly<Record<string, string>>): FieldError[] {
  const entries = Object.entries(parameters);
  if (entries.length > PARAMETERS_MAX) return [tooLong(field, PARAMETERS_MAX)];
  const bytes = entries.reduce((sum, entry) => sum + encoder.encode(entry.join('')).length, 0);
  return [
    ...(Object.hasOwn(parameters, '') ? [invalidValue(field, '', 'field can not be empty.')] : []),
    ...(bytes > PARAMETERS_BYTES_MAX ? [tooLong(field, PARAMETERS_BYTES_MAX)] : []),
  ];
}

/** As it was. */
export function checkFixed(field: string, value: unknown, old: unknown): FieldError[] {
  return equalJson(value as Json | undefined, old as Json | undefined)
    ? []
    : [forbiddenField(field, `updates to ${field} are forbidden.`)];
}
