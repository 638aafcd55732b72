import type { KubeObject } from '#api/object.ts';
import { isStatusReason, type Status, StatusError } from '#api/status.ts';
import { parseLazily } from '#client/lazy-object.ts';
import { joined } from '#client/transport.ts';

/** One event of a watch stream. */
export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Everything up to this revision has been delivered. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

/** A line longer than this ends the stream, in bytes: the largest object with room for its envelope. */
const LINE_BYTES_MAX = 8 * 1024 * 1024;

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

const NEWLINE = 0x0a;

/**
 * Decodes the newline-separated JSON of a watch. An ERROR event throws its Status; a half line at the end is dropped: the
 * stream was cut, and the watch resumes at the last whole event.
 */
export async function* decodeWatchLines<T extends KubeObject>(
  body: AsyncIterable<Uint8Array>,
  { lazy = false }: { readonly lazy?: boolean } = {},
): AsyncIterable<WatchEvent<T>> {
  for await (const line of wholeLines(body)) {
    yield (lazy ? decodeLazily<T>(line) : undefined) ?? decodeLine<T>(decoder.decode(line));
  }
}

const decoder = new TextDecoder();

/** Lines apart from each other: an object that is kept must not keep the text of all that came with it. */
async function* wholeLines(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const tail = chunk.subarray(start, end);
      const line = joined([...begun, tail], begunBytes + tail.length);
      begun = [];
      begunBytes = 0;
      start = end + 1;
      if (line.length > 0) yield line;
    }
    if (start === chunk.length) continue;
    begun.push(chunk.subarray(start));
    begunBytes += chunk.length - start;
    if (begunBytes > LINE_BYTES_MAX) throw new Error(`a watch line is longer than ${LINE_BYTES_MAX} bytes`);
  }
}

/** How the line of a change begins, as our own servers write it. */
const CHANGES = (['ADDED', 'MODIFIED', 'DELETED'] as const).map((type) => ({
  type,
  head: new TextEncoder().encode(`{"type":"${type}","object":`),
}));

/** The event of a line that is that of a change; undefined for any other. */
function decodeLazily<T extends KubeObject>(line: Uint8Array): WatchEvent<T> | undefined {
  const change = CHANGES.find(({ head }) => head.every((byte, index) => line[index] === byte));
  if (change === undefined || line.at(-1) !== CLOSING_BRACE) return undefined;
  const text = decoder.decode(line.subarray(change.head.length, -1));
  return { type: change.type, object: parseLazily<T>(text) };
}

const CLOSING_BRACE = 0x7d;

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
