import type { InvariantMaker } from '#simulation/invariant.ts';

interface Ledger {
  newest: number;
  /** What was last acknowledged of each key. */
  readonly keys: Map<string, { readonly revision: number; readonly deleted: boolean }>;
}

/**
 * What was acknowledged is there after every crash, and revisions neither go back nor come twice. A write that nobody was
 * told of may be there or not.
 */
export const acknowledgedWrites: InvariantMaker = (_world, broken) => {
  const ledgers = new Map<string, Ledger>();
  const ledgerOf = (place: string): Ledger => {
    const ledger = ledgers.get(place) ?? { newest: 0, keys: new Map() };
    ledgers.set(place, ledger);
    return ledger;
  };
  return {
    name: 'acknowledged-writes',
    committed(place, operations, { revision }) {
      const ledger = ledgerOf(place);
      for (const { type, key } of operations) {
        const known = ledger.keys.get(key);
        if (type === 'delete' && (known === undefined || known.deleted)) continue;
        if (revision <= (known?.revision ?? 0))
          broken(
            `${place}: ${key} was acknowledged at revision ${revision}, after revision ${known?.revision ?? 0}`,
          );
        if (revision < ledger.newest)
          broken(`${place}: revision ${revision} was acknowledged after revision ${ledger.newest}`);
        ledger.keys.set(key, { revision, deleted: type === 'delete' });
        ledger.newest = Math.max(ledger.newest, revision);
      }
    },
    opened(place, { entries, revision }) {
      const ledger = ledgerOf(place);
      if (revision < ledger.newest)
        broken(`${place}: the store opened at revision ${revision}, and ${ledger.newest} was acknowledged`);
      const found = new Map(entries.map((entry) => [entry.key, entry.revision]));
      for (const [key, known] of ledger.keys) {
        const at = found.get(key);
        if (!known.deleted && at === undefined)
          broken(`${place}: ${key} was acknowledged at revision ${known.revision} and is gone`);
        else if (!known.deleted && at !== undefined && at < known.revision)
          broken(`${place}: ${key} went back from revision ${known.revision} to ${at}`);
        else if (known.deleted && at !== undefined && at <= known.revision)
          broken(`${place}: ${key} was deleted at revision ${known.revision} and is back at ${at}`);
      }
      for (const [key, at] of found) ledger.keys.set(key, { revision: at, deleted: false });
      ledger.newest = Math.max(ledger.newest, revision);
    },
  };
};
