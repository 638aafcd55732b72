/** Writes one Protobuf message, field by field; zero values are left out, as proto3 has it. */
export interface MessageWriter {
  text(number: number, value: string): void;
  bool(number: number, value: boolean): void;
  /** A message in this one, also where it turns out empty. */
  message(number: number, write: (inner: MessageWriter) => void): void;
  /** What was written. */
  bytes(): Uint8Array;
}

const encoder = new TextEncoder();

/** The room that a writer begins with, in bytes; it doubles. */
const INITIAL_BYTES = 1024;

/**
 * A writer of one message and all that is in it. Everything goes into one buffer: a message in a message is written where it
 * will stay, and moved by the few bytes that its length turns out to need.
 */
export function messageWriter(): MessageWriter {
  let buffer = new Uint8Array(INITIAL_BYTES);
  let at = 0;

  const reserve = (count: number): void => {
    if (at + count <= buffer.length) return;
    const larger = new Uint8Array(Math.max(buffer.length * 2, at + count));
    larger.set(buffer.subarray(0, at));
    buffer = larger;
  };
  const varint = (value: number): void => {
    reserve(5);
    let rest = value;
    while (rest >= 0x80) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    buffer[at++] = rest;
  };

  const writer: MessageWriter = {
    text(number, value) {
      if (value === '') return;
      varint(number * 8 + 2);
      // Three bytes at most for each UTF-16 unit.
      reserve(value.length * 3 + 5);
      lengthPrefixed(() => {
        at += encoder.encodeInto(value, buffer.subarray(at)).written;
      });
    },
    bool(number, value) {
      if (!value) return;
      varint(number * 8);
      varint(1);
    },
    message(number, write) {
      varint(number * 8 + 2);
      lengthPrefixed(() => write(writer));
    },
    bytes: () => buffer.slice(0, at),
  };

  /** One byte is left free for the length, which is enough for most; else what was written moves on. */
  const lengthPrefixed = (write: () => void): void => {
    reserve(1);
    const start = at;
    at += 1;
    write();
    const length = at - start - 1;
    const extra = varintBytes(length) - 1;
    if (extra > 0) {
      reserve(extra);
      buffer.copyWithin(start + 1 + extra, start + 1, at);
    }
    at = start;
    varint(length);
    at += length;
  };
  return writer;
}

function varintBytes(value: number): number {
  let count = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) count += 1;
  return count;
}
