import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiServer } from '#apiserver/api-server.ts';
import { API_SERVER_USER } from '#apiserver/components.ts';
import { type Sink } from '#apiserver/request.ts';
import { inProcessTransport } from '#apiserver/transport.ts';

/** A stream of one answer, in the hands of the test. */
async function open(signal?: AbortSignal): Promise<{ sink: Sink; body: AsyncIterable<Uint8Array> }> {
  const held: { sink?: Sink } = {};
  const server: Pick<ApiServer, 'handle'> = {
    handle: async () => ({
      status: 200,
      headers: {},
      body: {
        type: 'stream',
        start: (sink) => {
          held.sink = sink;
        },
      },
    }),
  };
  const transport = inProcessTransport(server as ApiServer, API_SERVER_USER);
  const { body } = await transport.request({
    method: 'GET',
    path: '/x',
    ...(signal === undefined ? {} : { signal }),
  });
  assert.ok(held.sink);
  return { sink: held.sink, body };
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  return text;
}

test('what is written is read, until the end', async () => {
  const { sink, body } = await open();
  sink.write(Buffer.from('a'));
  const reading = textOf(body);
  sink.write(Buffer.from('b'));
  await Promise.resolve();
  sink.write(Buffer.from('c'));
  sink.end();
  sink.write(Buffer.from('late'));
  assert.equal(await reading, 'abc');
  assert.equal(sink.closed.aborted, true);
});

test('bytes wait until they are taken, and the writer can wait for that', async () => {
  const { sink, body } = await open();
  sink.write(Buffer.alloc(10));
  assert.equal(sink.bufferedBytes, 10);
  let isDrained = false;
  const drained = sink.drained().then(() => {
    isDrained = true;
  });
  await Promise.resolve();
  assert.equal(isDrained, false);
  const iterator = body[Symbol.asyncIterator]();
  assert.equal((await iterator.next()).value?.length, 10);
  await drained;
  assert.equal(sink.bufferedBytes, 0);
  await sink.drained();
  sink.end();
  assert.equal((await iterator.next()).done, true);
});

test('a reader that stops, and a signal that aborts, tell the writer that it has gone', async () => {
  const stopped = await open();
  stopped.sink.write(Buffer.from('a'));
  for await (const _ of stopped.body) break;
  assert.equal(stopped.sink.closed.aborted, true);
  const abort = new AbortController();
  const aborted = await open(abort.signal);
  aborted.sink.write(Buffer.alloc(5));
  const reading = textOf(aborted.body);
  const drained = aborted.sink.drained();
  abort.abort();
  await drained;
  assert.deepEqual([aborted.sink.closed.aborted, aborted.sink.bufferedBytes], [true, 0]);
  await reading;
  const early = await open(AbortSignal.abort());
  assert.equal(early.sink.closed.aborted, true);
  assert.equal(await textOf(early.body), '');
});

test('a destroyed stream ends, and what waits is dropped', async () => {
  const { sink, body } = await open();
  sink.write(Buffer.from('never read'));
  sink.destroy();
  assert.equal(await textOf(body), '');
});
