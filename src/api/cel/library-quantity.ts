import { boolOf, intOf, textOf } from '#api/cel/argument.ts';
import { methodOf, type Overload, overload, traversing } from '#api/cel/function.ts';
import { INT_MAX, INT_MIN } from '#api/cel/number-range.ts';
import { CelError, type CelObject, type CelResult, type CelValue } from '#api/cel/value.ts';
import {
  addQuantities,
  compareQuantities,
  type Quantity,
  readQuantity,
  subtractQuantities,
} from '#api/quantity.ts';
import { compareSemver, parseSemver, type Semver } from '#api/semver.ts';
import { assert } from '#system/assert.ts';

const QUANTITY_TYPE = 'kubernetes.Quantity';
const SEMVER_TYPE = 'kubernetes.Semver';
const NANOS = 1_000_000_000n;

/** An amount: `1.5Gi`. */
class CelQuantity implements CelObject {
  readonly celType = QUANTITY_TYPE;
  readonly quantity: Quantity;

  constructor(quantity: Quantity) {
    this.quantity = quantity;
  }

  equals(other: CelObject): boolean {
    return other instanceof CelQuantity && compareQuantities(other.quantity, this.quantity) === 0;
  }
}

/** A version: `1.2.3-rc.1`. */
class CelSemver implements CelObject {
  readonly celType = SEMVER_TYPE;
  readonly version: Semver;

  constructor(version: Semver) {
    this.version = version;
  }

  equals(other: CelObject): boolean {
    return other instanceof CelSemver && compareSemver(other.version, this.version) === 0;
  }
}

function quantityOf(value: CelValue | undefined): Quantity {
  assert(value instanceof CelQuantity, 'a quantity is passed where the signature says so');
  return value.quantity;
}

function parse(text: string): CelResult {
  const quantity = readQuantity(text);
  return quantity === undefined
    ? new CelError(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      )
    : new CelQuantity(quantity);
}

function isInteger({ nanos }: Quantity): boolean {
  const units = nanos / NANOS;
  return units * NANOS === nanos && units <= INT_MAX && units >= INT_MIN;
}

function asInteger(quantity: Quantity): CelResult {
  return isInteger(quantity) ? quantity.nanos / NANOS : new CelError('cannot convert value to integer');
}

function ofInt(value: CelValue | undefined): Quantity {
  return { nanos: intOf(value) * NANOS, format: 'DecimalSI' };
}

function order(a: CelValue | undefined, b: CelValue | undefined): number {
  return compareQuantities(quantityOf(a), quantityOf(b));
}

const Q = QUANTITY_TYPE;

/** Kubernetes' quantity library. */
export const QUANTITIES: readonly Overload[] = [
  overload(`quantity(string): ${Q}`, ([a]) => parse(textOf(a)), { cost: traversing(0) }),
  overload('isQuantity(string): bool', ([a]) => readQuantity(textOf(a)) !== undefined, {
    cost: traversing(0),
  }),
  methodOf(Q, 'sign(): int', ([a]) =>
    BigInt(compareQuantities(quantityOf(a), { nanos: 0n, format: 'DecimalSI' })),
  ),
  methodOf(Q, 'isInteger(): bool', ([a]) => isInteger(quantityOf(a))),
  methodOf(Q, 'asInteger(): int', ([a]) => asInteger(quantityOf(a))),
  methodOf(Q, 'asApproximateFloat(): double', ([a]) => Number(quantityOf(a).nanos) / 1e9),
  methodOf(Q, `add(${Q}): ${Q}`, ([a, b]) => new CelQuantity(addQuantities(quantityOf(a), quantityOf(b)))),
  methodOf(Q, `add(int): ${Q}`, ([a, b]) => new CelQuantity(addQuantities(quantityOf(a), ofInt(b)))),
  methodOf(
    Q,
    `sub(${Q}): ${Q}`,
    ([a, b]) => new CelQuantity(subtractQuantities(quantityOf(a), quantityOf(b))),
  ),
  methodOf(Q, `sub(int): ${Q}`, ([a, b]) => new CelQuantity(subtractQuantities(quantityOf(a), ofInt(b)))),
  methodOf(Q, `isGreaterThan(${Q}): bool`, ([a, b]) => order(a, b) > 0),
  methodOf(Q, `isLessThan(${Q}): bool`, ([a, b]) => order(a, b) < 0),
  methodOf(Q, `compareTo(${Q}): int`, ([a, b]) => BigInt(order(a, b))),
];

function semverOf(value: CelValue | undefined): Semver {
  assert(value instanceof CelSemver, 'a version is passed where the signature says so');
  return value.version;
}

function semver(text: string, normalize: boolean): CelResult {
  const version = parseSemver(text, { normalize });
  return version === undefined ? new CelError(`No Major.Minor.Patch elements found`) : new CelSemver(version);
}

const S = SEMVER_TYPE;

/** Kubernetes' semver library. With `normalize`, `v1.01` is `1.1.0`. */
export const SEMVERS: readonly Overload[] = [
  overload(`semver(string): ${S}`, ([a]) => semver(textOf(a), false), { cost: traversing(0) }),
  overload(`semver(string, bool): ${S}`, ([a, b]) => semver(textOf(a), boolOf(b)), { cost: traversing(0) }),
  overload('isSemver(string): bool', ([a]) => parseSemver(textOf(a), { normalize: false }) !== undefined, {
    cost: traversing(0),
  }),
  overload(
    'isSemver(string, bool): bool',
    ([a, b]) => parseSemver(textOf(a), { normalize: boolOf(b) }) !== undefined,
    { cost: traversing(0) },
  ),
  methodOf(S, 'major(): int', ([a]) => semverOf(a).major),
  methodOf(S, 'minor(): int', ([a]) => semverOf(a).minor),
  methodOf(S, 'patch(): int', ([a]) => semverOf(a).patch),
  methodOf(S, `isGreaterThan(${S}): bool`, ([a, b]) => compareSemver(semverOf(a), semverOf(b)) > 0),
  methodOf(S, `isLessThan(${S}): bool`, ([a, b]) => compareSemver(semverOf(a), semverOf(b)) < 0),
  methodOf(S, `compareTo(${S}): int`, ([a, b]) => BigInt(compareSemver(semverOf(a), semverOf(b)))),
];
