import { age } from '#api/age.ts';
import type { KubeObject } from '#api/object.ts';
import type { Column } from '#api/resource.ts';

/** What kubectl prints for nothing. */
export const NONE = '<none>';

/** The first column of every kind. */
export const NAME_COLUMN: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  priority: 0,
  cell: ({ metadata }) => metadata.name,
};

/** Time since creation. */
export const AGE_COLUMN: Column = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  priority: 0,
  cell: ({ metadata }, nowMs) => age(metadata.creationTimestamp, nowMs),
};

/** A column of text that is always printed. */
export function textColumn<T extends KubeObject>(
  name: string,
  description: string,
  cell: Column<T>['cell'],
): Column<T> {
  return { name, type: 'string', description, priority: 0, cell };
}

/** A column of whole numbers that is always printed. */
export function numberColumn<T extends KubeObject>(
  name: string,
  description: string,
  cell: (object: T) => number,
): Column<T> {
  return { name, type: 'integer', description, priority: 0, cell: (object) => cell(object) };
}

/** As {@link numberColumn}, but said to be of text: some of Kubernetes' columns are. */
export function countColumn<T extends KubeObject>(
  name: string,
  description: string,
  cell: (object: T) => number,
): Column<T> {
  return { ...numberColumn(name, description, cell), type: 'string' };
}

/** The column, printed with `-o wide` only. */
export function wide<T extends KubeObject>(column: Column<T>): Column<T> {
  return { ...column, priority: 1 };
}

/** A set of labels as `a=b,c=d`, by key; {@link NONE} where it is empty. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? NONE : pairs.map(([key, value]) => `${key}=${value}`).join(',');
}

/** Items joined by commas; {@link NONE} where there are none. */
export function joinOrNone(items: readonly string[] | undefined): string {
  return items === undefined || items.length === 0 ? NONE : items.join(',');
}
