import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeBlob, encodeMessage, FRAME_BYTES_MAX, type Frame, readFrames } from '#link/frames.ts';
import type { Connection } from '#system/network.ts';

/** A connection on which these pieces arrive. */
function arriving(pieces: readonly Uint8Array[]): Connection {
  return {
    peer: { address: 'test' },
    incoming: (async function* () {
      yield* pieces;
    })(),
    write: async () => undefined,
    close: () => undefined,
  };
}

async function framesOf(pieces: readonly Uint8Array[]): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of readFrames(arriving(pieces))) frames.push(frame);
  return frames;
}

/** The bytes cut after each of these lengths, over and over. */
function slice(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let offset = 0, i = 0; offset < bytes.length; i++) {
    const length = lengths[i % lengths.length] ?? 1;
    pieces.push(bytes.subarray(offset, offset + length));
    offset += length;
  }
  return pieces;
}

test('frames arrive whole and in order, however their bytes are cut', async () => {
  const content = fc.oneof(
    fc.record({ type: fc.constant('message' as const), value: fc.dictionary(fc.string(), fc.string()) }),
    fc.record({ type: fc.constant('blob' as const), id: fc.nat(), bytes: fc.uint8Array({ maxLength: 300 }) }),
  );
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(fc.array(content), cuts, async (contents, lengths) => {
      const encoded = contents.map((each) =>
        each.type === 'message' ? encodeMessage(each.value) : encodeBlob(each.id, each.bytes),
      );
      const frames = await framesOf(slice(Buffer.concat(encoded), lengths));
      assert.deepEqual(
        frames.map((frame) =>
          frame.type === 'blob' ? [frame.id, [...frame.bytes]] : JSON.stringify(frame.value),
        ),
        contents.map((each) =>
          each.type === 'blob' ? [each.id, [...each.bytes]] : JSON.stringify(each.value),
        ),
      );
    }),
    { numRuns: 60 },
  );
});

test('a frame that announces too many bytes ends the connection before any of them is kept', async () => {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(FRAME_BYTES_MAX + 1, 0);
  header.writeUInt8(1, 4);
  await assert.rejects(framesOf([header]), /a frame of 4194305 bytes was announced/u);
});

test('a frame of an unknown kind, and a message that is no JSON, end the connection', async () => {
  const unknown = Buffer.from([0, 0, 0, 1, 9, 0]);
  await assert.rejects(framesOf([unknown]), /unknown kind 9/u);
  const broken = Buffer.concat([Buffer.from([0, 0, 0, 1, 1]), Buffer.from('{')]);
  await assert.rejects(framesOf([broken]), /is not JSON/u);
});

test('half a frame at the end is dropped', async () => {
  const whole = encodeMessage({ type: 'beat' });
  assert.deepEqual(await framesOf([whole, whole.subarray(0, 7)]), [
    { type: 'message', value: { type: 'beat' } },
  ]);
});
