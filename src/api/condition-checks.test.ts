import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConditions } from '#api/condition-checks.ts';
import type { Condition } from '#api/object.ts';
import { fieldErrorMessage } from '#api/status.ts';

const CONDITION: Condition = {
  type: 'Ready',
  status: 'True',
  reason: 'AsWanted',
  message: '',
  lastTransitionTime: '2020-01-01T00:00:00Z',
};

test('conditions are complete, and one of each type', () => {
  const messages = (...changes: object[]): string[] =>
    checkConditions(
      'c',
      changes.map((change) => ({ ...CONDITION, ...change })),
    ).map(fieldErrorMessage);
  assert.deepEqual(messages({}), []);
  assert.deepEqual(messages({}, {}), ['c[1].type: Duplicate value: "Ready"']);
  assert.deepEqual(messages({ status: 'Yes' }), [
    'c[0].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"',
  ]);
  assert.deepEqual(messages({ reason: '', lastTransitionTime: undefined }), [
    'c[0].lastTransitionTime: Required value: must be set',
    'c[0].reason: Required value: must be set',
  ]);
  assert.match(
    messages({ reason: 'not so' }).join(),
    /^c\[0\].reason: Invalid value: "not so": a condition reason must/,
  );
});
