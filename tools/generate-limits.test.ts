import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLimits, limitsOf } from './generate-limits.ts';

const limits = (text: string) => limitsOf({ path: 'src/link/wire.ts', text });

test('a limit has its value with the unit of its name', () => {
  const situations: [code: string, value: string][] = [
    ['const BODY_BYTES_MAX = 3 * 1024 * 1024;', '3 MiB'],
    ['export const PIECE_BYTES_MAX = 64 * 1024;', '64 KiB'],
    ['const PIECE_BYTES_MAX = 1_000;', '1,000 bytes'],
    ['const START_TIMEOUT_MS = 90_000;', '1.5 min'],
    ['const SILENCE_MS_MAX = 75_000;', '75 s'],
    ['const RETRY_MAX_MS = 250;', '250 ms'],
    ['const QUEUE_MAX = 12_000;', '12,000'],
    ['const NAME_CHARS_MAX =\n  2 ** 31 - 1;', '`2 ** 31 - 1`'],
  ];
  for (const [code, value] of situations) assert.equal(limits(code)[0]?.value, value, code);
});

test('the meaning is the doc comment above, on one line', () => {
  const text =
    '/**\n * The longest {@link Frame}, in bytes;\n * a longer one ends the link.\n */\nconst A_MAX = 1;\nconst B_MAX = 2;\n\nconst C_MAX = 3;\n';
  assert.deepEqual(
    limits(text).map(({ name, meaning, line }) => [name, meaning, line]),
    [
      ['A_MAX', 'The longest `Frame`, in bytes; a longer one ends the link.', 5],
      ['B_MAX', 'The longest `Frame`, in bytes; a longer one ends the link.', 6],
      ['C_MAX', '', 8],
    ],
  );
  assert.equal(limits('/** One line. */\nconst A_MAX = 1;')[0]?.meaning, 'One line.');
});

test('other constants are no limits', () => {
  assert.deepEqual(limits('const MAXIMUM = 1;\nconst HEARTBEAT_MS = 1;\n  const INNER_MAX = 1;'), []);
});

test('the document has a table for each room', () => {
  const text = formatLimits([{ name: 'A_MAX', value: '1', meaning: 'a | b', path: 'src/cri/a.ts', line: 1 }]);
  assert.match(
    text,
    /## cri\n\n.*\n.*\n\| \[`A_MAX`\]\(\.\.\/\.\.\/src\/cri\/a\.ts\) \| 1 \| a \\\| b \|\n$/u,
  );
});
