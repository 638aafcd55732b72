/**
 * Holds a recorded history against what the store's contract makes of strict serializability. As each write is told its
 * revision, no search is needed: the revisions are the order, and every observation has to fit it.
 */

export interface RecordedWrite {
  readonly key: string;
  /** Unique among all writes of a history; undefined for a deletion. */
  readonly value: string | undefined;
  /** Times of one clock; `returned` is absent where the answer never came. */
  readonly invoked: number;
  readonly returned?: number;
  /** The revision that was acknowledged; absent where nobody knows whether it took effect. */
  readonly revision?: number;
}

export interface RecordedRead {
  readonly invoked: number;
  readonly returned: number;
  /** The revision at which it says to be exact. */
  readonly revision: number;
  readonly state: ReadonlyMap<string, string>;
}

export interface RecordedEvent {
  readonly key: string;
  readonly value: string | undefined;
  readonly revision: number;
}

export interface History {
  readonly writes: readonly RecordedWrite[];
  readonly reads: readonly RecordedRead[];
  /** What one watch told from the beginning on. */
  readonly events: readonly RecordedEvent[];
}

/** Each way in which a history breaks the contract, in one sentence; none where it holds. */
export function violationsOf(history: History): string[] {
  return [
    ...eventOrder(history),
    ...acknowledgedWrites(history),
    ...eventsFromNowhere(history),
    ...realTimeOrder(history),
    ...wrongReads(history),
  ];
}

function eventOrder({ events }: History): string[] {
  return events.flatMap((event, index) => {
    const before = events[index - 1];
    if (before === undefined || before.revision < event.revision) return [];
    return [`event ${event.key}@${event.revision} came after one of ${before.revision}`];
  });
}

function acknowledgedWrites({ writes, events }: History): string[] {
  const byRevision = new Map(events.map((event) => [event.revision, event]));
  return writes.flatMap(({ key, value, revision }) => {
    if (revision === undefined) return [];
    const event = byRevision.get(revision);
    if (event !== undefined && event.key === key && event.value === value) return [];
    return [`${key}=${value ?? 'deleted'} was acknowledged at ${revision} and no watch told it`];
  });
}

function eventsFromNowhere({ writes, events }: History): string[] {
  const written = new Set(writes.map(({ key, value }) => `${key}=${value ?? ''}`));
  const told = new Set<string>();
  return events.flatMap(({ key, value, revision }) => {
    const name = `${key}=${value ?? ''}`;
    if (!written.has(name)) return [`${name}@${revision} was told, and nobody wrote it`];
    if (value !== undefined && told.has(name)) return [`${name} took effect twice, again at ${revision}`];
    told.add(name);
    return [];
  });
}

/** Whatever begins after something was acknowledged sees it: its revision is no lower. */
function realTimeOrder({ writes, reads }: History): string[] {
  const ends = [
    ...writes.flatMap(({ returned, revision }) =>
      returned === undefined || revision === undefined ? [] : { at: returned, revision },
    ),
    ...reads.map(({ returned, revision }) => ({ at: returned, revision })),
  ].sort((a, b) => a.at - b.at);
  const begins = [
    ...writes.flatMap(({ invoked, revision, key }) =>
      revision === undefined ? [] : { at: invoked, revision, least: 1, what: `the write of ${key}` },
    ),
    ...reads.map(({ invoked, revision }) => ({ at: invoked, revision, least: 0, what: 'a list' })),
  ].sort((a, b) => a.at - b.at);
  const found: string[] = [];
  let seen = 0;
  let next = 0;
  for (const begin of begins) {
    for (let end = ends[next]; end !== undefined && end.at < begin.at; end = ends[next]) {
      seen = Math.max(seen, end.revision);
      next += 1;
    }
    if (begin.revision < seen + begin.least)
      found.push(`${begin.what} at ${begin.revision} began after ${seen} was known`);
  }
  return found;
}

function wrongReads({ reads, events }: History): string[] {
  const state = new Map<string, string>();
  let next = 0;
  return reads
    .toSorted((a, b) => a.revision - b.revision)
    .flatMap((read) => {
      for (
        let event = events[next];
        event !== undefined && event.revision <= read.revision;
        event = events[next]
      ) {
        if (event.value === undefined) state.delete(event.key);
        else state.set(event.key, event.value);
        next += 1;
      }
      return differences(state, read);
    });
}

function differences(expected: ReadonlyMap<string, string>, { revision, state }: RecordedRead): string[] {
  const keys = new Set([...expected.keys(), ...state.keys()]);
  return [...keys].flatMap((key) => {
    if (expected.get(key) === state.get(key)) return [];
    return [
      `a list at ${revision} had ${key}=${state.get(key) ?? 'absent'}, the events say ${expected.get(key) ?? 'absent'}`,
    ];
  });
}
