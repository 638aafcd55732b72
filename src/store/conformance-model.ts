import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { StoreBed } from '#store/conformance.ts';
import type { Collector } from '#store/conformance-words.ts';
import { collect, deletion, line, pairs, put } from '#store/conformance-words.ts';
import type { Operation, Precondition, Store, StoreEvent } from '#store/store.ts';
import { RevisionExpiredError } from '#store/store.ts';

/** The trivial model: every event ever, and the compacted revision. All states follow by replaying from the start. */
interface Model {
  readonly events: StoreEvent[];
  compacted: number;
  revision: number;
}

/** One random step. Numbers are fractions of what there is when the step comes. */
type Step =
  | {
      readonly type: 'commits';
      readonly commits: readonly DraftOperation[][];
      readonly watchAfter: number | undefined;
    }
  | { readonly type: 'list'; readonly at: number; readonly prefix: string; readonly limit: number }
  | { readonly type: 'compact'; readonly at: number }
  | { readonly type: 'reopen'; readonly raiseEpoch: boolean };

interface DraftOperation {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly precondition: 'none' | 'absent' | 'present' | 'right' | 'wrong';
  /** Whether a deletion comes with the last state. */
  readonly withValue: boolean;
}

const KEYS = ['/a', '/a/1', '/a/2', '/b/1', '/b/1/x', '/b/2'];
const PREFIXES = ['', '/a', '/a/', '/b/1', '/c'];

const draftOperation: fc.Arbitrary<DraftOperation> = fc.record({
  type: fc.constantFrom('put', 'put', 'delete'),
  key: fc.constantFrom(...KEYS),
  precondition: fc.constantFrom('none', 'none', 'none', 'absent', 'present', 'right', 'wrong'),
  withValue: fc.boolean(),
});
const draftCommit = fc.uniqueArray(draftOperation, {
  minLength: 1,
  maxLength: 3,
  selector: ({ key }) => key,
});
const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('commits' as const),
      commits: fc.array(draftCommit, { minLength: 1, maxLength: 5 }),
      watchAfter: fc.option(fraction, { nil: undefined }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('list' as const),
      at: fraction,
      prefix: fc.constantFrom(...PREFIXES),
      limit: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const), at: fraction }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('reopen' as const),
      raiseEpoch: fc.boolean(),
    }),
  },
);

/** Runs `runs` random histories against fresh stores, and compares all that can be seen with the model. */
export async function checkAgainstModel(createBed: () => Promise<StoreBed>, runs: number): Promise<void> {
  const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
    const bed = await createBed();
    const history = new History(bed, await bed.open());
    try {
      for (const each of steps) await history.run(each);
      await history.finish();
    } finally {
      await history.dispose();
      await bed.remove();
    }
  });
  await fc.assert(property, { numRuns: runs });
}

/** A store under test beside its model. */
class History {
  readonly #bed: StoreBed;
  #store: Store;
  readonly #model: Model;
  #watches: { after: number; prefix: string; watch: Collector }[] = [];
  #values = 0;

  constructor(bed: StoreBed, store: Store) {
    this.#bed = bed;
    this.#store = store;
    this.#model = { events: [], compacted: store.revision, revision: store.revision };
  }

  async run(step: Step): Promise<void> {
    switch (step.type) {
      case 'commits':
        return await this.#commit(step.commits, step.watchAfter);
      case 'list':
        return await this.#list(this.#revisionAt(step.at), step.prefix, step.limit);
      case 'compact':
        return await this.#compact(this.#revisionAt(step.at));
      case 'reopen':
        return await this.#reopen(step.raiseEpoch);
    }
  }

  /** Compares every open watch with the model. */
  async finish(): Promise<void> {
    const result = await this.#store.commit([put('/end', 'x')]);
    this.#learn([put('/end', 'x')], result);
    for (const { after, prefix, watch } of this.#watches) {
      const last = this.#model.events.findLast(({ key }) => key.startsWith(prefix));
      if (last !== undefined && last.revision > after) await watch.reached(last.revision);
      const expected = this.#model.events.filter(
        ({ key, revision }) => revision > after && key.startsWith(prefix),
      );
      const told = watch.events.map(line);
      const complete = expected.map(line);
      const [end, ...more] = watch.ends;
      // Only compaction may end a watch, which then has told everything up to some commit.
      if (end !== undefined) assert.ok(end instanceof RevisionExpiredError && after < this.#model.compacted);
      assert.deepEqual(more, []);
      assert.deepEqual(
        told,
        end === undefined ? complete : complete.slice(0, told.length),
        `"${prefix}" after ${after}`,
      );
      watch.handle.close();
    }
    this.#watches = [];
  }

