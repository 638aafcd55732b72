import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readArguments } from '#simulation/arguments.ts';

describe('the command line of a simulation', () => {
  it('runs seed 1 for an hour with five sites where nothing is said', () => {
    assert.deepEqual(readArguments([]), { type: 'run', seeds: [1], hours: 1, sites: 5, plant: undefined });
  });

  it('takes a range of seeds', () => {
    const command = readArguments(['--seeds', '3..5', '--hours', '0.5', '--sites', '2']);
    assert.deepEqual(command, { type: 'run', seeds: [3, 4, 5], hours: 0.5, sites: 2, plant: undefined });
  });

  it('takes a count of seeds', () => {
    const command = readArguments(['--seeds', '3']);
    assert.deepEqual(command.type === 'run' ? command.seeds : undefined, [1, 2, 3]);
  });

  it('takes one seed', () => {
    const command = readArguments(['--seed', '7']);
    assert.deepEqual(command.type === 'run' ? command.seeds : undefined, [7]);
  });

  it('finds a defect by its name', () => {
    const command = readArguments(['--plant', 'early-ack']);
    assert.equal(command.type === 'run' ? command.plant?.name : undefined, 'early-ack');
  });

  for (const [args, message] of [
    [['--seed', 'x'], /"x" is no seed/u],
    [['--seeds', '5..3'], /"5\.\.3" is no seed/u],
    [['--hours', '0'], /--hours "0"/u],
    [['--sites', '1.5'], /--sites "1\.5"/u],
    [['--plant', 'none'], /--plant "none" is none of double-start/u],
    [['--other'], /--other/u],
  ] as const) {
    it(`refuses ${args.join(' ')}`, () => {
      const command = readArguments(args);
      assert.match(command.type === 'wrong' ? command.message : '', message);
    });
  }
});
