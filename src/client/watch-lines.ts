import type { KubeObject } from '#api/object.ts';
import { isStatusReason, type Status, StatusError } from '#api/status.ts';
import { parseLazily } from '#client/lazy-object.ts';

/** One event of a watch stream. */
export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Everything up to this revision has been delivered. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

/** A line longer than this ends the stream, in bytes: the largest object with room for its envelope. */
const LINE_BYTES_MAX = 8 * 1024 * 1024;

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/**
 * Decodes the newline-separated JSON of a watch. An ERROR event throws its Status; a half line at the end is dropped: the
 * stream was cut, and the watch resumes at the last whole event.
 */
export async function* decodeWatchLines<T extends KubeObject>(
  body: AsyncIterable<Uint8Array>,
  { lazy = false }: { readonly lazy?: boolean } = {},
): AsyncIterable<WatchEvent<T>> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_BYTES_MAX) throw new Error(`a watch line is longer than ${LINE_BYTES_MAX} bytes`);
    for (const line of lines)
      if (line !== '') yield (lazy ? decodeLazily<T>(line) : undefined) ?? decodeLine<T>(line);
  }
}

/** How the line of a change begins, as our own servers write it. */
const CHANGE = /^\{"type":"(ADDED|MODIFIED|DELETED)","object":/;

/** The event of a line that is that of a change; undefined for any other. */
function decodeLazily<T extends KubeObject>(line: string): WatchEvent<T> | undefined {
  const [head, type] = CHANGE.exec(line) ?? [];
  if (head === undefined || !line.endsWith('}')) return undefined;
  return {
    type: type as 'ADDED' | 'MODIFIED' | 'DELETED',
    object: parseLazily<T>(line.slice(head.length, -1)),
  };
}

function decodeLine<T extends KubeObject>(line: string): WatchEvent<T> {
  const event = JSON.parse(line) as { type: string; object: T | Status };
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: event.type, object: event.object as T };
    case 'BOOKMARK': {
      const { metadata } = event.object as T;
      const initialEventsEnd = metadata.annotations?.[INITIAL_EVENTS_END] === 'true';
      return { type: 'BOOKMARK', resourceVersion: metadata.resourceVersion, initialEventsEnd };
    }
    case 'ERROR': {
      const { reason = '', message = 'the watch failed' } = event.object as Status;
      throw new StatusError(isStatusReason(reason) ? reason : 'InternalError', message);
    }
    default:
      throw new Error(`unknown watch event type "${event.type}"`);
  }
}
