import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatGraph, rankFaults } from './ranks.ts';

const packages = {
  dependencies: new Set(['yaml', '@peculiar/x509']),
  devDependencies: new Set(['fast-check']),
};

/** The faults of files given as path and text, without the part up to the colon. */
function faultsOf(files: Record<string, string>): string[] {
  const sources = Object.entries(files).map(([path, text]) => ({ path: `src/${path}`, text: `${text}\n` }));
  return rankFaults(sources, packages);
}

test('what the ranks allow is no fault', () => {
  const files = {
    'system/clock.ts': "import net from 'node:net';\nimport { z } from '../../package.json';",
    'api/age.ts': "import { timestamp } from '#system/clock.ts';",
    'store/store.ts': "import { parse } from 'yaml';\nimport x from '@peculiar/x509/build';",
    'store/store.test.ts': "import fc from 'fast-check';\nimport {\n  a,\n  b,\n} from '#store/store.ts';",
    'hub/hub.ts': "import '#store/store.ts';",
    'main.ts': "import { hub } from '#hub/hub.ts';",
    'apiserver/test-server.ts': '',
    'client/view.test.ts': "import { s } from '#apiserver/test-server.ts';",
  };
  assert.deepEqual(faultsOf(files), []);
});

test('each fault is told with its file and line', () => {
  const clock = { 'system/clock.ts': 'export const a = 1;' };
  const situations: [files: Record<string, string>, expected: RegExp][] = [
    [
      { ...clock, 'api/age.ts': '', 'system/x.ts': "\nimport { a } from '#api/age.ts';" },
      /^src\/system\/x\.ts:2: .*rank 0/u,
    ],
    [{ ...clock, 'api/age.ts': "import { l } from '#system/log.ts';", 'system/log.ts': '' }, /api has 0/u],
    [
      { 'link/a.ts': '', 'fleet/b.ts': "import type { A } from '#link/a.ts';" },
      /link has rank 4, fleet has 4/u,
    ],
    [{ 'cri/a.ts': '', 'api/b.ts': "const a = await import('#cri/a.ts');" }, /cri has rank 1/u],
    [{ 'api/a.ts': "import { b } from './b.ts';", 'api/b.ts': '' }, /say "#room\/file\.ts"/u],
    [{ 'api/a.ts': "import { b } from '../b.ts';" }, /say "#room\/file\.ts"/u],
    [{ 'api/a.ts': "import { b } from '#api/b.ts';" }, /does not exist/u],
    [{ 'api/a.ts': "import fc from 'fast-check';" }, /package "fast-check"/u],
    [{ 'api/a.ts': "import { x } from '@other/thing/deep';" }, /package "@other\/thing"/u],
    [{ 'api/a.ts': "import { b } from '#api/b.fixture.ts';", 'api/b.fixture.ts': '' }, /is for tests/u],
    [
      { 'apiserver/test-server.ts': '', 'store/a.test.ts': "import { s } from '#apiserver/test-server.ts';" },
      /apiserver has rank 3/u,
    ],
    [
      { 'apiserver/serve.ts': '', 'client/a.ts': "import { s } from '#apiserver/serve.ts';" },
      /apiserver has rank 3/u,
    ],
    [{ 'api/utils.ts': '' }, /"utils\.ts" does not say what it does/u],
    [{ 'api/common/text.ts': '' }, /"common" does not say/u],
    [{ 'misplaced/a.ts': '' }, /"misplaced" is no room/u],
    [
      {
        'api/a.ts': "/** All. */\nexport * from '#api/b.ts';\nexport { c } from '#api/b.ts';",
        'api/b.ts': '',
      },
      /only hands on/u,
    ],
  ];
  for (const [files, expected] of situations) {
    const faults = faultsOf(files);
    assert.equal(faults.length, 1, JSON.stringify({ files, faults }));
    assert.match(faults[0] ?? '', expected);
  }
});

test('a cycle is a fault, but for one of types alone', () => {
  const cycle = (word: string): Record<string, string> => ({
    'api/a.ts': "import { b } from '#api/b.ts';",
    'api/b.ts': "import { c } from '#api/c.ts';",
    'api/c.ts': `import ${word}{ a } from '#api/a.ts';`,
  });
  assert.deepEqual(faultsOf(cycle('')), [
    'src/api/a.ts:1: imports itself: src/api/a.ts -> src/api/b.ts -> src/api/c.ts -> src/api/a.ts',
  ]);
  assert.deepEqual(faultsOf(cycle('type ')), []);
});

test('the graph shows rooms by rank with their imports', () => {
  const files = [
    { path: 'src/store/store.ts', text: "import { a } from '#system/clock.ts';\n" },
    { path: 'src/system/clock.ts', text: 'export const a = 1;\nexport const b = 1;\n' },
  ];
  assert.match(
    formatGraph(files),
    /^0 {2}system +1 files +2 lines {2}-> {2}\n1 {2}store +1 files +1 lines {2}-> {2}system 1$/u,
  );
});
