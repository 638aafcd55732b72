import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { interpret } from '#cri/simulated-program.ts';

/** What a command prints, and how it ends: `code@milliseconds`, or that it runs on. */
function shown(command: string[]): string | undefined {
  const program = interpret(command);
  if (program === undefined) return undefined;
  const prints = program.prints.map(({ afterMs, text }) => `${text}@${afterMs}`);
  const { ends } = program;
  return [...prints, ends === undefined ? 'runs on' : `exit ${ends.exitCode}@${ends.afterMs}`].join(', ');
}

describe('a simulated program', () => {
  const situations: [what: string, command: string[], shown: string | undefined][] = [
    ['sleeps', ['sleep', '5'], 'exit 0@5005'],
    ['sleeps in other units', ['/bin/sleep', '1.5m'], 'exit 0@90005'],
    ['sleeps for ever', ['sleep', 'infinity'], 'runs on'],
    ['fails', ['false'], 'exit 1@5'],
    [
      'runs a line of shell',
      ['sh', '-c', 'echo a; sleep 1; echo "b c"; exit 3'],
      'a@5, b c@1005, exit 3@1005',
    ],
    ['ends with the code of its last command', ['/bin/sh', '-ec', 'true; false'], 'exit 1@5'],
    ['exits with the code before', ['sh', '-c', 'false; exit'], 'exit 1@5'],
    ['skips what follows a failure', ['sh', '-c', 'false && echo never; echo always'], 'always@5, exit 0@5'],
    ['goes on after a success', ['sh', '-c', 'true && echo yes'], 'yes@5, exit 0@5'],
    [
      'runs on where it does not understand',
      ['sh', '-c', 'echo up; while true; do sleep 1; done'],
      'up@5, runs on',
    ],
    ['ends at once as a shell without input', ['sh'], 'exit 0@5'],
    ['knows no other program', ['nginx', '-g', 'daemon off;'], undefined],
    ['knows nothing of nothing', [], undefined],
  ];
  for (const [what, command, expected] of situations) {
    it(what, () => assert.equal(shown(command), expected));
  }
});
