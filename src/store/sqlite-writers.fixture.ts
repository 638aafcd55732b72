import { text } from '#store/conformance-words.ts';
import { openSqliteStore } from '#store/sqlite.ts';
import { keysOf, WRITERS } from '#store/sqlite-survival.fixture.ts';
import { armFailpoints } from '#system/failpoints.ts';

/**
 * The program that tests kill: writers that count up in the store at the path given, each in two keys that one commit
 * changes together. After each acknowledgement it prints `<writer> <count> <revision>`; where the store is out of order,
 * `refused`. It compacts now and then, and goes on until it is killed.
 */
armFailpoints(process.env['SKERRY_FAILPOINTS'] ?? '');
const store = openSqliteStore(process.argv[2] ?? '', { defer: setImmediate });

const writers = Array.from({ length: WRITERS }, async (_, writer) => {
  const [key, twin] = keysOf(writer);
  for (let count = Number(text((await store.get(key))?.value) ?? 0) + 1; ; count++) {
    const value = Buffer.from(String(count));
    const result = await store.commit([
      { type: 'put', key, value },
      { type: 'put', key: twin, value },
    ]);
    process.stdout.write(
      `${writer} ${count} ${result.type === 'committed' ? result.revision : 'conflict'}\n`,
    );
    if (writer === 0 && count % 100 === 0) await store.compact(store.revision - 200);
  }
});

for (const outcome of await Promise.allSettled(writers)) {
  if (outcome.status === 'rejected') process.stdout.write(`refused ${outcome.reason}\n`);
}
process.stdin.resume();
