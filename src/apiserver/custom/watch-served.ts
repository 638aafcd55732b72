import type { ResourceType } from '#api/resource.ts';
import { StatusError } from '#api/status.ts';
import { servedEntries } from '#apiserver/custom/stored-form.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import type { Entry, StoreEvent, Watcher, WatchHandle } from '#store/store.ts';

/** Batches of changes that may wait to be brought into the version that a watcher wants; at more, its watch is ended. */
const WAITING_BATCHES_MAX = 1000;

/** What a store event says in the version of a kind: made once for all its watchers. */
const servedEvents = new WeakMap<ResourceType, WeakMap<StoreEvent, Promise<StoreEvent>>>();

/**
 * {@link Store.watch} of a kind, each change as an object of the version asked for. A watch of a custom kind ends when its
 * definition changes: whoever watches begins again, with what is served then.
 */
export async function watchServed(
  context: RestContext,
  type: ResourceType,
  watch: { readonly prefix: string; readonly from: number; readonly watcher: Watcher },
): Promise<WatchHandle> {
  const { prefix, from, watcher } = watch;
  const { custom, storedAs } = type;
  if (custom === undefined && storedAs === undefined) return context.store.watch(prefix, from, watcher);
  const retired = custom?.retired ?? NEVER;
  const queue = new OrderedEvents(context, type, watcher);
  const handle = await context.store.watch(prefix, from, queue);
  const retire = (): void => queue.end(new StatusError('Expired', 'the definition of the kind has changed'));
  retired.addEventListener('abort', retire, { once: true });
  if (retired.aborted) retire();
  return {
    get revision() {
      return queue.waiting === 0 ? handle.revision : queue.revision;
    },
    close() {
      retired.removeEventListener('abort', retire);
      queue.close();
      handle.close();
    },
  };
}

/** The signal of what is never retired: a built-in kind. */
const NEVER = new AbortController().signal;

/** Passes batches on in their order, each once it is in the version wanted. */
class OrderedEvents implements Watcher {
  readonly #context: RestContext;
  readonly #type: ResourceType;
  readonly #watcher: Watcher;
  #last: Promise<void> = Promise.resolve();
  #closed = false;
  /** Batches that are not passed on yet. */
  waiting = 0;
  /** The last revision that was passed on. */
  revision = 0;

  constructor(context: RestContext, type: ResourceType, watcher: Watcher) {
    this.#context = context;
    this.#type = type;
    this.#watcher = watcher;
  }

  events(batch: readonly StoreEvent[]): void {
    if (this.#closed) return;
    if (this.waiting >= WAITING_BATCHES_MAX) {
      const why = `${this.waiting} batches of changes wait to be converted`;
      return this.end(new StatusError('Expired', why));
    }
    this.waiting += 1;
    const served = Promise.all(batch.map((event) => this.#served(event)));
    // Handled when its turn comes.
    served.catch(() => undefined);
    this.#last = this.#last.then(async () => {
      try {
        const events = await served;
        if (!this.#closed) this.#watcher.events(events);
        this.revision = events.at(-1)?.revision ?? this.revision;
      } catch (error) {
        this.end(
          error instanceof Error ? error : new Error('a change could not be converted', { cause: error }),
        );
      } finally {
        this.waiting -= 1;
      }
    });
  }

  end(reason: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watcher.end(reason);
  }

  close(): void {
    this.#closed = true;
  }

  #served(event: StoreEvent): Promise<StoreEvent> {
    const known = servedEvents.get(this.#type) ?? new WeakMap<StoreEvent, Promise<StoreEvent>>();
    servedEvents.set(this.#type, known);
    const made = known.get(event) ?? this.#make(event);
    known.set(event, made);
    return made;
  }

  async #make(event: StoreEvent): Promise<StoreEvent> {
    const { key, value, revision, previous } = event;
    const entries: Entry[] = [{ key, value, revision }];
    // Of when the state before is, nobody can say: it is looked at afresh.
    if (previous !== undefined) entries.push({ key, value: previous, revision: 0 });
    const [now, before] = await servedEntries(this.#type, entries, this.#context.convert);
    if (now?.value === value && before?.value === previous) return event;
    return {
      ...event,
      value: now?.value ?? value,
      ...(previous === undefined ? {} : { previous: before?.value ?? previous }),
    };
  }
}
