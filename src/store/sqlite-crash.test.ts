import { test } from 'node:test';
import { inFolder, withStore } from '#store/sqlite-bed.fixture.ts';
import { checkSurvival, writeAndKill } from '#store/sqlite-survival.fixture.ts';

test('a killed process loses no acknowledged commit, and leaves none half-written', async () => {
  await inFolder(async (path) => {
    for (const commits of [1, 40, 399, 850, 1700]) {
      const acknowledged = await writeAndKill(path, { commits });
      await withStore(path, (store) => checkSurvival(store, acknowledged));
    }
  });
});
