import { validateClaimSpec } from '#api/core/claim-validation.ts';
import { validateFieldPath, validateResource } from '#api/core/environment-validation.ts';
import type {
  DownwardAPIVolumeFile,
  HostPathVolumeSource,
  KeyToPath,
  ProjectedVolumeSource,
  Volume,
  VolumeProjection,
} from '#api/core/volume.ts';
import {
  checkName,
  checkOneOf,
  checkPresent,
  checkQuantity,
  checkRange,
  checkUnique,
} from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { configKeyErrors, labelNameErrors } from '#api/name-syntax.ts';
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
const VOLUME_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
/** Validity of a projected token, in seconds. */
const TOKEN_EXPIRATION_SECONDS = { min: 600, max: 2 ** 32 };

/** What is wrong with a pod's volumes. */
export function validateVolumes(field: string, volumes: readonly Volume[]): FieldError[] {
  return [
    ...volumes.flatMap((volume, index) => validateVolume(`${field}[${index}]`, volume)),
    ...checkUnique(
      volumes.map(({ name }) => name),
      (index) => `${field}[${index}].name`,
    ),
  ];
}

function validateVolume(field: string, volume: Volume): FieldError[] {
  const { name, ...sources } = volume;
  const [first, ...more] = Object.keys(sources);
  return [
    ...(name === '' ? [requiredValue(`${field}.name`)] : checkName(`${field}.name`, name, labelNameErrors)),
    ...(first === undefined ? [requiredValue(field, 'must specify a volume type')] : []),
    ...more.map((source) => forbiddenField(`${field}.${source}`, 'may not specify more than 1 volume type')),
    ...validateConfigSources(field, volume),
    ...validateOtherSources(field, volume),
  ];
}

function validateConfigSources(
  field: string,
  { configMap, secret, downwardAPI, projected }: Volume,
): FieldError[] {
  return [
    ...(configMap === undefined
      ? []
      : [
          ...checkPresent(`${field}.configMap.name`, configMap.name),
          ...validateItems(`${field}.configMap`, configMap),
        ]),
    ...(secret === undefined
      ? []
      : [
          ...checkPresent(`${field}.secret.secretName`, secret.secretName),
          ...validateItems(`${field}.secret`, secret),
        ]),
    ...(downwardAPI === undefined
      ? []
      : [
          ...checkMode(`${field}.downwardAPI.defaultMode`, downwardAPI.defaultMode),
          ...validateDownwardFiles(`${field}.downwardAPI.items`, downwardAPI.items),
        ]),
    ...(projected === undefined ? [] : validateProjected(`${field}.projected`, projected)),
  ];
}

function validateOtherSources(
  field: string,
  { hostPath, emptyDir, persistentVolumeClaim, nfs, ephemeral }: Volume,
): FieldError[] {
  const claim = ephemeral?.volumeClaimTemplate;
  return [
    ...(hostPath === undefined ? [] : validateHostPath(`${field}.hostPath`, hostPath)),
    ...(emptyDir === undefined ? [] : checkQuantity(`${field}.emptyDir.sizeLimit`, emptyDir.sizeLimit)),
    ...(persistentVolumeClaim === undefined
      ? []
      : checkPresent(`${field}.persistentVolumeClaim.claimName`, persistentVolumeClaim.claimName)),
    ...(nfs === undefined
      ? []
      : [
          ...checkPresent(`${field}.nfs.server`, nfs.server),
          ...(nfs.path.startsWith('/')
            ? []
            : [invalidValue(`${field}.nfs.path`, nfs.path, 'must be an absolute path')]),
        ]),
    ...(ephemeral !== undefined && claim === undefined
      ? [requiredValue(`${field}.ephemeral.volumeClaimTemplate`)]
      : []),
    ...(claim === undefined
      ? []
      : validateClaimSpec(`${field}.ephemeral.volumeClaimTemplate.spec`, claim.spec)),
  ];
}

