import type { DatabaseSync } from 'node:sqlite';
import { assert } from '#system/assert.ts';
import { failpoint } from '#system/failpoints.ts';

/** One step from a version of the tables to the next. */
export interface Migration {
  /** The version that it makes. */
  readonly to: number;
  /** Statements that take the tables of the version before, with whatever they hold. */
  readonly sql: string;
}

/**
 * Takes the tables from version `from` through all `steps` after it, in one transaction: whoever is cut off in the middle, by a
 * kill or by the power, leaves tables of version `from`, which the older program opens as before.
 */
export function migrateDatabase(
  database: DatabaseSync,
  { from, steps }: { from: number; steps: readonly Migration[] },
): void {
  const due = steps.filter(({ to }) => to > from);
  for (const [index, { to }] of due.entries())
    assert(to === from + index + 1, `migrations of the store: version ${to} follows ${from + index}`);
  if (due.length === 0) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const { to, sql } of due) {
      database.exec(sql);
      database.exec(`PRAGMA user_version = ${to}`);
      failpoint('migrate.within');
    }
    database.exec('COMMIT');
    failpoint('migrate.after');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
