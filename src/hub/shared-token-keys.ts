import { rotatedKeys, type TokenKey, type TokenKeys, tokenKeyOf } from '#pki/token-keys.ts';
import type { Entry, Store } from '#store/store.ts';
import { type Clock, pause } from '#system/clock.ts';
import type { Log } from '#system/log.ts';

/** Where hubs of one store keep the keys of service account tokens. No path of the API leads to it. */
const TOKEN_KEYS_KEY = '/hub/token-keys';

/** How often each hub reads the keys, in milliseconds. */
const LOOK_MS = 10_000;

/** A new key signs only when every hub has had time to read it, in milliseconds. */
export const PUBLISHED_MS_MIN = 60_000;

export interface SharedTokenKeysOptions {
  /** Keys that this hub has signed with so far, newest first: the first hub brings them with it. */
  readonly initial: readonly TokenKey[];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The keys by which all hubs on `store` sign and verify: a token of one is a token of each. Any hub makes the first one, and
 * replaces the newest in its time, by a transaction that one of them wins.
 */
export async function openSharedTokenKeys(
  store: Store,
  { initial, clock, log }: SharedTokenKeysOptions,
): Promise<TokenKeys> {
  let known = await refreshed(store, { known: { revision: 0, keys: initial }, nowMs: clock.now() });
  let verifying: TokenKeys['verifying'] = publicHalves(known.keys);
  return {
    get signing() {
      const published = known.keys.find(({ createdMs }) => clock.now() - createdMs >= PUBLISHED_MS_MIN);
      const key = published ?? known.keys.at(-1);
      if (key === undefined) throw new Error('the signing keys were opened with at least one');
      return key;
    },
    get verifying() {
      return verifying;
    },
    async run(signal) {
      while (!signal.aborted) {
        await pause(clock, LOOK_MS, signal);
        if (signal.aborted) return;
        try {
          const next = await refreshed(store, { known, nowMs: clock.now() });
          if (next.revision !== known.revision) verifying = publicHalves(next.keys);
          known = next;
        } catch (error) {
          log.warn('the keys of service account tokens could not be read', { error });
        }
      }
    },
  };
}

/** What was last read: the keys, newest first, as of a revision; 0 where none are stored. */
interface Known {
  readonly revision: number;
  readonly keys: readonly TokenKey[];
}

/** The keys in force, with a new one where it is time for that. */
async function refreshed(store: Store, { known, nowMs }: { known: Known; nowMs: number }): Promise<Known> {
  for (;;) {
    const entry = await store.get(TOKEN_KEYS_KEY);
    const isKnown = entry === undefined || entry.revision === known.revision;
    const found = isKnown ? known.keys : keysOf(entry);
    const wanted = rotatedKeys(found, nowMs);
    if (entry !== undefined && wanted.length === found.length && wanted[0] === found[0])
      return { revision: entry.revision, keys: found };
    const precondition =
      entry === undefined
        ? ({ type: 'absent' } as const)
        : ({ type: 'revision', revision: entry.revision } as const);
    const value = valueOf(wanted);
    const result = await store.commit([{ type: 'put', key: TOKEN_KEYS_KEY, value, precondition }]);
    if (result.type === 'committed') return { revision: result.revision, keys: wanted };
  }
}

interface StoredKey {
  readonly createdMs: number;
  /** PKCS #8, PEM. */
  readonly privateKey: string;
}

function keysOf({ value }: Entry): TokenKey[] {
  const stored = JSON.parse(Buffer.from(value).toString('utf8')) as readonly StoredKey[];
  return stored.map(({ createdMs, privateKey }) => tokenKeyOf(privateKey, createdMs));
}

function valueOf(keys: readonly TokenKey[]): Buffer {
  const stored = keys.map(({ createdMs, privateKey }): StoredKey => {
    return { createdMs, privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() };
  });
  return Buffer.from(JSON.stringify(stored));
}

function publicHalves(keys: readonly TokenKey[]): TokenKeys['verifying'] {
  return new Map(keys.map(({ id, publicKey }) => [id, publicKey]));
}
