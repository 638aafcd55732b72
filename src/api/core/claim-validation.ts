import type { PersistentVolumeClaimSpec } from '#api/core/persistent-volume-claim.ts';
import { checkLabelSelector, checkOneOf, checkPresent, checkQuantity } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { readQuantity } from '#api/quantity.ts';
import type { FieldError } from '#api/status.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** What is wrong with how a volume may be mounted. */
export function validateAccessModes(field: string, modes: readonly string[] | undefined): FieldError[] {
  return [
    ...checkPresent(field, modes, 'at least 1 access mode is required'),
    ...(modes ?? []).flatMap((mode, index) => checkOneOf(`${field}[${index}]`, mode, ACCESS_MODES)),
    ...(modes !== undefined && modes.length > 1 && modes.includes('ReadWriteOncePod')
      ? [forbiddenField(field, 'may not use ReadWriteOncePod with other access modes')]
      : []),
  ];
}

/** What is wrong with what a claim asks for. */
export function validateClaimSpec(field: string, spec: PersistentVolumeClaimSpec): FieldError[] {
  const path = `${field}.resources[storage]`;
  const storage = spec.resources?.requests?.storage;
  const isPositive = storage === undefined || (readQuantity(storage)?.nanos ?? 1n) > 0n;
  return [
    ...checkLabelSelector(`${field}.selector`, spec.selector),
    ...validateAccessModes(`${field}.accessModes`, spec.accessModes),
    ...(storage === undefined ? [requiredValue(path)] : checkQuantity(path, storage)),
    ...(isPositive ? [] : [invalidValue(path, storage, 'must be greater than zero')]),
    ...checkOneOf(`${field}.volumeMode`, spec.volumeMode, ['Block', 'Filesystem']),
  ];
}
