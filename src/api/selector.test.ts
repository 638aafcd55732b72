import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LabelSelector } from '#api/object.ts';
import { compileLabelSelector, compileLabelSet, formatSelector, type Requirement } from '#api/selector.ts';
import { parseLabelSelector, SELECTOR_CHARS_MAX } from '#api/selector-parse.ts';
import { StatusError } from '#api/status.ts';

const web = { app: 'web', tier: 'front', 'example.com/size': '7' };

test('a string selector matches as Kubernetes does', () => {
  const situations: [string, boolean][] = [
    ['', true],
    ['app=web', true],
    ['app==web', true],
    [' app = web , tier = front ', true],
    ['app!=web', false],
    ['app!=db', true],
    ['missing!=x', true],
    ['app in (web,db)', true],
    ['app in (db)', false],
    ['missing in (x)', false],
    ['app notin (db)', true],
    ['missing notin (x)', true],
    ['app', true],
    ['!app', false],
    ['!missing', true],
    ['missing', false],
    ['app=', false],
    ['example.com/size>6', true],
    ['example.com/size>7', false],
    ['example.com/size<8', true],
    ['app>1', false],
    ['app=web,tier=back', false],
    ['app=in', false],
    ['in in (in)', false],
    ['notin', false],
    ['constructor', false],
    ['app in ()', false],
    ['app in (,web)', true],
  ];
  for (const [text, expected] of situations)
    assert.equal(parseLabelSelector(text).matches(web), expected, text);
});

test('an object without labels is matched like one with none', () => {
  assert.equal(parseLabelSelector('!a').matches(undefined), true);
  assert.equal(parseLabelSelector('a').matches(undefined), false);
});

test('parse errors use the words of Kubernetes', () => {
  const situations: [string, string][] = [
    ['app=web,', "found '', expected: identifier after ','"],
    [',app', "found ',', expected: !, identifier, or 'end of string'"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['!a=b', "found '=', expected: ',' or 'end of string'"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a in x', "unable to parse requirement: found 'x' expected: '('"],
    ['a in (x', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a in (', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
    ['a=(', "unable to parse requirement: found '(', expected: identifier"],
    [
      'a>x',
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
  ];
  for (const [text, message] of situations) {
    assert.throws(() => parseLabelSelector(text), { reason: 'BadRequest', message }, text);
  }
});

test('bad keys and values are named', () => {
  assert.throws(
    () => parseLabelSelector('a_=b'),
    /unable to parse requirement: <nil>: Invalid value: "a_": name part must consist of alphanumeric/,
  );
  assert.throws(() => parseLabelSelector('a/b/c=d'), /"a\/b\/c": a qualified name must consist/);
  assert.throws(() => parseLabelSelector('/b=d'), /prefix part must be non-empty/);
  assert.throws(() => parseLabelSelector('A_/b=d'), /prefix part a lowercase RFC 1123 subdomain/);
  assert.throws(
    () => parseLabelSelector('app=b_'),
    /values\[0\]\[app\]: Invalid value: "b_": a valid label must be an empty string/,
  );
  assert.throws(() => parseLabelSelector(`app=${'b'.repeat(64)}`), /must be no more than 63 characters/);
  assert.throws(
    () => parseLabelSelector(`${'k'.repeat(64)}=b`),
    /name part must be no more than 63 characters/,
  );
  assert.throws(() => parseLabelSelector('a'.repeat(SELECTOR_CHARS_MAX + 1)), { reason: 'BadRequest' });
});

test('a LabelSelector object: absent matches nothing, empty everything', () => {
  assert.equal(compileLabelSelector(undefined).matches(web), false);
  assert.equal(compileLabelSelector({}).matches(web), true);
  assert.equal(compileLabelSelector({ matchLabels: { app: 'web' } }).matches(web), true);
  const expressions: [LabelSelector['matchExpressions'], boolean][] = [
    [[{ key: 'app', operator: 'In', values: ['web'] }], true],
    [[{ key: 'app', operator: 'NotIn', values: ['web'] }], false],
    [[{ key: 'app', operator: 'Exists' }], true],
    [[{ key: 'app', operator: 'DoesNotExist' }], false],
  ];
  for (const [matchExpressions = [], expected] of expressions) {
    assert.equal(compileLabelSelector({ matchExpressions }).matches(web), expected);
  }
});

test('a LabelSelector object that is not valid is refused', () => {
  const bad = (requirement: unknown): LabelSelector => ({ matchExpressions: [requirement as never] });
  assert.throws(
    () => compileLabelSelector(bad({ key: 'a', operator: 'Is' })),
    /"Is" is not a valid label selector operator/,
  );
  assert.throws(
    () => compileLabelSelector(bad({ key: 'a', operator: 'toString' })),
    /not a valid label selector operator/,
  );
  assert.throws(
    () => compileLabelSelector(bad({ key: 'a', operator: 'In' })),
    /for 'in', 'notin' operators, values set can't be empty/,
  );
  assert.throws(
    () => compileLabelSelector(bad({ key: 'a', operator: 'Exists', values: ['x'] })),
    /values set must be empty/,
  );
});

test('a set of labels must be equal in each', () => {
  assert.equal(compileLabelSet({ app: 'web' }).matches(web), true);
  assert.equal(compileLabelSet({ app: 'web', tier: 'x' }).matches(web), false);
  assert.equal(compileLabelSet({}).matches(web), true);
});

const key = fc.constantFrom(
  'a',
  'b',
  'in',
  'notin',
  'x.io/c',
  'constructor',
  '__proto__'.replaceAll('_', 'p'),
);
const value = fc.constantFrom('', '1', '2', 'in', 'notin', 'x');
const labels = fc.dictionary(key, value);
const anyRequirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('=' as const, '!=' as const), values: fc.tuple(value) }),
  fc.record({
    key,
    operator: fc.constantFrom('in' as const, 'notin' as const),
    values: fc.uniqueArray(value, { minLength: 1 }),
  }),
  fc.record({ key, operator: fc.constantFrom('exists' as const, '!' as const), values: fc.constant([]) }),
  fc.record({
    key,
    operator: fc.constantFrom('gt' as const, 'lt' as const),
    values: fc.tuple(fc.constantFrom('1', '2')),
  }),
);

test('the string form of a selector parses to the same selector', () => {
  fc.assert(
    fc.property(fc.array(anyRequirement, { maxLength: 5 }), labels, (requirements, set) => {
      const text = formatSelector(requirements);
      const parsed = parseLabelSelector(text);
      const again = parseLabelSelector(formatSelector(parsed.requirements));
      assert.deepEqual(again.requirements, parsed.requirements);
      assert.equal(again.matches(set), parsed.matches(set));
    }),
  );
});

test('a requirement and its opposite split every set of labels', () => {
  fc.assert(
    fc.property(key, value, labels, (k, v, set) => {
      assert.notEqual(
        parseLabelSelector(`${k}=${v}`).matches(set),
        parseLabelSelector(`${k}!=${v}`).matches(set),
      );
      assert.notEqual(
        parseLabelSelector(`${k} in (${v},x)`).matches(set),
        parseLabelSelector(`${k} notin (${v},x)`).matches(set),
      );
      assert.notEqual(parseLabelSelector(k).matches(set), parseLabelSelector(`!${k}`).matches(set));
    }),
  );
});

test('any text gives a selector or BadRequest', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[ab!=<>(), in]{0,20}$/)), (text) => {
      try {
        parseLabelSelector(text).matches({ a: 'b' });
      } catch (error) {
        assert.ok(error instanceof StatusError && error.reason === 'BadRequest');
      }
    }),
  );
});
