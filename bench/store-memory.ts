import { openSqliteStore } from '#store/sqlite.ts';

/**
 * Started by the store bench: fills a store with 100,000 values of 1 KB, says so in one line, and keeps the store open
 * until its standard input ends.
 */
const KEYS = 100_000;

await using store = openSqliteStore(process.argv[2] ?? '', { defer: setImmediate });
const value = Buffer.alloc(1024, 'x');
for (let index = 0; index < KEYS; index += 64) {
  const keys = Array.from(
    { length: Math.min(64, KEYS - index) },
    (_, n) => `/registry/pods/default/pod-${index + n}`,
  );
  await Promise.all(keys.map((key) => store.commit([{ type: 'put', key, value }])));
}
console.log(store.revision);
for await (const _ of process.stdin) continue;
