import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Change, messagesOf } from '#api/changed-object.fixture.ts';
import { priorityClassResource } from '#api/scheduling/priority-class.ts';

const CLASS = { metadata: { name: 'high' }, value: 100 };

test('the highest priorities are for the system, and so is its prefix', () => {
  const cases: [Change[], string[]][] = [
    [[], []],
    [
      [
        ['metadata.name', 'system-node-critical'],
        ['value', 2_000_001_000],
      ],
      [],
    ],
    [
      [['value', 1_000_000_001]],
      ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
    ],
    [
      [['metadata.name', 'system-a']],
      [
        "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-a is not a known system priority class",
      ],
    ],
    [[['preemptionPolicy', '']], ['preemptionPolicy: Required value']],
  ];
  for (const [changes, wanted] of cases)
    assert.deepEqual(messagesOf(priorityClassResource, CLASS, { changes }), wanted);
});

test('a priority stays', () => {
  assert.deepEqual(messagesOf(priorityClassResource, CLASS, { changes: [['value', 1]], update: true }), [
    'value: Forbidden: may not be changed in an update.',
  ]);
  assert.deepEqual(
    messagesOf(priorityClassResource, CLASS, { changes: [['description', 'x']], update: true }),
    [],
  );
});
