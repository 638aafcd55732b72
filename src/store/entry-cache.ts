import type { Entry } from '#store/store.ts';

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
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.drop(oldest);
    }
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

  #add(id: number, entry: Entry): void {
    this.drop(id);
    this.#entries.set(id, entry);
    this.#bytes += costOf(entry);
  }
}

function costOf(entry: Entry): number {
  return entry.value.length + OVERHEAD_BYTES;
}
