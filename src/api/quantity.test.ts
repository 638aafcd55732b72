import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityFromMillis,
  quantityFromUnits,
  quantityMillis,
  quantityUnits,
  readQuantity,
  subtractQuantities,
  ZERO,
} from '#api/quantity.ts';
import { StatusError } from '#api/status.ts';

test('quantities are written in canonical form', () => {
  const situations: [string | number, string][] = [
    ['0', '0'],
    ['0Ki', '0'],
    ['-0', '0'],
    ['+5', '5'],
    ['0.5', '500m'],
    ['1.5', '1500m'],
    ['1.500', '1500m'],
    [0.25, '250m'],
    [1e21, '1e21'],
    ['1000m', '1'],
    ['1000', '1k'],
    ['1500', '1500'],
    ['1.5Gi', '1536Mi'],
    ['1024Mi', '1Gi'],
    ['1023', '1023'],
    ['0.5Ki', '512'],
    ['100.5Ki', '102912'],
    ['1Ki', '1Ki'],
    ['100.035Ki', '102435840m'],
    ['1e3', '1e3'],
    ['12e6', '12e6'],
    ['1.2e3', '1200'],
    ['1E-3', '1e-3'],
    ['1e14', '100e12'],
    ['.001', '1m'],
    ['1.', '1'],
    ['1.G', '1G'],
    ['0.1n', '1n'],
    ['3.001n', '4n'],
    ['-3.001n', '-4n'],
    ['0.000000000001Ki', '2n'],
    ['12E', '12E'],
    ['1000E', '1000E'],
    ['-5', '-5'],
    ['9Ei', '9223372036854775807'],
    ['9223372036854775807Ki', '9223372036854775807'],
  ];
  for (const [input, expected] of situations) assert.equal(canonicalQuantity(input), expected, String(input));
});

test('what is no quantity is refused with BadRequest', () => {
  for (const input of [
    '',
    ' ',
    '.',
    '-',
    'Ki',
    '1ki',
    '1K',
    '1 Gi',
    '1.2.3',
    '--1',
    '1e',
    '1e999',
    '1e-999',
    '1e99999999999',
    'NaN',
    '0x10',
    '1'.repeat(65),
    '1Zi',
    '٣',
  ]) {
    assert.throws(
      () => parseQuantity(input),
      (error) => error instanceof StatusError && error.reason === 'BadRequest' && error.message !== '',
      input,
    );
    assert.equal(readQuantity(input), undefined);
  }
  for (const input of [null, undefined, {}, [], true, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(readQuantity(input), undefined);
  }
});

test('units and millis round away from zero', () => {
  assert.equal(quantityUnits(parseQuantity('1500m')), 2);
  assert.equal(quantityUnits(parseQuantity('-1500m')), -2);
  assert.equal(quantityMillis(parseQuantity('0.1m')), 1);
  assert.equal(quantityMillis(parseQuantity('2')), 2000);
  assert.equal(quantityUnits(parseQuantity('8Gi')), 8 * 1024 ** 3);
});

test('measured numbers become quantities', () => {
  assert.equal(formatQuantity(quantityFromMillis(250.9)), '250m');
  assert.equal(formatQuantity(quantityFromUnits(128 * 1024 * 1024)), '128Mi');
});

test('a sum takes the format of its first amount that is not zero', () => {
  assert.equal(formatQuantity(addQuantities(ZERO, parseQuantity('1Gi'))), '1Gi');
  assert.equal(formatQuantity(addQuantities(parseQuantity('1Gi'), parseQuantity('1024'))), '1048577Ki');
  assert.equal(formatQuantity(subtractQuantities(parseQuantity('1'), parseQuantity('100m'))), '900m');
});

const quantityText = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    fc.nat(),
    fc.option(fc.nat(999_999), { nil: undefined }),
    fc.constantFrom('n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'e3', 'E-2', 'e+6'),
  )
  .map(
    ([sign, whole, fraction, suffix]) =>
      `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${suffix}`,
  );

test('canonical form is a fixed point and keeps the amount', () => {
  fc.assert(
    fc.property(quantityText, (text) => {
      const canonical = canonicalQuantity(text);
      assert.equal(canonicalQuantity(canonical), canonical);
      assert.equal(compareQuantities(parseQuantity(canonical), parseQuantity(text)), 0);
    }),
  );
});

test('addition is exact: commutative, associative, undone by subtraction', () => {
  fc.assert(
    fc.property(quantityText, quantityText, quantityText, (...texts) => {
      const [a, b, c] = texts.map(parseQuantity) as [typeof ZERO, typeof ZERO, typeof ZERO];
      assert.equal(addQuantities(a, b).nanos, addQuantities(b, a).nanos);
      assert.equal(addQuantities(addQuantities(a, b), c).nanos, addQuantities(a, addQuantities(b, c)).nanos);
      assert.equal(compareQuantities(subtractQuantities(addQuantities(a, b), b), a), 0);
    }),
  );
});

test('any text gives a quantity or BadRequest', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^[+-]?[0-9.]{0,5}[eEinumkKMGTP]{0,3}[-+]?[0-9]{0,4}$/)),
      (text) => {
        try {
          formatQuantity(parseQuantity(text));
        } catch (error) {
          assert.ok(error instanceof StatusError && error.reason === 'BadRequest');
        }
      },
    ),
  );
});
