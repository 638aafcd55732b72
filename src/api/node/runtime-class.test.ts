import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Change, changedObject, messagesOf } from '#api/changed-object.fixture.ts';
import { runtimeClassResource } from '#api/node/runtime-class.ts';

const CLASS = { metadata: { name: 'sandbox' }, handler: 'runsc' };

test('a runtime class says where its pods may go', () => {
  const toleration = { key: 'a', operator: 'Exists' };
  const cases: [Change, string[]][] = [
    [['handler', 'a.b'], ['handler: Invalid value: "a.b": must not contain dots']],
    [
      ['scheduling', { tolerations: [toleration, toleration] }],
      ['scheduling.tolerations[1]: Duplicate value: {"key":"a","operator":"Exists"}'],
    ],
  ];
  for (const [change, wanted] of cases)
    assert.deepEqual(messagesOf(runtimeClassResource, CLASS, { changes: [change] }), wanted);
  assert.deepEqual(messagesOf(runtimeClassResource, CLASS, { changes: [['handler', 'b']], update: true }), [
    'handler: Invalid value: "b": field is immutable',
  ]);
});

test('pods are not sent to nodes by labels that nodes no longer have', () => {
  const scheduling: Change = ['scheduling', { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }];
  const runtimeClass = changedObject(runtimeClassResource, CLASS, [scheduling]);
  assert.deepEqual(runtimeClassResource.warnings?.(runtimeClass, undefined), [
    'scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead',
  ]);
});
