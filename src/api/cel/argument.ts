/** Arguments as what an overload's signature says that they are; anything else is a fault of ours. */
import {
  CelDuration,
  CelList,
  CelMap,
  CelOptional,
  CelTimestamp,
  CelUint,
  type CelValue,
} from '#api/cel/value.ts';
import { assert } from '#system/assert.ts';

export function textOf(value: CelValue | undefined): string {
  assert(typeof value === 'string', 'a string is passed where the signature says so');
  return value;
}

export function intOf(value: CelValue | undefined): bigint {
  assert(typeof value === 'bigint', 'an int is passed where the signature says so');
  return value;
}

export function doubleOf(value: CelValue | undefined): number {
  assert(typeof value === 'number', 'a double is passed where the signature says so');
  return value;
}

export function boolOf(value: CelValue | undefined): boolean {
  assert(typeof value === 'boolean', 'a bool is passed where the signature says so');
  return value;
}

export function uintOf(value: CelValue | undefined): bigint {
  assert(value instanceof CelUint, 'a uint is passed where the signature says so');
  return value.value;
}

export function bytesOf(value: CelValue | undefined): Uint8Array {
  assert(value instanceof Uint8Array, 'bytes are passed where the signature says so');
  return value;
}

export function listOf(value: CelValue | undefined): CelList {
  assert(value instanceof CelList, 'a list is passed where the signature says so');
  return value;
}

export function mapOf(value: CelValue | undefined): CelMap {
  assert(value instanceof CelMap, 'a map is passed where the signature says so');
  return value;
}

export function optionalOf(value: CelValue | undefined): CelOptional {
  assert(value instanceof CelOptional, 'an optional is passed where the signature says so');
  return value;
}

export function timestampOf(value: CelValue | undefined): bigint {
  assert(value instanceof CelTimestamp, 'a timestamp is passed where the signature says so');
  return value.nanos;
}

export function durationOf(value: CelValue | undefined): bigint {
  assert(value instanceof CelDuration, 'a duration is passed where the signature says so');
  return value.nanos;
}
