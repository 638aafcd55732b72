import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, collectLabel, parseCount, parseDuration, parsePort, parseSites } from '#cli/arguments.ts';
import { CommandError } from '#cli/screen.ts';

/** Refused as a mistake of usage, in a sentence. */
function assertRefused(parse: (text: string) => unknown, texts: readonly string[], message: RegExp): void {
  for (const text of texts) {
    assert.throws(
      () => parse(text),
      (error: unknown) => error instanceof CommandError && error.code === 2 && message.test(error.message),
      text,
    );
  }
}

test('ports and counts', () => {
  assert.deepEqual(
    [parsePort('1'), parsePort('65535'), parseCount('1'), parseCount('500')],
    [1, 65_535, 1, 500],
  );
  assertRefused(
    parsePort,
    ['0', '65536', 'http', '', '80.5', '-1'],
    /is no port: expected a number from 1 to 65535/,
  );
  assertRefused(
    parseCount,
    ['0', '-1', 'many', '', '1.5'],
    /is no count: expected a whole number of at least 1/,
  );
});

test('durations', () => {
  const table: [string, number][] = [
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ];
  for (const [text, ms] of table) assert.equal(parseDuration(text), ms);
  assertRefused(
    parseDuration,
    ['', '5', 'h', '1.5h', '-1h', '1 h', '1w', '1000000s', '1h30m'],
    /is no duration: expected a number with s, m, h or d, such as 24h/,
  );
});

test('names of sites', () => {
  assert.deepEqual(parseSites('north'), ['north']);
  assert.deepEqual(parseSites('north, south-2,e'), ['north', 'south-2', 'e']);
  assertRefused(
    parseSites,
    ['', 'a,', 'North', 'a_b', '-a', 'a-', 'x'.repeat(33), '../a'],
    /is no name for a site/,
  );
  assertRefused(parseSites, ['a,b,a'], /a name stands twice in "a,b,a"/);
  assertRefused(parseSites, ['a,hub'], /no site can be called "hub"/);
});

test('options that are repeated', () => {
  assert.deepEqual(collect('b', ['a']), ['a', 'b']);
  assert.deepEqual(collectLabel('tier=edge=1', { a: 'b' }), { a: 'b', tier: 'edge=1' });
  assert.deepEqual(collectLabel('empty=', {}), { empty: '' });
  assertRefused((text) => collectLabel(text, {}), ['', 'tier', '=edge'], /expected key=value/);
});
