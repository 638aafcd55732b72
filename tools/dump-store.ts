/**
 * Prints a store's database as SQL that makes the same one: how a data folder of a version is kept as a fixture.
 *
 * Run: `node tools/dump-store.ts FOLDER/store.db > src/store/format-N.fixture.sql`, while no process has the folder open.
 */
import { DatabaseSync } from 'node:sqlite';

const database = new DatabaseSync(process.argv[2] ?? '', { readOnly: true });

function pragma(name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}

/** Text where it is text: so that a person can read the fixture. */
function literal(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  const bytes = Buffer.from(value as Uint8Array);
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes) && !text.includes('\0') && !text.includes('\n');
  return isText ? `CAST(${literal(text)} AS BLOB)` : `x'${bytes.toString('hex')}'`;
}

console.log(`PRAGMA application_id = ${pragma('application_id')};`);
console.log(`PRAGMA user_version = ${pragma('user_version')};`);
const tables = database.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").all();
for (const { name, sql } of tables) {
  console.log(`${String(sql).replaceAll(/\s+/gu, ' ')};`);
  for (const row of database.prepare(`SELECT * FROM ${String(name)}`).all())
    console.log(`INSERT INTO ${String(name)} VALUES (${Object.values(row).map(literal).join()});`);
}
