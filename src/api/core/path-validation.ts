import type { HostPathVolumeSource } from '#api/core/volume.ts';
import { checkOneOf, checkPresent } from '#api/field-checks.ts';
import { invalidValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';

/** The highest file mode of a volume; a higher one is refused. */
const FILE_MODE_MAX = 0o777;
const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

/** Mode bits of a file in a volume. */
export function checkMode(field: string, mode: number | undefined): FieldError[] {
  const isMode = mode === undefined || (mode >= 0 && mode <= FILE_MODE_MAX);
  return isMode
    ? []
    : [invalidValue(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

/** A path that never goes up. */
export function validateNoBacksteps(field: string, path: string): FieldError[] {
  return path.split('/').includes('..') ? [invalidValue(field, path, "must not contain '..'")] : [];
}

/** A path below a directory that cannot lead out of it; empty is the directory. */
export function validatePathBelow(field: string, path: string): FieldError[] {
  return [
    ...(path.startsWith('/') ? [invalidValue(field, path, 'must be a relative path')] : []),
    ...validateNoBacksteps(field, path),
  ];
}

/** As {@link validatePathBelow}; names that begin with `..` belong to the kubelet, which swaps whole directories. */
export function validateFilePath(field: string, path: string): FieldError[] {
  const isReserved = path.startsWith('..') && !path.startsWith('../');
  return [
    ...validatePathBelow(field, path),
    ...(isReserved ? [invalidValue(field, path, "must not start with '..'")] : []),
  ];
}

/** What is wrong with a path of the host as a volume. */
export function validateHostPath(field: string, { path, type }: HostPathVolumeSource): FieldError[] {
  return [
    ...checkPresent(`${field}.path`, path),
    ...validateNoBacksteps(`${field}.path`, path),
    ...checkOneOf(`${field}.type`, type, HOST_PATH_TYPES),
  ];
}
