import type { RevisionRange } from '#store/revision-range.ts';
import type { StoreEvent, Watcher, WatchHandle } from '#store/store.ts';
import { RevisionExpiredError } from '#store/store.ts';

/** What {@link Watches} needs of a driver. */
export interface WatchSource {
  range(): RevisionRange;
  /** The changes under `prefix` after revision `after`: those of a bounded number of whole commits. Throws where damaged. */
  readEvents(prefix: string, after: number): EventPage;
}

export interface EventPage {
  readonly events: readonly StoreEvent[];
  /** The last revision looked at: greater than `after` unless that is the newest. */
  readonly upTo: number;
}

/**
 * The watches of one store. A watch first replays the log page by page, in turns of the event loop; where it has caught
 * up, in that same turn, it begins to be handed what is published. So no commit falls between the two, and none is told twice.
 */
export class Watches {
  readonly #source: WatchSource;
  readonly #defer: (callback: () => void) => void;
  readonly #open = new Set<Watch>();
  readonly #replays: Watch[] = [];
  /** Whether a turn for the replays is to come. */
  #turning = false;
  readonly #liveByPrefix = new Map<string, Set<Watch>>();
  /** How many live prefixes have a length: a key is looked up once for each length, however many watches there are. */
  readonly #prefixesByLength = new Map<number, number>();

  constructor(source: WatchSource, defer: (callback: () => void) => void) {
    this.#source = source;
    this.#defer = defer;
  }

  /** Opens a watch after a revision that the source can read. The first event comes in a later turn. */
  open(prefix: string, after: number, watcher: Watcher): WatchHandle {
    const watch: Watch = { prefix, watcher, toldTo: after };
    this.#open.add(watch);
    this.#defer(() => {
      this.#replays.push(watch);
      if (!this.#turning) this.#turn();
    });
    const source = this.#source;
    return {
      get revision() {
        return watch.toldTo ?? source.range().revision;
      },
      close: () => this.#remove(watch),
    };
  }

  /** Whether a live watch covers `key`. */
  isWatched(key: string): boolean {
    for (const length of this.#prefixesByLength.keys()) {
      if (this.#liveByPrefix.has(key.slice(0, length))) return true;
    }
    return false;
  }

  /** Hands the events of whole commits, just committed, to the live watches. Watches of one prefix share the array. */
  publish(events: readonly StoreEvent[]): void {
    const batches = new Map<Set<Watch>, StoreEvent[]>();
    for (const event of events) {
      for (const group of this.#groupsOf(event.key)) {
        const batch = batches.get(group);
        if (batch === undefined) batches.set(group, [event]);
        else batch.push(event);
      }
    }
    for (const [group, batch] of batches) {
      for (const watch of group) if (this.#open.has(watch)) tell(watch, batch);
    }
  }

  /** Ends the live watches that cover `key`: for a change that cannot be told. */
  endCovering(key: string, reason: Error): void {
    for (const group of this.#groupsOf(key)) for (const watch of group) this.#end(watch, reason);
  }

  /** Ends every watch: the store closes. */
  endAll(reason: Error): void {
    for (const watch of this.#open) this.#end(watch, reason);
  }

  /** Moves replays on until one page was read, so that a herd of old watches does not hold up a turn. */
  #turn(): void {
    for (let next = this.#replays.shift(); next !== undefined; next = this.#replays.shift()) {
      if (this.#replay(next)) break;
    }
    this.#turning = this.#replays.length > 0;
    if (this.#turning) this.#defer(() => this.#turn());
  }

  /** One step of one replay; true where that read a page. */
  #replay(watch: Watch): boolean {
    if (!this.#open.has(watch)) return false;
    const range = this.#source.range();
    const { toldTo: after } = watch;
    if (after === undefined || after >= range.revision) {
      this.#goLive(watch);
      return false;
    }
    if (after < range.compacted) {
      const message = `watch of "${watch.prefix}" at revision ${after} was overtaken by compaction at ${range.compacted}`;
      this.#end(watch, new RevisionExpiredError(message));
      return false;
    }
    let page: EventPage;
    try {
      page = this.#source.readEvents(watch.prefix, after);
    } catch (error) {
      this.#end(watch, error instanceof Error ? error : new Error(String(error)));
      return true;
    }
    this.#replays.push(watch);
    if (page.events.length > 0) tell(watch, page.events);
    watch.toldTo = page.upTo;
    return true;
  }

  *#groupsOf(key: string): Generator<Set<Watch>> {
    for (const length of this.#prefixesByLength.keys()) {
      if (length > key.length) continue;
      const group = this.#liveByPrefix.get(key.slice(0, length));
      if (group !== undefined) yield group;
    }
  }

  #goLive(watch: Watch): void {
    watch.toldTo = undefined;
    const group = this.#liveByPrefix.get(watch.prefix);
    if (group !== undefined) {
      group.add(watch);
      return;
    }
    this.#liveByPrefix.set(watch.prefix, new Set([watch]));
    const { length } = watch.prefix;
    this.#prefixesByLength.set(length, (this.#prefixesByLength.get(length) ?? 0) + 1);
  }

  #end(watch: Watch, reason: Error): void {
    if (!this.#open.has(watch)) return;
    this.#remove(watch);
    watch.watcher.end(reason);
  }

  #remove(watch: Watch): void {
    this.#open.delete(watch);
    const group = this.#liveByPrefix.get(watch.prefix);
    if (group === undefined || !group.delete(watch) || group.size > 0) return;
    this.#liveByPrefix.delete(watch.prefix);
    const { length } = watch.prefix;
    const left = (this.#prefixesByLength.get(length) ?? 1) - 1;
    if (left === 0) this.#prefixesByLength.delete(length);
    else this.#prefixesByLength.set(length, left);
  }
}

interface Watch {
  readonly prefix: string;
  readonly watcher: Watcher;
  /** The revision up to which a replay has told it; undefined once it is live, and told of everything as it is committed. */
  toldTo: number | undefined;
}

/** A watcher must not throw. One that does must not harm the store or the other watchers either, so it fails on its own. */
function tell(watch: Watch, batch: readonly StoreEvent[]): void {
  try {
    watch.watcher.events(batch);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
