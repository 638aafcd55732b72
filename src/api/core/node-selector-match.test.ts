import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeSelectorTerm } from '#api/core/affinity.ts';
import { nodeMatcher, nodeTermMatcher } from '#api/core/node-selector-match.ts';

const node = { name: 'a', labels: { disk: 'ssd', cores: '8' } };

const situations: { term: NodeSelectorTerm; expected: boolean }[] = [
  { term: {}, expected: false },
  { term: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['hdd', 'ssd'] }] }, expected: true },
  { term: { matchExpressions: [{ key: 'disk', operator: 'NotIn', values: ['ssd'] }] }, expected: false },
  { term: { matchExpressions: [{ key: 'gpu', operator: 'DoesNotExist' }] }, expected: true },
  { term: { matchExpressions: [{ key: 'gpu', operator: 'Exists' }] }, expected: false },
  { term: { matchExpressions: [{ key: 'cores', operator: 'Gt', values: ['4'] }] }, expected: true },
  { term: { matchExpressions: [{ key: 'cores', operator: 'Lt', values: ['4'] }] }, expected: false },
  { term: { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }, expected: true },
  {
    term: {
      matchExpressions: [{ key: 'disk', operator: 'Exists' }],
      matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }],
    },
    expected: false,
  },
];

for (const { term, expected } of situations) {
  test(`the node selector term ${JSON.stringify(term)} ${expected ? 'matches' : 'does not match'}`, () => {
    assert.equal(nodeTermMatcher(term)(node), expected);
  });
}

test('node selector and affinity must both match, one term of the affinity is enough', () => {
  const terms = situations.map(({ term }) => term);
  assert.equal(
    nodeMatcher({ nodeSelector: { disk: 'ssd' }, required: { nodeSelectorTerms: terms } })?.(node),
    true,
  );
  assert.equal(
    nodeMatcher({ nodeSelector: { disk: 'hdd' }, required: { nodeSelectorTerms: terms } })?.(node),
    false,
  );
  assert.equal(nodeMatcher({}), undefined);
});
