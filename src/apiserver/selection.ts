import { parseFieldSelector } from '#api/field-selector.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { parseLabelSelector } from '#api/selector-parse.ts';
import { badRequest } from '#api/status.ts';
import { withoutManagedFields } from '#apiserver/object-bytes.ts';
import { decodeObject } from '#apiserver/stored-object.ts';

/** Whether an object is selected by the label and field selectors of a query. */
export type Selection = (object: KubeObject) => boolean;

/** Stored bytes as what a selection looks at: an object without its `managedFields`. */
export function decodeSelectable(value: Uint8Array): KubeObject {
  return decodeObject(withoutManagedFields(value));
}

/** The selection that a query asks for; undefined where it takes every object. Throws 400 on a selector that cannot be read. */
export function selectionOf(query: URLSearchParams, type: ResourceType): Selection | undefined {
  const labelText = query.get('labelSelector') ?? '';
  const fieldText = query.get('fieldSelector') ?? '';
  if (labelText === '' && fieldText === '') return undefined;
  const labels = parseLabelSelector(labelText);
  const fields = fieldSelection(fieldText, type);
  return (object) => labels.matches(object.metadata.labels ?? {}) && fields(object);
}

function fieldSelection(text: string, type: ResourceType): Selection {
  const matcher = parseFieldSelector(text);
  const readers = new Map<string, (object: KubeObject) => string>();
  for (const { field } of matcher.terms) {
    const reader = fieldReader(type, field);
    if (reader === undefined) throw badRequest(`field label not supported: ${field}`);
    readers.set(field, reader);
  }
  return (object) => matcher.matches((field) => readers.get(field)?.(object) ?? '');
}

function fieldReader(type: ResourceType, field: string): ((object: KubeObject) => string) | undefined {
  if (field === 'metadata.name') return (object) => object.metadata.name;
  if (field === 'metadata.namespace' && type.namespaced) return (object) => object.metadata.namespace ?? '';
  return Object.hasOwn(type.selectableFields, field) ? type.selectableFields[field] : undefined;
}
