import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { createInflate } from 'node:zlib';
import { SpdyClient } from '#system/spdy-client.ts';

/** A connection whose other end the test is. */
class Wire extends Duplex {
  sent: Buffer = Buffer.alloc(0);
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.sent = Buffer.concat([this.sent, chunk]);
    done();
  }
}

interface Seen {
  readonly data: [number, string][];
  ends: number;
}

function connect(head = Buffer.alloc(0)): { wire: Wire; client: SpdyClient; seen: Seen } {
  const wire = new Wire();
  const seen: Seen = { data: [], ends: 0 };
  const client = new SpdyClient(wire, head, {
    data: (streamId, bytes) => seen.data.push([streamId, bytes.toString()]),
    end: () => {
      seen.ends += 1;
    },
  });
  return { wire, client, seen };
}

function frame(start: number, flags: number, body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(start, 0);
  head.writeUInt32BE(flags * 2 ** 24 + bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

test('streams have odd numbers, and headers that zlib reads one block after the other', async () => {
  const { wire, client } = connect();
  assert.deepEqual([client.open({ streamType: 'error' }), client.open({ streamType: 'stdin' })], [1, 3]);
  const inflate = createInflate();
  const blocks: Buffer[] = [];
  for (let at = 0; at < wire.sent.length; ) {
    assert.equal(wire.sent.readUInt32BE(at), 0x80030001, 'SYN_STREAM of version 3');
    const end = at + 8 + (wire.sent.readUInt32BE(at + 4) % 2 ** 24);
    inflate.write(wire.sent.subarray(at + 18, end));
    at = end;
  }
  await new Promise<void>((resolve) => {
    inflate.on('data', (bytes: Buffer) => blocks.push(bytes));
    inflate.flush(() => resolve());
  });
  const text = Buffer.concat(blocks).toString('latin1').replaceAll('\0', '');
  assert.equal(text, '\x01\x0astreamtype\x05error\x01\x0astreamtype\x05stdin');
});

test('data goes both ways, however it is cut', async () => {
  const { wire, client, seen } = connect(Buffer.from(frame(5, 0, 'early').subarray(0, 3)));
  client.write(1, Buffer.from('in'));
  client.finish(1);
  assert.deepEqual(wire.sent, Buffer.concat([frame(1, 0, 'in'), frame(1, 1, '')]));
  const bytes = Buffer.concat([frame(5, 0, 'early').subarray(3), frame(3, 0, 'one'), frame(3, 1, '')]);
  for (const byte of bytes) wire.push(Buffer.from([byte]));
  await new Promise(setImmediate);
  assert.deepEqual(seen.data, [
    [5, 'early'],
    [3, 'one'],
    [3, ''],
  ]);
});

test("the server's pings are answered, answers to pings and replies are passed over", async () => {
  const { wire, seen } = connect();
  const ping = frame(0x80030006, 0, Buffer.from([0, 0, 0, 2]));
  wire.push(
    Buffer.concat([ping, frame(0x80030006, 0, Buffer.from([0, 0, 0, 1])), frame(0x80030002, 0, 'x')]),
  );
  await new Promise(setImmediate);
  assert.deepEqual(wire.sent, ping);
  assert.deepEqual(seen, { data: [], ends: 0 });
});

test('it is over once: when the server goes, breaks off, or sends what is too large', async () => {
  const endings: ((wire: Wire) => void)[] = [
    (wire) => wire.push(frame(0x80030007, 0, Buffer.alloc(8))),
    (wire) => wire.push(null),
    (wire) => wire.destroy(new Error('reset')),
    (wire) => wire.push(Buffer.from([0, 0, 0, 1, 0, 0xff, 0xff, 0xff])),
  ];
  for (const end of endings) {
    const { wire, client, seen } = connect();
    end(wire);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    client.write(1, Buffer.from('late'));
    client.close();
    assert.equal(seen.ends, 1);
    assert.equal(wire.destroyed, true);
    assert.equal(wire.sent.length, 0);
  }
});
