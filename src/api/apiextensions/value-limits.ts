import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { hasFormat } from '#api/apiextensions/text-format.ts';
import { tooLong, tooMany } from '#api/field-errors.ts';
import { compilePattern } from '#api/regular-expression.ts';
import type { FieldError } from '#api/status.ts';

/** The length, pattern and format of a text. As in Kubernetes, only the first fault among length and pattern is told. */
export function checkText(value: string, schema: JSONSchemaProps, path: string): FieldError[] {
  return [...checkLength(value, schema, path), ...checkFormat(value, schema, path)];
}

function checkLength(value: string, schema: JSONSchemaProps, path: string): FieldError[] {
  const { maxLength, minLength, pattern } = schema;
  const chars = maxLength === undefined && minLength === undefined ? 0 : charsOf(value);
  if (maxLength !== undefined && chars > maxLength) return [tooLong(path, maxLength)];
  if (minLength !== undefined && chars < minLength)
    return [wrong(path, value, `should be at least ${minLength} chars long`)];
  if (pattern === undefined || pattern === '') return [];
  const expression = compilePattern(pattern);
  if (typeof expression === 'string') return [wrong(path, value, `should match '${pattern}'`)];
  return expression.test(value) ? [] : [wrong(path, value, `should match '${pattern}'`)];
}

/** Unicode code points. */
function charsOf(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function checkFormat(value: string, { format, type }: JSONSchemaProps, path: string): FieldError[] {
  const isOfTexts = type === undefined || type === '' || type === 'string';
  if (format === undefined || format === '' || !isOfTexts || hasFormat(value, format)) return [];
  const detail = `${path} in body must be of type ${format}: ${JSON.stringify(value)}`;
  return [{ type: 'TypeInvalid', field: path, value, detail }];
}

/** The bounds of a number. */
export function checkNumber(value: number, schema: JSONSchemaProps, path: string): FieldError[] {
  const { exclusiveMaximum, exclusiveMinimum } = schema;
  // A whole number is held against whole bounds: so do Kubernetes' servers.
  const bound = Number.isInteger(value) ? wholeOf : (limit: number | undefined): number | undefined => limit;
  const [multipleOf, maximum, minimum] = [schema.multipleOf, schema.maximum, schema.minimum].map(bound);
  const errors: FieldError[] = [];
  if (multipleOf !== undefined && multipleOf <= 0) {
    const detail = `factor MultipleOf declared for ${path} must be positive: ${multipleOf}`;
    errors.push({ type: 'Invalid', field: path, value: multipleOf, detail });
  } else if (multipleOf !== undefined && !isMultiple(value, multipleOf))
    errors.push(wrong(path, value, `should be a multiple of ${multipleOf}`));
  if (maximum !== undefined && (exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    const below = exclusiveMaximum === true ? 'less than' : 'less than or equal to';
    errors.push(wrong(path, value, `should be ${below} ${maximum}`));
  }
  if (minimum !== undefined && (exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    const above = exclusiveMinimum === true ? 'greater than' : 'greater than or equal to';
    errors.push(wrong(path, value, `should be ${above} ${minimum}`));
  }
  return errors;
}

function wholeOf(limit: number | undefined): number | undefined {
  return limit === undefined ? undefined : Math.trunc(limit);
}

/** How far a quotient may be from a whole number where fractions are divided: what binary fractions make of decimal ones. */
const QUOTIENT_TOLERANCE = 1e-9;

function isMultiple(value: number, factor: number): boolean {
  if (factor <= 0) return false;
  if (Number.isInteger(value) && Number.isInteger(factor)) return value % factor === 0;
  const quotient = value / factor;
  return Math.abs(quotient - Math.round(quotient)) < QUOTIENT_TOLERANCE;
}

/** How many items or properties there may be. */
export function checkSize(
  size: number,
  schema: JSONSchemaProps,
  { path, unit }: { readonly path: string; readonly unit: 'items' | 'properties' },
): FieldError[] {
  const [min, max] =
    unit === 'items' ? [schema.minItems, schema.maxItems] : [schema.minProperties, schema.maxProperties];
  const field = path === '' ? '<nil>' : path;
  return [
    ...(min !== undefined && size < min
      ? [{ ...wrong(path, size, `should have at least ${min} ${unit}`), field }]
      : []),
    ...(max !== undefined && size > max ? [tooMany(field, { found: size, max })] : []),
  ];
}

function wrong(path: string, value: unknown, what: string): FieldError {
  return { type: 'Invalid', field: path, value, detail: `${path} in body ${what}` };
}
