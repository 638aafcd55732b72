import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, describeError, LOG_LINE_CHARS_MAX, silentLog } from '#system/log.ts';

function collect(level?: 'debug' | 'warn') {
  const lines: string[] = [];
  const log = createLog({
    write: (line) => void lines.push(line),
    now: () => Date.UTC(2026, 0, 1),
    ...(level === undefined ? {} : { level }),
  });
  return { log, lines };
}

test('a line is one JSON object, with the fields of the log and its own', () => {
  const { log, lines } = collect();
  log.with({ site: 'north' }).with({ kind: 'Pod' }).info('something happened', { name: 'a\nb', count: 2 });
  assert.deepEqual(lines, [
    '{"time":"2026-01-01T00:00:00.000Z","level":"info","message":"something happened","site":"north","kind":"Pod","name":"a\\nb","count":2}',
  ]);
});

test('lines below the level are dropped, also of a log with fields', () => {
  const { log, lines } = collect('warn');
  for (const each of [log, log.with({ a: 1 })]) {
    each.debug('d');
    each.info('i');
    each.warn('w');
    each.error('e');
  }
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { level: string }).level),
    ['warn', 'error', 'warn', 'error'],
  );
  silentLog.error('nothing');
});

test('an error is told with all its causes', () => {
  const error = new Error('outer', { cause: new Error('inner', { cause: 'plain' }) });
  assert.equal(describeError(error), 'outer: inner: plain');
  const { log, lines } = collect();
  log.error('failed', { error });
  assert.match(lines[0] ?? '', /"error":"outer: inner: plain"/);
});

test('a line that is too long is cut and marked', () => {
  const { log, lines } = collect();
  log.info('long', { text: 'x'.repeat(2 * LOG_LINE_CHARS_MAX) });
  assert.equal(lines[0]?.length, LOG_LINE_CHARS_MAX + 1);
  assert.ok(lines[0]?.endsWith('…'));
});

test('what JSON cannot say does not keep the line from being written', () => {
  const { log, lines } = collect();
  const circular: { self?: unknown } = {};
  circular.self = circular;
  log.warn('odd', { big: 5n, circular });
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /"message":"odd"/);
});
