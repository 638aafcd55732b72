import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `meta/v1.Table`. */
export interface Table {
  kind: 'Table';
  apiVersion: 'meta.k8s.io/v1';
  metadata: Record<string, unknown>;
  columnDefinitions: { name: string; type: string; format: string; description: string; priority: number }[];
  rows: { cells: (string | number | boolean | null)[]; object?: unknown }[];
}

/** What of each object goes into its row: `includeObject` of the query. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** The objects as rows with the server-side columns of their kind. */
export function toTable(
  type: ResourceType,
  objects: readonly KubeObject[],
  options: {
    nowMs: number;
    include: IncludeObject;
    metadata: Record<string, unknown>;
    withColumns?: boolean;
  },
): Table {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata,
    columnDefinitions:
      options.withColumns === false
        ? []
        : type.columns.map((column) => ({
            name: column.name,
            type: column.type,
            format: column.format ?? '',
            description: column.description,
            priority: column.priority,
          })),
    rows: objects.map((object) => ({
      cells: type.columns.map((column) => column.cell(object, options.nowMs)),
      ...rowObject(object, options.include),
    })),
  };
}

function rowObject(object: KubeObject, include: IncludeObject): { object?: unknown } {
  if (include === 'None') return {};
  return { object: include === 'Object' ? object : toPartialMetadata(object) };
}

/** `meta/v1.PartialObjectMetadata` of an object. */
export function toPartialMetadata(object: KubeObject): unknown {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}
