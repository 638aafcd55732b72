import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PLANTS } from '#simulation/plants/all-plants.ts';
import { runSimulation } from '#simulation/run-simulation.ts';

/** Which invariant catches which defect. */
const CATCHERS: Readonly<Record<string, string>> = {
  'double-start': 'one-container',
  'early-ack': 'acknowledged-writes',
  'empty-desired-on-disconnect': 'desired-from-hub',
  'lost-report': 'convergence',
  'lost-watch-event': 'views-agree',
  'revision-reuse': 'acknowledged-writes',
  'wrong-stop': 'stops-have-causes',
};

describe('a simulated fleet', () => {
  it('repeats a run byte for byte from its seed', async () => {
    const [first, second] = [
      await runSimulation({ seed: 11, hours: 0.4, sites: 3 }),
      await runSimulation({ seed: 11, hours: 0.4, sites: 3 }),
    ];
    assert.deepEqual(second.transcript, first.transcript);
    assert.ok(first.transcript.length > 20, 'little has happened');
  });

  it('does something else for another seed', async () => {
    const [one, other] = [
      await runSimulation({ seed: 1, hours: 0.05, sites: 2 }),
      await runSimulation({ seed: 2, hours: 0.05, sites: 2 }),
    ];
    assert.notDeepEqual(other.transcript.slice(1), one.transcript.slice(1));
  });

  it('holds every invariant', async () => {
    // Twenty seeds, and for longer, are a step of their own of every check.
    const { violations, transcript } = await runSimulation({ seed: 1, hours: 0.05, sites: 2 });
    assert.deepEqual(violations, [], transcript.join('\n'));
  });
});

describe('a planted defect is caught', () => {
  for (const plant of PLANTS) {
    it(plant.name, async () => {
      const { violations, transcript } = await runSimulation({ seed: 7, hours: 2, sites: 3, plant });
      assert.equal(violations[0]?.invariant, CATCHERS[plant.name], transcript.slice(-20).join('\n'));
      assert.equal(transcript.at(-1), `broken: ${CATCHERS[plant.name] ?? ''}`);
    });
  }
});
