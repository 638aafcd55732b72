import { firstRevision } from '#store/revision-range.ts';
import { openDatabase } from '#store/sqlite-database.ts';
import { checksumOf, prepare } from '#store/sqlite-statement.ts';
import type { Entry } from '#store/store.ts';

/**
 * Makes a database at `path` that holds exactly `entries`, each with the revision that it had, in an epoch above them:
 * everything from before it is gone, and every client has to list again. Resolves when it is durable. The file is new.
 */
export async function writeRestoredDatabase(
  path: string,
  { epoch, entries }: { epoch: number; entries: AsyncIterable<Entry> },
): Promise<void> {
  const database = openDatabase(path);
  try {
    const insertRow = prepare<[id: number, ahead: number, key: string, checksum: number, value: Uint8Array]>(
      database,
      'INSERT INTO log (id, ahead, key, previous, deleted, checksum, value) VALUES (?, ?, ?, 0, 0, ?, ?)',
    );
    const insertCurrent = prepare<[key: string, id: number, ahead: number]>(
      database,
      'INSERT INTO current (key, id, ahead, deleted) VALUES (?, ?, ?, 0)',
    );
    const insertMeta = prepare<[name: string, value: number]>(
      database,
      'INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)',
    );
    /** Entries of one commit share its revision, but each has a row of its own, before it. */
    const taken = new Set<number>([0]);
    database.exec('BEGIN IMMEDIATE');
    for await (const { key, value, revision } of entries) {
      let ahead = 0;
      while (taken.has(revision - ahead)) ahead += 1;
      taken.add(revision - ahead);
      insertRow.run(revision - ahead, ahead, key, checksumOf(key, value), value);
      insertCurrent.run(key, revision - ahead, ahead);
    }
    insertMeta.run('epoch', epoch);
    insertMeta.run('compacted', firstRevision(epoch));
    database.exec('COMMIT');
    database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
  } finally {
    database.close();
  }
}

/** The epoch of the database at `path`; undefined where it cannot be told. Nobody else has it open. */
export function readEpoch(path: string): number | undefined {
  try {
    const database = openDatabase(path);
    try {
      const row = prepare<[], [value: number]>(database, "SELECT value FROM meta WHERE name = 'epoch'").one();
      return row?.[0];
    } finally {
      database.close();
    }
  } catch {
    // Damaged, perhaps: that is what a backup is restored for.
    return undefined;
  }
}
