import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { partialMetadataBytes, withoutManagedFields } from '#apiserver/object-bytes.ts';
import { utf8 } from '#apiserver/request.ts';
import { decodeObject } from '#apiserver/stored-object.ts';

/** What of each object goes into its row: `includeObject` of the query. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  readonly nowMs: number;
  readonly include: IncludeObject;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly withColumns?: boolean;
}

const COMMA = utf8(',');
const CLOSE_ROW = utf8('}');
const CLOSE = utf8(']}');

/**
 * Stored objects as the chunks of a `meta/v1.Table` with the server-side columns of their kind. An object is parsed for its
 * cells, without its `managedFields`; what of it goes into its row is taken from its bytes.
 */
export function tableOf(
  type: ResourceType,
  values: readonly Uint8Array[],
  { nowMs, include, metadata, withColumns = true }: TableOptions,
): Uint8Array[] {
  const columns = withColumns ? columnDefinitions(type) : [];
  const head = {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns,
  };
  const chunks: Uint8Array[] = [utf8(`${JSON.stringify(head).slice(0, -1)},"rows":[`)];
  for (const [index, value] of values.entries()) {
    if (index > 0) chunks.push(COMMA);
    const cells = `{"cells":${JSON.stringify(cellsOf(type, value, nowMs))}`;
    if (include === 'None') chunks.push(utf8(`${cells}}`));
    else chunks.push(utf8(`${cells},"object":`), rowObject(value, include), CLOSE_ROW);
  }
  chunks.push(CLOSE);
  return chunks;
}

function columnDefinitions(type: ResourceType): unknown[] {
  return type.columns.map((column) => ({
    name: column.name,
    type: column.type,
    format: column.format ?? '',
    description: column.description,
    priority: column.priority,
  }));
}

function cellsOf(type: ResourceType, value: Uint8Array, nowMs: number): unknown[] {
  // The columns of a custom kind may look anywhere.
  const object = decodeObject<KubeObject>(type.custom === undefined ? withoutManagedFields(value) : value);
  return type.columns.map((column) => column.cell(object, nowMs));
}

function rowObject(value: Uint8Array, include: 'Metadata' | 'Object'): Uint8Array {
  return include === 'Object' ? value : partialMetadataBytes(value, { withManagedFields: true });
}
