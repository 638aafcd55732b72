import type { Duplex } from 'node:stream';

/** What a SPDY connection tells its owner. */
export interface SpdyEvents {
  /** Bytes of one stream. */
  readonly data: (streamId: number, bytes: Buffer) => void;
  /** The connection is over, for whatever reason. Called once. */
  readonly end: () => void;
}

/** The largest frame that is taken, in bytes; a larger one ends the connection. */
const FRAME_BYTES_MAX = 4 * 1024 * 1024;

const HEAD_BYTES = 8;
const VERSION = 3;
const SYN_STREAM = 1;
const PING = 6;
const GO_AWAY = 7;
const FIN = 1;

/** The start of a zlib stream whose blocks are not compressed. */
const ZLIB_HEAD = Buffer.from([0x78, 0x01]);

/** An empty stored block: at it whoever decompresses hands over what came before. */
const ZLIB_FLUSH = Buffer.from([0, 0, 0, 0xff, 0xff]);

/**
 * The client's side of SPDY/3.1 (the Chromium project's draft 3.1), as far as Kubernetes' streaming needs it: streams that the
 * client opens, and data both ways. Headers are sent uncompressed, in blocks that zlib calls stored; those of the server say
 * nothing that matters and are passed over. Nobody in Kubernetes uses its windows, so neither does this.
 */
export class SpdyClient {
  readonly #socket: Duplex;
  readonly #events: SpdyEvents;
  #waiting: Buffer = Buffer.alloc(0);
  #nextStreamId = 1;
  #hasEnded = false;

  constructor(socket: Duplex, head: Buffer, events: SpdyEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', () => this.close());
    socket.on('close', () => this.close());
    socket.on('end', () => this.close());
    if (head.length > 0) this.#take(head);
  }

  /** Opens a stream. Resolves nothing: the server need not answer before data is sent. */
  open(headers: Readonly<Record<string, string>>): number {
    const streamId = this.#nextStreamId;
    const block = headerBlock(headers, streamId === 1);
    this.#nextStreamId += 2;
    const body = Buffer.alloc(10 + block.length);
    body.writeUInt32BE(streamId, 0);
    block.copy(body, 10);
    this.#control(SYN_STREAM, body);
    return streamId;
  }

  /** Sends bytes on a stream; false where the connection takes no more for now, see {@link drained}. */
  write(streamId: number, bytes: Buffer): boolean {
    return this.#data(streamId, bytes, 0);
  }

  /** Says that nothing more comes on a stream. */
  finish(streamId: number): void {
    this.#data(streamId, Buffer.alloc(0), FIN);
  }

  /** Calls back once, when the connection takes more again. */
  drained(callback: () => void): void {
    this.#socket.once('drain', callback);
  }

  /** Reads on, or not: what is not read waits at the server. */
  read(isReading: boolean): void {
    if (isReading) this.#socket.resume();
    else this.#socket.pause();
  }

  close(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#socket.destroy();
    this.#events.end();
  }

  #control(type: number, body: Buffer): void {
    if (this.#hasEnded) return;
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt16BE(0x8000 + VERSION, 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt32BE(body.length, 4);
    this.#socket.write(Buffer.concat([head, body]));
  }

  #data(streamId: number, bytes: Buffer, flags: number): boolean {
    if (this.#hasEnded) return true;
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32BE(streamId, 0);
    head.writeUInt32BE(flags * 2 ** 24 + bytes.length, 4);
    return this.#socket.write(Buffer.concat([head, bytes]));
  }

  #take(bytes: Buffer): void {
    this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    let at = 0;
    while (!this.#hasEnded && this.#waiting.length - at >= HEAD_BYTES) {
      const length = this.#waiting.readUInt32BE(at + 4) % 2 ** 24;
      if (length > FRAME_BYTES_MAX) return this.close();
      const end = at + HEAD_BYTES + length;
      if (end > this.#waiting.length) break;
      this.#takeFrame(this.#waiting.readUInt32BE(at), this.#waiting.subarray(at + HEAD_BYTES, end));
      at = end;
    }
    this.#waiting = this.#waiting.subarray(at);
  }

  #takeFrame(start: number, body: Buffer): void {
    if (start < 2 ** 31) return this.#events.data(start, body);
    const type = start % 2 ** 16;
    // Even pings are the server's own, odd ones answers to ours, of which there are none.
    if (type === PING && body.length === 4 && body.readUInt32BE(0) % 2 === 0) this.#control(PING, body);
    if (type === GO_AWAY) this.close();
  }
}

/** Names and values, each with its length, in stored blocks of the one zlib stream that a connection has. */
function headerBlock(headers: Readonly<Record<string, string>>, isFirst: boolean): Buffer {
  const pairs = Object.entries(headers);
  const parts = [uint32(pairs.length)];
  for (const [name, value] of pairs) parts.push(sized(name.toLowerCase()), sized(value));
  const text = Buffer.concat(parts);
  const stored = Buffer.alloc(5);
  stored.writeUInt16LE(text.length, 1);
  stored.writeUInt16LE(0xffff - text.length, 3);
  return Buffer.concat([...(isFirst ? [ZLIB_HEAD] : []), stored, text, ZLIB_FLUSH]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

function sized(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([uint32(bytes.length), bytes]);
}
