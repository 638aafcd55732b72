import { age } from '#api/age.ts';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
} from '#api/apiextensions/custom-resource-definition.ts';
import { findByPath, type JsonPath, parseJsonPath } from '#api/apiextensions/json-path.ts';
import { NAME_COLUMN } from '#api/columns.ts';
import type { Json, KubeObject } from '#api/object.ts';
import type { Column } from '#api/resource.ts';
import { parseTimestamp, timestamp } from '#system/clock.ts';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'] as const;

/** The second column of a custom kind that names none of its own. */
const CREATED_COLUMN: Column = {
  name: 'Age',
  type: 'date',
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations.',
  priority: 0,
  cell: ({ metadata }, nowMs) => age(metadata.creationTimestamp, nowMs),
};

/** The columns of a version: the name, and those that its definition asks for; the age where it asks for none. */
export function printerColumns({ additionalPrinterColumns }: CustomResourceDefinitionVersion): Column[] {
  if (additionalPrinterColumns === undefined || additionalPrinterColumns.length === 0)
    return [NAME_COLUMN, CREATED_COLUMN];
  return [NAME_COLUMN, ...additionalPrinterColumns.map(printerColumn)];
}

function printerColumn(definition: CustomResourceColumnDefinition): Column {
  const { name, format, description, jsonPath } = definition;
  const type = COLUMN_TYPES.find((each) => each === definition.type) ?? 'string';
  const path = parseJsonPath(jsonPath);
  return {
    name,
    type,
    ...(format === undefined ? {} : { format }),
    description: description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority: (definition.priority ?? 0) > 0 ? 1 : 0,
    cell: (object, nowMs) => cellOf(firstAt(object, path), type, nowMs),
  };
}

function firstAt(object: KubeObject, path: JsonPath | undefined): Json {
  return path === undefined ? null : (findByPath(object as unknown as Json, path)[0] ?? null);
}

/** As Kubernetes prints it: nothing where the value is not of the column's type. */
function cellOf(value: Json, type: Column['type'], nowMs: number): string | number | boolean | null {
  if (value === null) return null;
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? ageOf(value, nowMs) : null;
  }
}

function ageOf(text: string, nowMs: number): string {
  const ms = parseTimestamp(text);
  return ms === undefined ? '<invalid>' : age(timestamp(ms), nowMs);
}
