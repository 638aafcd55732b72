import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { orderElements } from '#api/element-order.ts';

function order(elements: string, wanted: string, live: string): string {
  return orderElements(elements.split(''), {
    keyOf: (element) => element,
    wanted: wanted.split(''),
    live: live.split(''),
  }).join('');
}

test('wanted elements come in wanted order, the others keep their place before what they preceded', () => {
  assert.equal(order('abc', 'cba', 'abc'), 'cba');
  assert.equal(order('abc', '', 'abc'), 'abc');
  assert.equal(order('abcx', 'x', 'abc'), 'xabc');
  assert.equal(order('abcd', 'db', 'abcd'), 'acdb');
  assert.equal(order('abcd', 'bd', 'abcd'), 'abcd');
  assert.equal(order('xabc', 'bx', 'abc'), 'abxc');
});

test('no element is lost or doubled, and both orders hold', () => {
  const letters = fc.uniqueArray(fc.constantFrom(...'abcdefgh'.split('')));
  fc.assert(
    fc.property(letters, letters, letters, (elements, wanted, live) => {
      const result = orderElements(elements, { keyOf: (element) => element, wanted, live });
      assert.deepEqual(result.toSorted(), elements.toSorted());
      assert.deepEqual(
        result.filter((element) => wanted.includes(element)),
        wanted.filter((element) => elements.includes(element)),
      );
      const liveOnly = (list: string[]): string[] =>
        list.filter((element) => live.includes(element) && !wanted.includes(element));
      assert.deepEqual(liveOnly(result), liveOnly(live.filter((element) => elements.includes(element))));
    }),
  );
});
