import { compareKeys, prefixEnd } from '#store/key-order.ts';
import type { LogContent, LoggedChange, LoggedCommit } from '#store/memory-log.ts';
import type { RevisionRange } from '#store/revision-range.ts';
import type { Entry, ListOptions, ListResult, StoreEvent } from '#store/store.ts';
import type { EventPage } from '#store/watches.ts';

/** The last states of one key, oldest first; the first may be the one in force at the compacted revision. */
type Versions = Version[];

interface Version {
  readonly entry: Entry;
  readonly deleted: boolean;
}

/** Every key's states since the compacted revision, and the events between them. */
export class MemoryState {
  #compacted: number;
  #revision: number;
  readonly #versions = new Map<string, Versions>();
  /** The keys of `#versions`, in order. */
  #keys: string[] = [];
  #events: StoreEvent[] = [];

  constructor(content: LogContent) {
    this.#compacted = content.compacted;
    this.#revision = content.compacted;
    for (const entry of content.entries) this.#versions.set(entry.key, [{ entry, deleted: false }]);
    this.#keys = [...this.#versions.keys()].sort(compareKeys);
    for (const commit of content.commits) this.apply(commit);
  }

  get range(): RevisionRange {
    return { compacted: this.#compacted, revision: this.#revision };
  }

  /** The entry of `key` as of `revision`, by default now. */
  get(key: string, revision = this.#revision): Entry | undefined {
    const version = this.#versions.get(key)?.findLast(({ entry }) => entry.revision <= revision);
    return version === undefined || version.deleted ? undefined : version.entry;
  }

  /** The entries under `prefix`, as {@link ListOptions} say. */
  list(prefix: string, options: ListOptions = {}): ListResult {
    const { revision = this.#revision, limit = Infinity, startAfter } = options;
    const end = prefixEnd(prefix);
    const entries: Entry[] = [];
    let remaining = 0;
    for (let at = this.#firstKey(prefix, startAfter); at < this.#keys.length; at++) {
      const key = this.#keys[at];
      if (key === undefined || (end !== undefined && compareKeys(key, end) >= 0)) break;
      const entry = this.get(key, revision);
      if (entry === undefined) continue;
      if (entries.length < limit) entries.push(entry);
      else remaining += 1;
    }
    return { entries, revision, remaining };
  }

  /** All changes under `prefix` after a revision that can be read. */
  readEvents(prefix: string, after: number): EventPage {
    const events = this.#events
      .slice(this.#firstEventAfter(after))
      .filter(({ key }) => key.startsWith(prefix));
    return { events, upTo: this.#revision };
  }

  /** Applies a commit that is durable, and says what it changed. */
  apply({ revision, changes }: LoggedCommit): StoreEvent[] {
    const events = changes.map(({ key, deleted, value }): StoreEvent => {
      const previous = this.get(key)?.value;
      this.#push({ entry: { key, value, revision }, deleted });
      const type = deleted ? 'delete' : 'put';
      return previous === undefined
        ? { type, key, value, revision }
        : { type, key, value, revision, previous };
    });
    this.#revision = revision;
    this.#events.push(...events);
    return events;
  }

  /** What a log needs to keep to go on from `revision`. */
  contentFrom(revision: number, epoch: number): LogContent {
    const commits = new Map<number, LoggedChange[]>();
    for (const { type, key, value, revision: at } of this.#events.slice(this.#firstEventAfter(revision))) {
      const changes = commits.get(at) ?? [];
      changes.push({ key, value, deleted: type === 'delete' });
      commits.set(at, changes);
    }
    return {
      epoch,
      compacted: revision,
      entries: this.list('', { revision }).entries,
      commits: Array.from(commits, ([at, changes]) => ({ revision: at, changes })),
    };
  }

  /** Forgets what only revisions before `revision` need. */
  compact(revision: number): void {
    const firstKept = this.#firstEventAfter(revision);
    for (const key of new Set(this.#events.slice(0, firstKept).map((event) => event.key)))
      this.#trim(key, revision);
    this.#events = this.#events.slice(firstKept);
    this.#compacted = revision;
  }

  #trim(key: string, revision: number): void {
    const versions = this.#versions.get(key) ?? [];
    const kept = versions.filter((version, index) => {
      const next = versions[index + 1];
      const superseded = next !== undefined && next.entry.revision <= revision;
      return !superseded && !(version.deleted && version.entry.revision <= revision);
    });
    if (kept.length > 0) {
      this.#versions.set(key, kept);
      return;
    }
    this.#versions.delete(key);
    this.#keys.splice(this.#firstKey(key), 1);
  }

  #push(version: Version): void {
    const { key } = version.entry;
    const versions = this.#versions.get(key);
    if (versions !== undefined) {
      versions.push(version);
      return;
    }
    this.#versions.set(key, [version]);
    this.#keys.splice(this.#firstKey(key), 0, key);
  }

  /** The place of the first key that is at least `from` and greater than `startAfter`. */
  #firstKey(from: string, startAfter?: string): number {
    return lowerBound(this.#keys, (key) => {
      return compareKeys(key, from) >= 0 && (startAfter === undefined || compareKeys(key, startAfter) > 0);
    });
  }

  #firstEventAfter(revision: number): number {
    return lowerBound(this.#events, (event) => event.revision > revision);
  }
}

/** The first index at which `holds` is true, where it is false before some index and true from there on. */
function lowerBound<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
