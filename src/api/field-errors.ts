import type { FieldError } from '#api/status.ts';

/** The detail of every refused change to a field that may not change. */
const IMMUTABLE = 'field is immutable';

/** `spec.replicas: Invalid value: -1: must be greater than or equal to 0`. */
export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { type: 'Invalid', field, value: value === undefined ? null : value, detail };
}

/** `spec.selector: Required value`. */
export function requiredValue(field: string, detail = ''): FieldError {
  return { type: 'Required', field, detail };
}

/** `spec.type: Unsupported value: "x": supported values: "A", "B"`. */
export function unsupportedValue(field: string, value: unknown, supported: readonly string[]): FieldError {
  const quoted = supported.map((item) => `"${item}"`).join(', ');
  return { type: 'NotSupported', field, value, detail: `supported values: ${quoted}` };
}

/** `spec.target: Not found: "x"`. */
export function notFoundValue(field: string, value: unknown): FieldError {
  return { type: 'NotFound', field, value, detail: '' };
}

/** `spec.ports: Forbidden: may not be used in this context`. */
export function forbiddenField(field: string, detail: string): FieldError {
  return { type: 'Forbidden', field, detail };
}

/** `spec.containers[1].name: Duplicate value: "a"`. */
export function duplicateValue(field: string, value: unknown): FieldError {
  return { type: 'Duplicate', field, value, detail: '' };
}

/** `metadata.annotations: Too long: may not be more than 262144 bytes`. */
export function tooLong(field: string, bytesMax: number): FieldError {
  return { type: 'TooLong', field, detail: `may not be more than ${bytesMax} bytes` };
}

/** `spec.nameservers: Too many: 4: must have at most 3 items`. */
export function tooMany(field: string, { found, max }: { found: number; max: number }): FieldError {
  return { type: 'TooMany', field, value: found, detail: `must have at most ${max} items` };
}

/** `spec.clusterIP: Invalid value: "10.0.0.2": field is immutable`. */
export function immutableField(field: string, value: unknown): FieldError {
  return invalidValue(field, value, IMMUTABLE);
}
