import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ConfigMap, configMapResource } from '#api/core/config-map.ts';
import { objectKey } from '#api/object.ts';
import { compileLabelSelector } from '#api/selector.ts';
import type { Lookup } from '#reconcile/controller.ts';
import { labelIndex, selectObjects } from '#reconcile/label-index.ts';

const index = labelIndex(configMapResource);

/** Keeps objects and the state of the index as a view does. */
function keeper() {
  const objects = new Map<string, ConfigMap>();
  const state = index.create();
  const lookup = {
    list: (_type: unknown, { namespace }: { namespace: string }) =>
      [...objects.values()].filter(({ metadata }) => metadata.namespace === namespace),
    get: () => undefined,
    index: () => state,
  } as unknown as Lookup;
  const set = (key: string, object: ConfigMap | undefined): void => {
    const previous = objects.get(key);
    if (object === undefined) objects.delete(key);
    else objects.set(key, object);
    index.take(state, { key, object, previous });
  };
  return { objects, lookup, set, state };
}

function map(namespace: string, name: string, labels: Record<string, string>): ConfigMap {
  const metadata = { namespace, name, labels, uid: name, resourceVersion: '1', creationTimestamp: '' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
}

const labels = fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('a', 'b'));
const change = fc.record({
  namespace: fc.constantFrom('x', 'y'),
  name: fc.constantFrom('1', '2', '3', '4'),
  labels: fc.option(labels, { nil: undefined }),
});

test('a selector finds through the index what it finds among all, whatever came and went', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), labels, (changes, wanted) => {
      const { objects, lookup, set } = keeper();
      for (const { namespace, name, labels: given } of changes) {
        set(`${namespace}/${name}`, given === undefined ? undefined : map(namespace, name, given));
      }
      const matcher = compileLabelSelector({ matchLabels: wanted });
      const found = selectObjects(lookup, index, { namespace: 'x', matcher }).map(objectKey);
      const all = [...objects.values()].filter(
        (object) => object.metadata.namespace === 'x' && matcher.matches(object.metadata.labels),
      );
      assert.deepEqual(found.toSorted(), all.map(objectKey).toSorted());
    }),
  );
});

test('nothing is kept for objects that are gone', () => {
  const { set, state } = keeper();
  set('x/1', map('x', '1', { app: 'a' }));
  set('x/1', map('x', '1', { app: 'b' }));
  set('x/1', undefined);
  assert.equal(state.size, 0);
});
