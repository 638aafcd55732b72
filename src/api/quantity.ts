import { badRequest } from '#api/status.ts';

/** How a quantity was written, hence how it is written again. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** A Kubernetes quantity, exact. */
export interface Quantity {
  /** The amount in units of 10^-9, the finest that Kubernetes keeps. */
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

/** The longest text of a quantity in characters; a longer one is refused. */
const QUANTITY_CHARS_MAX = 64;
/** The largest decimal exponent in magnitude; a larger one is refused. */
const QUANTITY_EXPONENT_MAX = 64;

const NANOS_PER_UNIT = 1_000_000_000n;
const NANOS_PER_MILLI = 1_000_000n;
/** A quantity with a binary suffix is capped here: the largest int64. */
const BINARY_NANOS_MAX = (2n ** 63n - 1n) * NANOS_PER_UNIT;

const FORMAT_WRONG =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX_WRONG = "unable to parse quantity's suffix";
const QUANTITY = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;
const EXPONENT = /^[eE]([+-]?\d{1,9})$/;

const DECIMAL_EXPONENTS: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const DECIMAL_SUFFIXES = new Map([...DECIMAL_EXPONENTS].map(([suffix, exponent]) => [exponent, suffix]));
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** No amount; adding to it takes the other's format. */
export const ZERO: Quantity = { nanos: 0n, format: 'DecimalSI' };

/**
 * Parses `1500m`, `2Gi`, `1e3`, `.5`, or a JSON number. Finer than 10^-9 is rounded away from zero, binary suffixes are
 * capped at the largest int64, as Kubernetes does (apimachinery `resource.ParseQuantity`). Exponents beyond 64, which
 * Kubernetes accepts, are refused. Throws BadRequest.
 */
export function parseQuantity(input: string | number): Quantity {
  const parsed = scan(String(input));
  if (typeof parsed === 'string') throw badRequest(parsed);
  return parsed;
}

/** As {@link parseQuantity}, undefined instead of an error, and for input of any shape. */
export function readQuantity(input: unknown): Quantity | undefined {
  if (typeof input !== 'string' && typeof input !== 'number') return undefined;
  const parsed = scan(String(input));
  return typeof parsed === 'string' ? undefined : parsed;
}

/** Texts whose quantity is kept: few stand in nearly all objects. More are read each time. */
const QUANTITIES_KEPT_MAX = 1024;
const knownQuantities = new Map<string, Quantity>();

/** The quantity, or in Kubernetes' words why the text is none. */
function scan(text: string): Quantity | string {
  const known = knownQuantities.get(text);
  if (known !== undefined) return known;
  const quantity = scanAnew(text);
  if (typeof quantity === 'object' && knownQuantities.size < QUANTITIES_KEPT_MAX)
    knownQuantities.set(text, quantity);
  return quantity;
}

function scanAnew(text: string): Quantity | string {
  if (text.length > QUANTITY_CHARS_MAX)
    return `quantity has ${text.length} characters, at most ${QUANTITY_CHARS_MAX} are accepted`;
  const [matched, sign, whole = '', fraction = '', suffix = ''] = QUANTITY.exec(text) ?? [];
  if (matched === undefined || matched === suffix) return FORMAT_WRONG;
  if (whole === '' && fraction === '') return 'unable to parse numeric part of quantity';
  const scale = interpretSuffix(suffix);
  if (scale === undefined) return SUFFIX_WRONG;
  const digits = BigInt(whole + fraction) * 2n ** BigInt(scale.binary);
  const magnitude = shiftRoundingUp(digits, scale.decimal + 9 - fraction.length);
  const capped = scale.format === 'BinarySI' && magnitude > BINARY_NANOS_MAX ? BINARY_NANOS_MAX : magnitude;
  const format =
    scale.format === 'BinarySI' && capped > 0n && capped < NANOS_PER_UNIT ? 'DecimalSI' : scale.format;
  return { nanos: sign === '-' ? -capped : capped, format };
}

interface SuffixScale {
  readonly format: QuantityFormat;
  /** Powers of two and of ten to multiply by. */
  readonly binary: number;
  readonly decimal: number;
}

function interpretSuffix(suffix: string): SuffixScale | undefined {
  const decimal = DECIMAL_EXPONENTS.get(suffix);
  if (decimal !== undefined) return { format: 'DecimalSI', binary: 0, decimal };
  const thousands = BINARY_SUFFIXES.indexOf(suffix);
  if (thousands > 0) return { format: 'BinarySI', binary: thousands * 10, decimal: 0 };
  const exponent = Number(EXPONENT.exec(suffix)?.[1] ?? Number.NaN);
  if (!(Math.abs(exponent) <= QUANTITY_EXPONENT_MAX)) return undefined;
  return { format: 'DecimalExponent', binary: 0, decimal: exponent };
}

/** `value` (not negative) times a power of ten; a remainder counts as one more. */
function shiftRoundingUp(value: bigint, powerOfTen: number): bigint {
  return powerOfTen >= 0
    ? value * 10n ** BigInt(powerOfTen)
    : divideRoundingUp(value, 10n ** BigInt(-powerOfTen));
}

/** Division that rounds away from zero: whoever asks for a little gets at least a little. */
function divideRoundingUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (quotient * divisor === value) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

/**
 * The canonical form: no fraction, the largest suffix that loses nothing, no plus sign: `0.5` is `500m`, `1024Mi` is
 * `1Gi`. A binary quantity below 1024 or with a fraction is written in decimal. Larger than Kubernetes can write
 * (above `E`) keeps the suffix `E`.
 */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  const units = nanos / NANOS_PER_UNIT;
  const isWhole = units * NANOS_PER_UNIT === nanos;
  if (format === 'BinarySI' && isWhole && (units >= 1024n || units <= -1024n)) return formatBinary(units);
  return formatDecimal(nanos, format === 'DecimalExponent');
}

