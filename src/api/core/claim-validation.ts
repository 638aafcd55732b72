import type { PersistentVolumeClaimSpec } from '#api/core/persistent-volume-claim.ts';
import type { TypedObjectReference } from '#api/core/reference.ts';
import {
  checkLabelName,
  checkLabelSelector,
  checkName,
  checkOneOf,
  checkPresent,
} from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import { subdomainNameErrors } from '#api/name-syntax.ts';
import { readQuantity } from '#api/quantity.ts';
import type { FieldError } from '#api/status.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES: readonly string[] = ['Block', 'Filesystem'];

const NANOS_PER_UNIT = 1_000_000_000n;

/** What is wrong with how a volume may be mounted, where it says that at all. */
export function validateAccessModes(field: string, modes: readonly string[] = []): FieldError[] {
  const isAlone = modes.includes('ReadWriteOncePod');
  const isShared = modes.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode));
  return [
    ...modes.flatMap((mode) =>
      ACCESS_MODES.includes(mode) ? [] : [unsupportedValue(field, mode, ACCESS_MODES)],
    ),
    ...(isAlone && isShared
      ? [forbiddenField(field, 'may not use ReadWriteOncePod with other access modes')]
      : []),
  ];
}

/** The name of a class, where there is one: an empty one is as good as none. */
export function checkClassName(field: string, name: string | undefined): FieldError[] {
  return name === '' ? [] : checkName(field, name, subdomainNameErrors);
}

/** An amount above 0. */
export function checkPositiveAmount(field: string, amount: string): FieldError[] {
  const isPositive = (readQuantity(amount)?.nanos ?? 1n) > 0n;
  return isPositive ? [] : [invalidValue(field, amount, 'must be greater than zero')];
}

/** What is wrong with what a claim asks for. Source: Kubernetes' `ValidatePersistentVolumeClaimSpec`. */
export function validateClaimSpec(field: string, spec: PersistentVolumeClaimSpec): FieldError[] {
  return [
    ...checkPresent(`${field}.accessModes`, spec.accessModes ?? [], 'at least 1 access mode is required'),
    ...checkLabelSelector(`${field}.selector`, spec.selector),
    ...validateAccessModes(`${field}.accessModes`, spec.accessModes),
    ...validateStorage(`${field}.resources[storage]`, spec.resources?.requests?.storage),
    ...checkClassName(`${field}.storageClassName`, spec.storageClassName),
    ...checkOneOf(`${field}.volumeMode`, spec.volumeMode, VOLUME_MODES),
    ...validateDataSources(field, spec),
    ...checkClassName(`${field}.volumeAttributesClassName`, spec.volumeAttributesClassName),
  ];
}

function validateStorage(field: string, amount: string | undefined): FieldError[] {
  if (amount === undefined) return [requiredValue(field)];
  const errors = checkPositiveAmount(field, amount);
  const isWhole = (readQuantity(amount)?.nanos ?? 0n) % NANOS_PER_UNIT === 0n;
  return errors.length > 0 || isWhole ? errors : [invalidValue(field, amount, 'must be an integer')];
}

/** The two ways to say what a volume begins with say the same. */
function validateDataSources(
  field: string,
  { dataSource, dataSourceRef }: PersistentVolumeClaimSpec,
): FieldError[] {
  const isForeign = (dataSourceRef?.namespace ?? '') !== '';
  const isBoth = dataSource !== undefined && dataSourceRef !== undefined;
  const isSame =
    isBoth &&
    dataSource.kind === dataSourceRef.kind &&
    dataSource.name === dataSourceRef.name &&
    (dataSource.apiGroup ?? '') === (dataSourceRef.apiGroup ?? '');
  const wrong = isForeign
    ? 'may not be specified when dataSourceRef.namespace is specified'
    : 'must match dataSourceRef';
  return [
    ...(dataSource === undefined ? [] : validateDataSource(`${field}.dataSource`, dataSource)),
    ...(dataSourceRef === undefined ? [] : validateDataSource(`${field}.dataSourceRef`, dataSourceRef)),
    ...(isBoth && (isForeign || !isSame) ? [invalidValue(field, `${field}.dataSource`, wrong)] : []),
  ];
}

function validateDataSource(
  field: string,
  { apiGroup = '', kind, name, namespace = '' }: TypedObjectReference,
): FieldError[] {
  const detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
  return [
    ...checkPresent(`${field}.name`, name),
    ...checkPresent(`${field}.kind`, kind),
    ...(apiGroup === '' && kind !== 'PersistentVolumeClaim' ? [invalidValue(field, kind, detail)] : []),
    ...(apiGroup === '' ? [] : checkName(`${field}.apiGroup`, apiGroup, subdomainNameErrors)),
    ...checkLabelName(`${field}.namespace`, namespace),
  ];
}
