import type { Entry } from '#store/store.ts';

/** Entries that are kept; with one more all of them are forgotten: what is read often is soon there again. */
const ENTRIES_MAX = 256;

/** The largest value that is kept, in bytes. */
const VALUE_BYTES_MAX = 8 * 1024;

/**
 * The entries in force of keys that were just read one by one: a few of them are read with every request. Whoever changes
 * a key must {@link forget} it in the same turn.
 */
export class RecentEntries {
  readonly #entries = new Map<string, Entry>();

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Takes in the entry in force of a key. */
  keep(entry: Entry): void {
    if (entry.value.length > VALUE_BYTES_MAX) return;
    if (this.#entries.size >= ENTRIES_MAX) this.#entries.clear();
    this.#entries.set(entry.key, entry);
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }
}
