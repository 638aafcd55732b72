import { type FieldTerm, parseFieldSelector } from '#api/field-selector.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { parseLabelSelector } from '#api/selector-parse.ts';
import { badRequest, type StatusError } from '#api/status.ts';
import { withoutManagedFields } from '#apiserver/object-bytes.ts';
import { decodeObject } from '#apiserver/stored-object.ts';

/** What the label and field selectors of a query ask for. */
export interface Selection {
  /** Whether an object is selected. */
  readonly matches: (object: KubeObject) => boolean;
  /** False only where the object in these stored bytes cannot be selected: saves decoding most of what is not. */
  readonly mayMatch: (value: Uint8Array) => boolean;
}

/** Stored bytes as what a selection looks at: an object without its `managedFields`. */
export function decodeSelectable(value: Uint8Array): KubeObject {
  return decodeObject(withoutManagedFields(value));
}

/** Whether the object in stored bytes is selected. */
export function isSelected({ mayMatch, matches }: Selection, value: Uint8Array): boolean {
  return mayMatch(value) && matches(decodeSelectable(value));
}

/** The selection that a query asks for; undefined where it takes every object. Throws 400 on a selector that cannot be read. */
export function selectionOf(query: URLSearchParams, type: ResourceType): Selection | undefined {
  const labelText = query.get('labelSelector') ?? '';
  const fieldText = query.get('fieldSelector') ?? '';
  if (labelText === '' && fieldText === '') return undefined;
  const labels = parseLabelSelector(labelText);
  const fields = fieldSelection(fieldText, type);
  return {
    matches: (object) => labels.matches(object.metadata.labels ?? {}) && fields.matches(object),
    mayMatch: fields.mayMatch,
  };
}

function fieldSelection(text: string, type: ResourceType): Selection {
  const matcher = parseFieldSelector(text);
  const readers = new Map<string, (object: KubeObject) => string>();
  for (const { field } of matcher.terms) {
    const reader = fieldReader(type, field);
    if (reader === undefined) throw unknownField(type, field);
    readers.set(field, reader);
  }
  const traces = matcher.terms.flatMap((term) => traceOf(term, type) ?? []);
  return {
    matches: (object) => matcher.matches((field) => readers.get(field)?.(object) ?? ''),
    mayMatch: (value) =>
      traces.every((trace) => Buffer.from(value.buffer, value.byteOffset, value.length).includes(trace)),
  };
}

/** Kinds that have selectable fields of their own say it in other words, as in Kubernetes. */
function unknownField({ selectableFields }: ResourceType, field: string): StatusError {
  const hasOwn = Object.keys(selectableFields).length > 0;
  return badRequest(
    hasOwn
      ? `field label not supported: ${field}`
      : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
  );
}

/** What stands in the bytes of every object for which a term holds; undefined where nothing can be said. */
function traceOf({ field, operator, value }: FieldTerm, type: ResourceType): Buffer | undefined {
  if (type.verbatimFields?.includes(field) !== true) return undefined;
  const key = `"${field.slice(field.lastIndexOf('.') + 1)}":`;
  if (operator === '=' && value !== '') return Buffer.from(`${key}${JSON.stringify(value)}`);
  return operator === '!=' && value === '' ? Buffer.from(`${key}"`) : undefined;
}

function fieldReader(type: ResourceType, field: string): ((object: KubeObject) => string) | undefined {
  if (field === 'metadata.name') return (object) => object.metadata.name;
  if (field === 'metadata.namespace' && type.namespaced) return (object) => object.metadata.namespace ?? '';
  return Object.hasOwn(type.selectableFields, field) ? type.selectableFields[field] : undefined;
}