function validateItems(
  field: string,
  { defaultMode, items = [] }: { defaultMode?: number; items?: KeyToPath[] },
): FieldError[] {
  return [
    ...checkMode(`${field}.defaultMode`, defaultMode),
    ...items.flatMap(({ key, path, mode }, index) => [
      ...checkName(`${field}.items[${index}].key`, key, configKeyErrors),
      ...validateRelativePath(`${field}.items[${index}].path`, path),
      ...checkMode(`${field}.items[${index}].mode`, mode),
    ]),
  ];
}

function validateDownwardFiles(field: string, files: readonly DownwardAPIVolumeFile[] = []): FieldError[] {
  return files.flatMap(({ path, mode, fieldRef, resourceFieldRef }, index) => {
    const at = `${field}[${index}]`;
    const isEither = (fieldRef === undefined) !== (resourceFieldRef === undefined);
    return [
      ...validateRelativePath(`${at}.path`, path),
      ...checkMode(`${at}.mode`, mode),
      ...(isEither ? [] : [requiredValue(at, 'one of fieldRef and resourceFieldRef is required')]),
      ...(fieldRef === undefined
        ? []
        : validateFieldPath(`${at}.fieldRef.fieldPath`, fieldRef.fieldPath, VOLUME_FIELDS)),
      ...(resourceFieldRef === undefined
        ? []
        : [
            ...checkPresent(`${at}.resourceFieldRef.containerName`, resourceFieldRef.containerName),
            ...validateResource(`${at}.resourceFieldRef.resource`, resourceFieldRef.resource),
          ]),
    ];
  });
}

function validateProjected(
  field: string,
  { defaultMode, sources = [] }: ProjectedVolumeSource,
): FieldError[] {
  return [
    ...checkMode(`${field}.defaultMode`, defaultMode),
    ...sources.flatMap((source, index) => validateProjection(`${field}.sources[${index}]`, source)),
  ];
}

function validateProjection(field: string, source: VolumeProjection): FieldError[] {
  const { configMap, secret, downwardAPI, serviceAccountToken: token } = source;
  const [, ...more] = Object.keys(source);
  return [
    ...more.map((name) =>
      forbiddenField(`${field}.${name}`, 'may not specify more than 1 volume type per source'),
    ),
    ...(configMap === undefined
      ? []
      : [
          ...checkPresent(`${field}.configMap.name`, configMap.name),
          ...validateItems(`${field}.configMap`, configMap),
        ]),
    ...(secret === undefined
      ? []
      : [...checkPresent(`${field}.secret.name`, secret.name), ...validateItems(`${field}.secret`, secret)]),
    ...validateDownwardFiles(`${field}.downwardAPI.items`, downwardAPI?.items),
    ...(token === undefined
      ? []
      : [
          ...checkRange(
            `${field}.serviceAccountToken.expirationSeconds`,
            token.expirationSeconds,
            TOKEN_EXPIRATION_SECONDS,
          ),
          ...validateRelativePath(`${field}.serviceAccountToken.path`, token.path),
        ]),
  ];
}

function validateHostPath(field: string, { path, type }: HostPathVolumeSource): FieldError[] {
  return [
    ...checkPresent(`${field}.path`, path),
    ...(path.split('/').includes('..') ? [invalidValue(`${field}.path`, path, "must not contain '..'")] : []),
    ...checkOneOf(`${field}.type`, type, HOST_PATH_TYPES),
  ];
}

function checkMode(field: string, mode: number | undefined): FieldError[] {
  const isMode = mode === undefined || (mode >= 0 && mode <= FILE_MODE_MAX);
  return isMode
    ? []
    : [invalidValue(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

/** A path below a directory that cannot lead out of it. */
export function validateRelativePath(field: string, path: string): FieldError[] {
  return [
    ...checkPresent(field, path),
    ...(path.startsWith('/') ? [invalidValue(field, path, 'must be a relative path')] : []),
    ...(path.split('/').includes('..') ? [invalidValue(field, path, "must not contain '..'")] : []),
  ];
}
