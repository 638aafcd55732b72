import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type History, violationsOf } from '#hub/history-check.fixture.ts';

const GOOD: History = {
  writes: [
    { key: 'a', value: '1', invoked: 0, returned: 2, revision: 10 },
    { key: 'b', value: '2', invoked: 1, returned: 4, revision: 11 },
    { key: 'a', value: '3', invoked: 3 },
    { key: 'a', value: undefined, invoked: 6, returned: 7, revision: 14 },
  ],
  reads: [
    { invoked: 3, returned: 4, revision: 10, state: new Map([['a', '1']]) },
    {
      invoked: 5,
      returned: 6,
      revision: 12,
      state: new Map([
        ['a', '3'],
        ['b', '2'],
      ]),
    },
    { invoked: 8, returned: 9, revision: 14, state: new Map([['b', '2']]) },
  ],
  events: [
    { key: 'a', value: '1', revision: 10 },
    { key: 'b', value: '2', revision: 11 },
    { key: 'a', value: '3', revision: 12 },
    { key: 'a', value: undefined, revision: 14 },
  ],
};

test('a history that fits the order of its revisions has no violation, also where an answer was lost', () => {
  assert.deepEqual(violationsOf(GOOD), []);
  const neverHappened = { ...GOOD, writes: [...GOOD.writes, { key: 'c', value: '9', invoked: 5 }] };
  assert.deepEqual(violationsOf(neverHappened), []);
});

test('each kind of violation is found', () => {
  const changed = <K extends keyof History>(name: K, change: (items: History[K]) => unknown[]): string =>
    violationsOf({ ...GOOD, [name]: change(GOOD[name]) }).join('\n');
  assert.match(
    changed('events', (events) => events.filter(({ revision }) => revision !== 11)),
    /b=2 was acknowledged at 11 and no watch/,
  );
  assert.match(
    changed('events', (events) => [...events, events[0]]),
    /came after one of 14[^]*took effect twice/,
  );
  assert.match(
    changed('events', (events) => [...events, { key: 'x', value: '?', revision: 20 }]),
    /nobody wrote it/,
  );
  assert.match(
    changed('events', (events) => events.toReversed()),
    /came after/,
  );
  assert.match(
    changed('reads', (reads) => [
      ...reads,
      {
        invoked: 20,
        returned: 21,
        revision: 12,
        state: new Map([
          ['a', '3'],
          ['b', '2'],
        ]),
      },
    ]),
    /a list at 12 began after 14 was known/,
  );
  assert.match(
    changed('reads', (reads) => [...reads, { ...reads[2], state: new Map() }]),
    /had b=absent, the events say 2/,
  );
  assert.match(
    changed('writes', (writes) => [
      ...writes,
      { key: 'd', value: '8', invoked: 10, returned: 11, revision: 13 },
    ]),
    /the write of d at 13 began after 14/,
  );
});
