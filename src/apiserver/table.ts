import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { inTurns } from '#apiserver/object-batches.ts';
import {
  type ObjectSpans,
  partialMetadataBytes,
  spansOf,
  withoutManagedFields,
} from '#apiserver/object-bytes.ts';
import { utf8 } from '#apiserver/request.ts';
import { decodeObject } from '#apiserver/stored-object.ts';
import type { Clock } from '#system/clock.ts';

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

/** As {@link tableOf}, in turns of the event loop: what else the server does goes on meanwhile. */
export async function tableInTurns(
  type: ResourceType,
  values: readonly Uint8Array[],
  options: TableOptions & { readonly clock: Clock },
): Promise<Uint8Array[]> {
  const chunks = tableHead(type, options);
  for await (const batch of inTurns(values, options.clock)) {
    if (chunks.length > 1) chunks.push(COMMA);
    for (const chunk of rowsOf(type, batch, options)) chunks.push(chunk);
  }
  chunks.push(CLOSE);
  return chunks;
}

/**
 * Stored objects as the chunks of a `meta/v1.Table` with the server-side columns of their kind. An object is parsed for its
 * cells, without its `managedFields`; what of it goes into its row is taken from its bytes.
 */
export function tableOf(
  type: ResourceType,
  values: readonly Uint8Array[],
  options: TableOptions,
): Uint8Array[] {
  return [...tableHead(type, options), ...rowsOf(type, values, options), CLOSE];
}

function tableHead(type: ResourceType, { metadata, withColumns = true }: TableOptions): Uint8Array[] {
  const columns = withColumns ? columnDefinitions(type) : [];
  const head = {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns,
  };
  return [utf8(`${JSON.stringify(head).slice(0, -1)},"rows":[`)];
}

function rowsOf(
  type: ResourceType,
  values: readonly Uint8Array[],
  { nowMs, include }: TableOptions,
): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (const [index, value] of values.entries()) {
    if (index > 0) chunks.push(COMMA);
    const spans = spansOf(value);
    const cells = `{"cells":${JSON.stringify(cellsOf(type, { value, spans, nowMs }))}`;
    if (include === 'None') chunks.push(utf8(`${cells}}`));
    else chunks.push(utf8(`${cells},"object":`), rowObject(value, { include, spans }), CLOSE_ROW);
  }
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

function cellsOf(
  type: ResourceType,
  { value, spans, nowMs }: { value: Uint8Array; spans: ObjectSpans; nowMs: number },
): unknown[] {
  // The columns of a custom kind may look anywhere.
  const isPlain = type.custom === undefined;
  const object = decodeObject<KubeObject>(isPlain ? withoutManagedFields(value, spans) : value);
  return type.columns.map((column) => column.cell(object, nowMs));
}

function rowObject(
  value: Uint8Array,
  { include, spans }: { include: 'Metadata' | 'Object'; spans: ObjectSpans },
): Uint8Array {
  return include === 'Object' ? value : partialMetadataBytes(value, { withManagedFields: true, spans });
}
