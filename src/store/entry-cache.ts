import type { Entry } from '#store/store.ts';
import { must } from '#system/assert.ts';

/** What an entry costs beside its bytes: the objects and the key around them. */
const OVERHEAD_BYTES = 300;

/**
 * Entries by the row that holds them, within a limit of bytes. Rows never change, so what is in here is never wrong.
 * New rows drive out the oldest ones; rows that were merely read come in only where there is room, so that one large
 * list does not drive out what is used.
 */
export class EntryCache {
  readonly #bytesMax: number;
  readonly #entries = new Map<number, Entry>();
  /** Goes through the rows from the oldest on; kept, because a new iterator would step over all that was deleted. */
  #oldest = this.#entries.keys();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The bytes kept, the overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  get(id: number): Entry | undefined {
    return this.#entries.get(id);
  }

  /** Takes in a row that was just written. */
  written(id: number, entry: Entry): void {
    // A view of much more memory than its own would hold on to all of it.
    if (entry.value.length * 2 < entry.value.buffer.byteLength) return;
    this.#add(id, entry);
    while (this.#bytes > this.#bytesMax) this.drop(this.#nextOldest());
  }

  /** Takes in a row that was read, where there is room. */
  read(id: number, entry: Entry): void {
    if (this.#bytes + costOf(entry) <= this.#bytesMax) this.#add(id, entry);
  }

  /** Forgets a row: it was superseded. */
  drop(id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#bytes -= costOf(entry);
  }

  #nextOldest(): number {
    let next = this.#oldest.next();
    if (next.done) {
      this.#oldest = this.#entries.keys();
      next = this.#oldest.next();
    }
    return must(next.value, 'an entry, as there are bytes');
  }

  #add(id: number, entry: Entry): void {
    this.drop(id);
    this.#entries.set(id, entry);
    this.#bytes += costOf(entry);
  }
}

function costOf(entry: Entry): number {
  return entry.value.length + OVERHEAD_BYTES;
}
