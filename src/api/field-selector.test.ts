import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  exactFieldValue,
  type FieldTerm,
  formatFieldSelector,
  parseFieldSelector,
} from '#api/field-selector.ts';
import { StatusError } from '#api/status.ts';

const fields: Readonly<Record<string, string>> = {
  'metadata.name': 'web',
  'status.phase': 'Running',
  odd: 'a,b=c\\d',
};
const valueOf = (field: string): string => fields[field] ?? '';

test('a field selector matches as Kubernetes does', () => {
  const situations: [string, boolean][] = [
    ['', true],
    [',', true],
    ['metadata.name=web', true],
    ['metadata.name==web', true],
    ['metadata.name!=web', false],
    ['metadata.name=web,status.phase!=Succeeded,status.phase!=Failed', true],
    ['metadata.name=db', false],
    ['spec.nodeName=', true],
    ['spec.nodeName!=', false],
    ['odd=a\\,b\\=c\\\\d', true],
  ];
  for (const [text, expected] of situations)
    assert.equal(parseFieldSelector(text).matches(valueOf), expected, text);
});

test('the one name that a selector demands is known', () => {
  assert.equal(exactFieldValue(parseFieldSelector('a!=x,metadata.name=web'), 'metadata.name'), 'web');
  assert.equal(exactFieldValue(parseFieldSelector('metadata.name!=web'), 'metadata.name'), undefined);
});

test('parse errors use the words of Kubernetes', () => {
  const situations: [string, string][] = [
    ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['a=b,c', "invalid selector: 'a=b,c'; can't understand 'c'"],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
    ['a=\\x', 'invalid field selector: invalid escape sequence: \\x'],
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
  ];
  for (const [text, message] of situations) {
    assert.throws(() => parseFieldSelector(text), { reason: 'BadRequest', message }, text);
  }
  assert.throws(() => parseFieldSelector('a='.padEnd(70_000, 'x')), { reason: 'BadRequest' });
});

test('the string form parses to the same terms', () => {
  const term: fc.Arbitrary<FieldTerm> = fc.record(
    {
      field: fc.constantFrom('metadata.name', 'a', 'a!b'),
      operator: fc.constantFrom('=' as const, '!=' as const),
      value: fc.string(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(term, { minLength: 1 }), (terms) => {
      assert.deepEqual(parseFieldSelector(formatFieldSelector(terms)).terms, terms);
    }),
  );
});

test('any text gives a selector or BadRequest', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[ab!=,\\]{0,20}$/)), (text) => {
      try {
        parseFieldSelector(text).matches(valueOf);
      } catch (error) {
        assert.ok(error instanceof StatusError && error.reason === 'BadRequest');
      }
    }),
  );
});
