import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lastLogText } from '#kubelet/logs/last-log-text.ts';
import { LogEntrySplitter, parseLogEntry } from '#kubelet/logs/log-line.ts';
import { LOG_FILE_BYTES_MAX, LOG_FILES_MAX, rotateLog } from '#kubelet/logs/log-rotation.ts';
import { LOG_BLOCK_BYTES } from '#kubelet/logs/log-tail.ts';
import { type ReadLogOptions, readLog } from '#kubelet/logs/read-log.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const PATH = '/logs/main/0.log';

function entry(text: string, { second = 0, tag = 'F' } = {}): string {
  return `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000001Z stdout ${tag} ${text}\n`;
}

async function read(
  disk: SimulatedDisk,
  options: Partial<ReadLogOptions> = {},
  clock = new SimulatedClock(),
): Promise<string> {
  let text = '';
  const signal = new AbortController().signal;
  for await (const piece of readLog({ disk, clock, logPath: PATH, timestamps: false, ...options }, signal))
    text += Buffer.from(piece).toString();
  return text;
}

async function logOf(...files: string[]): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk(new SimulatedClock());
  for (const [index, content] of files.entries()) {
    await disk.append(
      index === files.length - 1 ? PATH : `${PATH}.${String(index + 1).padStart(6, '0')}`,
      content,
    );
  }
  return disk;
}

test('partial entries are joined to lines, and what is torn or of another form is left out', async () => {
  const disk = await logOf(
    entry('a', { tag: 'P' }) +
      entry('b', { tag: 'P' }) +
      entry('c') +
      'nonsense\n' +
      entry('d') +
      entry('torn').slice(0, -5),
  );
  assert.equal(await read(disk), 'abc\nd\n');
  assert.equal(
    await read(disk, { timestamps: true }),
    '2026-01-01T00:00:00.000000001Z abc\n2026-01-01T00:00:00.000000001Z d\n',
  );
});

test('a log begins at a time, ends at a limit, and is empty where there is none', async () => {
  const disk = await logOf([0, 1, 2, 3].map((second) => entry(`line ${second}`, { second })).join(''));
  assert.equal(await read(disk, { sinceMs: Date.UTC(2026, 0, 1, 0, 0, 2) }), 'line 2\nline 3\n');
  assert.equal(await read(disk, { limitBytes: 9 }), 'line 0\nli');
  assert.equal(await read(await logOf()), '');
});

test('a line that is written while the last ones are read is not one of them', async () => {
  const disk = await logOf(entry('a') + entry('b'));
  const readRange = disk.readRange.bind(disk);
  disk.readRange = async (...range) => {
    await disk.append(PATH, entry('later'));
    return readRange(...range);
  };
  assert.equal(await read(disk, { tailLines: 1 }), 'b\n');
});

test('files set aside by rotation are read too, the oldest first', async () => {
  const disk = await logOf(entry('a'), entry('b'), entry('c'));
  assert.equal(await read(disk), 'a\nb\nc\n');
  assert.equal(await read(disk, { tailLines: 2 }), 'b\nc\n');
});

test('the last lines are found whatever the lines, files and blocks', async () => {
  const line = fc.record({
    text: fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[\n\r]/gu, '')),
    parts: fc.integer({ min: 1, max: 3 }),
  });
  const cases = fc.record({
    files: fc.array(fc.array(line, { maxLength: 8 }), { minLength: 1, maxLength: 3 }),
    tailLines: fc.integer({ min: 0, max: 12 }),
    filler: fc.constantFrom(0, LOG_BLOCK_BYTES - 30, LOG_BLOCK_BYTES * 2),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ files, tailLines, filler }) => {
      const lines = files.flat().map(({ text, parts }) => text.repeat(parts));
      const contents = files.map((file) =>
        file.map(({ text, parts }) => entry(text, { tag: 'P' }).repeat(parts - 1) + entry(text)).join(''),
      );
      const disk = await logOf(
        ...contents.map(
          (content, index) => (index === 0 && filler > 0 ? entry('x'.repeat(filler)) : '') + content,
        ),
      );
      const all = [...(filler > 0 ? ['x'.repeat(filler)] : []), ...lines];
      const want = tailLines === 0 ? [] : all.slice(-tailLines);
      assert.equal(await read(disk, { tailLines }), want.map((text) => `${text}\n`).join(''));
    }),
    { numRuns: 300 },
  );
});

test('entries come out the same however the bytes are cut', () => {
  const texts = fc.array(
    fc.string({ maxLength: 30 }).map((text) => text.replaceAll('\n', '')),
    { maxLength: 10 },
  );
  fc.assert(
    fc.property(
      texts,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
      (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => entry(text)).join(''));
        const splitter = new LogEntrySplitter();
        const found: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const step = cuts[turn % cuts.length] ?? 1;
          for (const { text } of splitter.push(bytes.subarray(at, at + step)))
            found.push(Buffer.from(text).toString());
          at += step;
        }
        assert.deepEqual(found, lines);
      },
    ),
  );
});

test('any bytes are an entry or none', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void parseLogEntry(bytes)));
});

test('a follower sees what comes, through rotations, until the container has ended', async () => {
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk(clock);
  await disk.append(PATH, entry('one'));
  let isGrowing = true;
  const reading = read(disk, { isGrowing: () => isGrowing }, clock);
  await clock.advance(1000);
  await disk.append(PATH, entry('two'));
  await clock.advance(1000);
  await disk.append(PATH, entry('three'));
  await disk.rename(PATH, `${PATH}.000001`);
  await disk.append(PATH, entry('four'));
  await clock.advance(1000);
  await disk.append(PATH, entry('five'));
  isGrowing = false;
  await clock.advance(1000);
  assert.equal(await reading, 'one\ntwo\nthree\nfour\nfive\n');
});

test('a log that is too large is set aside, and only so many files are kept', async () => {
  const disk = new SimulatedDisk(new SimulatedClock());
  const runtime = { reopenLog: () => disk.append(PATH, '') };
  for (let round = 0; round < 7; round++) {
    await disk.append(PATH, Buffer.alloc(LOG_FILE_BYTES_MAX + 1));
    await rotateLog({ disk, runtime: runtime as never }, { id: 'c', logPath: PATH });
  }
  const names = await disk.list('/logs/main');
  assert.deepEqual(names, ['0.log', '0.log.000004', '0.log.000005', '0.log.000006', '0.log.000007']);
  assert.equal(names.length, LOG_FILES_MAX);
});

test('a log that cannot be reopened stays where it is', async () => {
  const disk = new SimulatedDisk(new SimulatedClock());
  await disk.append(PATH, Buffer.alloc(LOG_FILE_BYTES_MAX + 1));
  const runtime = { reopenLog: () => Promise.reject(new Error('no answer')) };
  await assert.rejects(
    rotateLog({ disk, runtime: runtime as never }, { id: 'c', logPath: PATH }),
    /no answer/u,
  );
  assert.deepEqual(await disk.list('/logs/main'), ['0.log']);
});

test('the end of a log as a message', async () => {
  const disk = await logOf(Array.from({ length: 200 }, (_, index) => entry(`line ${index}`)).join(''));
  assert.equal(await lastLogText(disk, PATH, { linesMax: 2, bytesMax: 2048 }), 'line 198\nline 199\n');
  assert.equal(await lastLogText(disk, PATH, { linesMax: 80, bytesMax: 12 }), '98\nline 199\n');
  assert.equal(await lastLogText(disk, '/none', { linesMax: 80, bytesMax: 12 }), '');
});
