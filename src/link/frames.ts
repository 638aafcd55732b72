import type { Connection } from '#system/network.ts';

/** What arrives: a message (any JSON), or a piece of the bundle that was asked for as `id`. */
export type Frame =
  | { readonly type: 'message'; readonly value: unknown }
  | { readonly type: 'blob'; readonly id: number; readonly bytes: Uint8Array };

/** The largest frame, in bytes; a peer that announces a larger one is cut off before anything of it is kept. */
export const FRAME_BYTES_MAX = 4 * 1024 * 1024;

const HEADER_BYTES = 5;
const KIND_JSON = 1;
const KIND_BLOB = 2;

/** `uint32 length of the rest after the kind | uint8 kind | payload`, big-endian. */
export function encodeMessage(value: object): Uint8Array {
  return frame(KIND_JSON, Buffer.from(JSON.stringify(value)));
}

/** A blob frame's payload is the request's id (uint32) and the bytes. */
export function encodeBlob(id: number, bytes: Uint8Array): Uint8Array {
  const payload = Buffer.allocUnsafe(4 + bytes.length);
  payload.writeUInt32BE(id, 0);
  payload.set(bytes, 4);
  return frame(KIND_BLOB, payload);
}

function frame(kind: number, payload: Uint8Array): Uint8Array {
  const whole = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  whole.writeUInt32BE(payload.length, 0);
  whole.writeUInt8(kind, 4);
  whole.set(payload, HEADER_BYTES);
  return whole;
}

/** The frames of a connection, however its bytes are cut. Throws on a frame that is too large, unknown, or no JSON. */
export async function* readFrames(connection: Connection): AsyncIterable<Frame> {
  // Pieces are put together only once a frame is whole: many small ones must not cost their square.
  let pieces: Uint8Array[] = [];
  let total = 0;
  let wanted = HEADER_BYTES;
  for await (const chunk of connection.incoming) {
    pieces.push(chunk);
    total += chunk.length;
    if (total < wanted) continue;
    let rest = Buffer.concat(pieces);
    wanted = frameBytes(rest);
    while (rest.length >= wanted) {
      yield decodeFrame(rest.readUInt8(4), rest.subarray(HEADER_BYTES, wanted));
      rest = rest.subarray(wanted);
      wanted = frameBytes(rest);
    }
    pieces = [rest];
    total = rest.length;
  }
}

/** How many bytes the frame at the beginning of `bytes` has; those of its header while that is not whole. */
function frameBytes(bytes: Buffer): number {
  if (bytes.length < HEADER_BYTES) return HEADER_BYTES;
  const length = bytes.readUInt32BE(0);
  if (length > FRAME_BYTES_MAX)
    throw new Error(`a frame of ${length} bytes was announced; at most ${FRAME_BYTES_MAX} are taken`);
  return HEADER_BYTES + length;
}

function decodeFrame(kind: number, payload: Buffer): Frame {
  if (kind === KIND_JSON) return { type: 'message', value: parseMessage(payload) };
  if (kind === KIND_BLOB && payload.length >= 4)
    return { type: 'blob', id: payload.readUInt32BE(0), bytes: payload.subarray(4) };
  throw new Error(`a frame of unknown kind ${kind} arrived`);
}

function parseMessage(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8')) as unknown;
  } catch (cause) {
    throw new Error('a message frame is not JSON', { cause });
  }
}
