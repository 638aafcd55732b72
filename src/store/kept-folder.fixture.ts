import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';

/** The versions of the tables of which a whole database is kept, as SQL: every later version must read each of them. */
export const KEPT_FORMATS = [1] as const;

/**
 * Makes the database that a hub of that version left behind: namespaces, workloads, services with addresses, a kind of its own
 * in two versions with an object, a site and an application, and a history of changes and deletions; no roles of the system.
 */
export function writeKeptDatabase(path: string, format: (typeof KEPT_FORMATS)[number]): void {
  const sql = fileURLToPath(import.meta.resolve(`./format-${format}.fixture.sql`));
  const database = new DatabaseSync(path);
  try {
    database.exec(`BEGIN; ${readFileSync(sql, 'utf8')} COMMIT`);
  } finally {
    database.close();
  }
}
