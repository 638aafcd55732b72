import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProcessDiedError, ProcessLife } from '#simulation/process-life.ts';
import { logOnDisk } from '#simulation/simulated-log.ts';
import { createMemoryLog } from '#store/memory-log.ts';
import { SimulatedClock, seededRandom } from '#system/simulated-time.ts';

describe('a process that is killed', () => {
  it('has no timer that fires', async () => {
    const clock = new SimulatedClock();
    const life = new ProcessLife(clock);
    let fired = false;
    life.clock.after(10, () => {
      fired = true;
    });
    life.kill();
    await clock.advance(100);
    assert.equal(fired, false);
  });

  it('reaches nothing any more', async () => {
    const clock = new SimulatedClock();
    const life = new ProcessLife(clock);
    const calls: string[] = [];
    const outside = life.reach({ call: async (text: string) => void calls.push(text) });
    await outside.call('alive');
    life.kill();
    void outside.call('dead');
    await clock.advance(100);
    assert.deepEqual(calls, ['alive']);
  });

  it('leaves those without an answer who asked it', async () => {
    const life = new ProcessLife(new SimulatedClock());
    const answer = life.answered(new Promise(() => undefined));
    life.kill();
    await assert.rejects(answer, ProcessDiedError);
  });

  it('never acknowledges what its disk was still writing, and keeps it or not', async () => {
    const outcomes = new Set<number>();
    for (let seed = 1; seed <= 10; seed++) {
      const clock = new SimulatedClock();
      const life = new ProcessLife(clock);
      const kept = createMemoryLog();
      await kept.replace({ epoch: 0, compacted: 1, entries: [], commits: [] });
      const log = logOnDisk(kept, { life, speed: { commitMs: 100 }, random: seededRandom(seed) });
      let isAcknowledged = false;
      void log.append([{ revision: 2, changes: [] }]).then(() => {
        isAcknowledged = true;
      });
      await clock.advance(50);
      life.kill();
      await clock.advance(1000);
      assert.equal(isAcknowledged, false);
      outcomes.add((await kept.read())?.commits.length ?? -1);
    }
    assert.deepEqual([...outcomes].toSorted(), [0, 1]);
  });
});