  async dispose(): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }

  /** Commits side by side, with a watch opened between them. */
  async #commit(drafts: readonly DraftOperation[][], watchAfter: number | undefined): Promise<void> {
    const commits = drafts.map((draft) => draft.map((operation) => this.#operation(operation)));
    const after = watchAfter === undefined ? undefined : this.#revisionAt(watchAfter);
    const early = commits.slice(0, 2).map((operations) => this.#store.commit(operations));
    const prefix = PREFIXES[commits.length % PREFIXES.length] ?? '';
    const opened = after === undefined ? undefined : collect(this.#store, prefix, after);
    const late = commits.slice(2).map((operations) => this.#store.commit(operations));
    const results = await Promise.all([...early, ...late]);
    for (const [index, result] of results.entries()) this.#learn(commits[index] ?? [], result);
    // Commits of different keys may have overtaken each other.
    this.#model.events.sort((a, b) => a.revision - b.revision);
    assert.equal(this.#store.revision, this.#model.revision);
    if (opened !== undefined && after !== undefined)
      this.#watches.push({ after, prefix, watch: await opened });
  }

  async #list(revision: number, prefix: string, limit: number): Promise<void> {
    const expected = stateAt(this.#model, revision).filter(({ key }) => key.startsWith(prefix));
    const found: string[] = [];
    let startAfter: string | undefined;
    do {
      const options = { revision, limit, ...(startAfter === undefined ? {} : { startAfter }) };
      const page = await this.#store.list(prefix, options);
      found.push(...page.entries.map((entry) => `${pairs([entry])[0]}@${entry.revision}`));
      assert.equal(page.remaining, expected.length - found.length);
      startAfter = page.remaining > 0 ? page.entries.at(-1)?.key : undefined;
    } while (startAfter !== undefined);
    assert.deepEqual(
      found,
      expected.map((entry) => `${pairs([entry])[0]}@${entry.revision}`),
    );
    assert.equal(await this.#store.count(prefix), stateNow(this.#model, prefix).length);
    for (const key of KEYS) {
      const current = stateNow(this.#model, key).find((entry) => entry.key === key);
      assert.equal((await this.#store.get(key))?.revision, current?.revision);
    }
  }

  async #compact(revision: number): Promise<void> {
    await this.#store.compact(revision);
    if (revision > this.#model.compacted) {
      await assert.rejects(this.#store.list('', { revision: revision - 1 }), RevisionExpiredError);
    }
    this.#model.compacted = Math.max(this.#model.compacted, revision);
  }

  async #reopen(raiseEpoch: boolean): Promise<void> {
    await this.finish();
    const { epoch, revision } = this.#store;
    await this.#store[Symbol.asyncDispose]();
    this.#store = await this.#bed.open(raiseEpoch ? { epochMin: epoch + 1 } : {});
    assert.equal(this.#store.epoch, raiseEpoch ? epoch + 1 : epoch);
    if (!raiseEpoch) return assert.equal(this.#store.revision, revision);
    assert.ok(this.#store.revision > revision);
    this.#model.revision = this.#store.revision;
    this.#model.compacted = this.#store.revision;
  }

  #operation({ type, key, precondition, withValue }: DraftOperation): Operation {
    const current = stateNow(this.#model, key).find((entry) => entry.key === key);
    const condition = preconditionOf(precondition, current?.revision ?? 1);
    this.#values += 1;
    if (type === 'put') return put(key, `v${this.#values}`, condition);
    const bare = deletion(key, condition);
    return withValue ? { ...bare, value: Buffer.from(`last${this.#values}`) } : bare;
  }

  /** Holds a result against the model, and takes it in. */
  #learn(operations: readonly Operation[], result: Awaited<ReturnType<Store['commit']>>): void {
    const state = new Map(stateNow(this.#model, '').map((entry) => [entry.key, entry]));
    const failing = operations.find(
      ({ key, precondition }) => !holds(precondition, state.get(key)?.revision),
    );
    assert.equal(result.type, failing === undefined ? 'committed' : 'conflict');
    if (result.type === 'conflict') {
      assert.equal(result.key, failing?.key);
      return assert.equal(result.current?.revision, state.get(result.key)?.revision);
    }
    const { revision } = result;
    const effective = operations.filter(
      ({ type, key }) => type === 'put' || (type === 'delete' && state.has(key)),
    );
    if (effective.length === 0) return;
    assert.ok(
      this.#model.events.every((event) => event.revision !== revision) && revision > this.#model.compacted,
    );
    for (const { type, key, value } of effective) {
      const previous = state.get(key)?.value;
      if (type === 'check') continue;
      const event = { type, key, value: value ?? previous ?? Buffer.of(), revision };
      this.#model.events.push(previous === undefined ? event : { ...event, previous });
    }
    this.#model.revision = Math.max(this.#model.revision, revision);
  }

  #revisionAt(fractionOfRange: number): number {
    const { compacted, revision } = this.#model;
    return compacted + Math.round((revision - compacted) * fractionOfRange);
  }
}

function stateAt({ events }: Model, revision: number): StoreEvent[] {
  const state = new Map<string, StoreEvent>();
  for (const event of events) {
    if (event.revision > revision) break;
    if (event.type === 'put') state.set(event.key, event);
    else state.delete(event.key);
  }
  return [...state.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function stateNow(model: Model, prefix: string): StoreEvent[] {
  return stateAt(model, model.revision).filter(({ key }) => key.startsWith(prefix));
}

function preconditionOf(draft: DraftOperation['precondition'], revision: number): Precondition | undefined {
  switch (draft) {
    case 'none':
      return undefined;
    case 'absent':
    case 'present':
      return { type: draft };
    case 'right':
      return { type: 'revision', revision };
    case 'wrong':
      return { type: 'revision', revision: revision + 1 };
  }
}

function holds(precondition: Precondition | undefined, revision: number | undefined): boolean {
  if (precondition === undefined) return true;
  if (precondition.type === 'revision') return precondition.revision === revision;
  return (precondition.type === 'present') === (revision !== undefined);
}
