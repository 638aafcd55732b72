import { createSqliteStore } from '#store/sqlite.ts';
import { openDatabase, STORE_FORMAT, type StoreFormat } from '#store/sqlite-database.ts';
import { armFailpoints } from '#system/failpoints.ts';

/** What a program two versions ahead of this one might know. */
export const NEWER_FORMAT: StoreFormat = {
  ...STORE_FORMAT,
  version: STORE_FORMAT.version + 2,
  migrations: [
    ...STORE_FORMAT.migrations,
    {
      to: STORE_FORMAT.version + 1,
      sql: "ALTER TABLE log ADD COLUMN note TEXT; UPDATE log SET note = 'migrated'",
    },
    {
      to: STORE_FORMAT.version + 2,
      sql: 'CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT; INSERT INTO notes VALUES (1)',
    },
  ],
};

/** As a program, for tests that kill it: opens the store at the path given, and says how many keys it has. */
if (process.argv[1] === import.meta.filename) {
  armFailpoints(process.env['SKERRY_FAILPOINTS'] ?? '');
  await using store = createSqliteStore(openDatabase(process.argv[2] ?? '', NEWER_FORMAT), {
    defer: setImmediate,
  });
  console.log(await store.count('/'));
}
