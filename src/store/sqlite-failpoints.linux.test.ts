import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inFolder, withStore } from '#store/sqlite-bed.fixture.ts';
import { checkSurvival, writeAndKill } from '#store/sqlite-survival.fixture.ts';

/** Each place with the passes at which the process is killed there. */
const KILLS: readonly [place: string, passes: readonly number[]][] = [
  ['commit.before', [3, 57, 311]],
  ['commit.within', [9, 402, 1203]],
  ['commit.after', [2, 60, 290]],
  ['compact.before', [1, 2]],
  ['compact.within', [1, 4, 9]],
  ['compact.after', [1, 2]],
];

test('killed at every failpoint, a store loses no acknowledged commit, repeats no revision, and leaves nothing half-written', async () => {
  await inFolder(async (path) => {
    let [kills, acknowledged, newest] = [0, 0, 0];
    for (const [place, passes] of KILLS) {
      for (const pass of passes) {
        const survived = await writeAndKill(path, { commits: Infinity, failpoints: `${place}=kill@${pass}` });
        await withStore(path, async (store) => {
          await checkSurvival(store, survived);
          assert.ok(store.revision >= newest);
          newest = store.revision;
        });
        kills += 1;
        acknowledged += survived.counts.size;
      }
    }
    console.log(`# ${kills} kills at failpoints, up to revision ${newest}: 0 acknowledged commits lost`);
    assert.ok(acknowledged > 0);
  });
});
