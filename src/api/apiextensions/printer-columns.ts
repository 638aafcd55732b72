import { age } from '#api/age.ts';
import type { KubeObject } from '#api/object.ts';
import type { Column } from '#api/resource.ts';

/** The second column of a custom kind that names none of its own. */
export const CREATED_COLUMN: Column<KubeObject> = {
  name: 'Age',
  type: 'date',
  description: 'CreationTimestamp is a timestamp representing the server time when this object was created.',
  priority: 0,
  cell: ({ metadata }, nowMs) => age(metadata.creationTimestamp, nowMs),
};