function formatBinary(units: bigint): string {
  let mantissa = units;
  let thousands = 0;
  while (mantissa % 1024n === 0n && thousands < BINARY_SUFFIXES.length - 1) {
    mantissa /= 1024n;
    thousands += 1;
  }
  return `${mantissa}${BINARY_SUFFIXES[thousands] ?? ''}`;
}

function formatDecimal(nanos: bigint, exponential: boolean): string {
  let mantissa = nanos;
  let exponent = -9;
  while (mantissa % 1000n === 0n && (exponential || exponent < 18)) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (!exponential) return `${mantissa}${DECIMAL_SUFFIXES.get(exponent) ?? ''}`;
  return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
}

/** The canonical form of a text or number, as a stored object holds it. Throws BadRequest. */
export function canonicalQuantity(input: string | number): string {
  return formatQuantity(parseQuantity(input));
}

/** Negative, zero or positive as `a` is less than, equal to or more than `b`; the format does not matter. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
}

/** The sum, in the format of `a`, or of `b` where `a` is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

/** The difference, in the format of `a`, or of `b` where `a` is zero. May be negative. */
export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos - b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

/** Whole units, fractions rounded away from zero: bytes of memory, counts. Above 2^53 the nearest double. */
export function quantityUnits(quantity: Quantity): number {
  return Number(divideRoundingUp(quantity.nanos, NANOS_PER_UNIT));
}

/** Thousandths, finer ones rounded away from zero: millicores. Above 2^53 the nearest double. */
export function quantityMillis(quantity: Quantity): number {
  return Number(divideRoundingUp(quantity.nanos, NANOS_PER_MILLI));
}

/** A quantity from thousandths, e.g. a measured usage in millicores. Fractions are cut. */
export function quantityFromMillis(millis: number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { nanos: BigInt(Math.trunc(millis)) * NANOS_PER_MILLI, format };
}

/** A quantity from whole units, e.g. measured bytes. Fractions are cut. */
export function quantityFromUnits(units: number, format: QuantityFormat = 'BinarySI'): Quantity {
  return { nanos: BigInt(Math.trunc(units)) * NANOS_PER_UNIT, format };
}
