import { isDeepStrictEqual } from 'node:util';
import type { CustomResourceDefinition } from '#api/apiextensions/custom-resource-definition.ts';
import { customResourceTypes } from '#api/apiextensions/custom-resource-type.ts';
import { isEstablished } from '#api/apiextensions/definition-state.ts';
import type { KindPath, Kinds } from '#apiserver/kinds.ts';
import { decodeObject } from '#apiserver/stored-object.ts';
import { type Entry, type Store, StoreUnavailableError } from '#store/store.ts';
import { type Clock, sleep } from '#system/clock.ts';
import type { Log } from '#system/log.ts';

/** Where definitions are kept. */
const PREFIX = '/registry/apiextensions.k8s.io/customresourcedefinitions/';

/** Wait before the definitions are read again after a watch was lost, in milliseconds. */
const RETRY_MS = 1000;

export interface DefinitionsOptions {
  readonly store: Store;
  readonly kinds: Kinds;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is known of one definition. */
interface Known {
  readonly definition: CustomResourceDefinition;
  readonly sinceRevision: number;
  readonly retire: AbortController;
}

/**
 * Keeps the served kinds in step with the stored definitions, in the order of their revisions, for as long as the store is
 * open. A kind that nobody knows is looked for in the store itself, so that whoever has read that a definition is
 * established finds its kind served, whichever server he asks.
 */
export class Definitions {
  readonly #options: DefinitionsOptions;
  readonly #known = new Map<string, Known>();
  /** The newest revision seen of each key, of deleted ones too. */
  readonly #revisions = new Map<string, number>();
  /** Resolves once every definition that the store held at the start is taken in. */
  readonly loaded: Promise<void>;

  constructor(options: DefinitionsOptions) {
    this.#options = options;
    this.loaded = new Promise((resolve) => void this.#follow(resolve));
  }

  /** Takes in the definition of a kind that is not known yet, where there is one. */
  async look({ group, plural }: KindPath): Promise<void> {
    if (!group.includes('.') || this.#options.kinds.isBuiltInGroup(group)) return;
    const entry = await this.#options.store.get(`${PREFIX}${plural}.${group}`);
    if (entry !== undefined) this.#take(entry);
  }

  async #follow(onLoaded: () => void): Promise<void> {
    const { clock, log } = this.#options;
    while (true) {
      try {
        await this.#listAndWatch(onLoaded);
      } catch (error) {
        // A store that is closed opens no more.
        if (error instanceof StoreUnavailableError && error.retryAfterSeconds === undefined)
          return onLoaded();
        log.debug('custom resource definitions are read again', { error });
      }
      await sleep(clock, RETRY_MS);
    }
  }

  /** Rejects with what ended the watch. */
  async #listAndWatch(onLoaded: () => void): Promise<never> {
    const { store } = this.#options;
    const { entries, revision } = await store.list(PREFIX);
    const listed = new Set(entries.map(({ key }) => key));
    for (const entry of entries) this.#take(entry);
    for (const key of this.#known.keys()) if (!listed.has(key)) this.#drop(key, revision);
    onLoaded();
    return new Promise((_, reject) => {
      const watcher = {
        events: (batch: readonly (Entry & { readonly type: 'put' | 'delete' })[]) => {
          for (const event of batch) {
            if (event.type === 'put') this.#take(event);
            else this.#drop(event.key, event.revision);
          }
        },
        end: reject,
      };
      store.watch(PREFIX, revision, watcher).catch(reject);
    });
  }

  #take({ key, value, revision }: Entry): void {
    if (revision <= (this.#revisions.get(key) ?? 0)) return;
    this.#revisions.set(key, revision);
    const definition = decodeObject<CustomResourceDefinition>(value);
    const known = this.#known.get(key);
    const isSame =
      known !== undefined && isDeepStrictEqual(essenceOf(known.definition), essenceOf(definition));
    if (!isSame) known?.retire.abort();
    const next: Known = isSame
      ? { ...known, definition }
      : { definition, sinceRevision: revision, retire: new AbortController() };
    this.#known.set(key, next);
    if (isSame && isTerminating(known.definition) === isTerminating(definition)) return;
    this.#define(next);
  }

  #define({ definition, sinceRevision, retire }: Known): void {
    const { kinds, log } = this.#options;
    const { name } = definition.metadata;
    const isServed = isEstablished(definition) && !kinds.isBuiltInGroup(definition.spec.group);
    try {
      kinds.define(
        name,
        isServed ? customResourceTypes(definition, { sinceRevision, retired: retire.signal }) : [],
      );
    } catch (error) {
      // It was stored by another version, or past the API: the kinds of all others are served nevertheless.
      log.error('a custom resource definition cannot be served', { definition: name, error });
      kinds.define(name, []);
    }
  }

  #drop(key: string, revision: number): void {
    if (revision <= (this.#revisions.get(key) ?? 0)) return;
    this.#revisions.set(key, revision);
    this.#known.get(key)?.retire.abort();
    this.#known.delete(key);
    this.#options.kinds.define(key.slice(PREFIX.length), []);
  }
}

/** What the served kinds depend on. */
function essenceOf(definition: CustomResourceDefinition): unknown {
  const { metadata, spec, status } = definition;
  return [metadata.uid, spec, status?.acceptedNames, isEstablished(definition)];
}

function isTerminating({ metadata }: CustomResourceDefinition): boolean {
  return metadata.deletionTimestamp !== undefined;
}
