import { VOLUME_FIELDS, validateFieldRef, validateResourceFieldRef } from '#api/core/downward-validation.ts';
import { checkMode, validateFilePath } from '#api/core/path-validation.ts';
import type {
  DownwardAPIVolumeFile,
  DownwardAPIVolumeSource,
  KeyToPath,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '#api/core/volume.ts';
import { checkPresent } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';

/** Validity of a projected token, in seconds. */
const TOKEN_EXPIRATION_SECONDS = { min: 10 * 60, max: 2 ** 32 };

/** What is wrong with the files that a volume has of a ConfigMap or Secret. */
export function validateConfigFiles(field: string, items: readonly KeyToPath[] = []): FieldError[] {
  return items.flatMap(({ key, path, mode }, index) => {
    const at = `${field}[${index}]`;
    return [
      ...checkPresent(`${at}.key`, key),
      ...checkPresent(`${at}.path`, path),
      ...validateFilePath(`${at}.path`, path),
      ...checkMode(`${at}.mode`, mode),
    ];
  });
}

/** What is wrong with a volume of facts of the pod. As in Kubernetes, the volume is named, not the file. */
export function validateDownwardVolume(
  field: string,
  { defaultMode, items = [] }: DownwardAPIVolumeSource,
): FieldError[] {
  return [
    ...checkMode(`${field}.defaultMode`, defaultMode),
    ...items.flatMap((file) => validateDownwardFile(field, file)),
  ];
}

function validateDownwardFile(
  field: string,
  { path, mode, fieldRef, resourceFieldRef }: DownwardAPIVolumeFile,
): FieldError[] {
  const both = 'fieldRef and resourceFieldRef can not be specified simultaneously';
  return [
    ...checkPresent(`${field}.path`, path),
    ...validateFilePath(`${field}.path`, path),
    ...(fieldRef === undefined ? [] : validateFieldRef(`${field}.fieldRef`, fieldRef, VOLUME_FIELDS)),
    ...(fieldRef !== undefined && resourceFieldRef !== undefined
      ? [invalidValue(field, 'resource', both)]
      : []),
    ...(fieldRef === undefined && resourceFieldRef !== undefined
      ? validateResourceFieldRef(`${field}.resourceFieldRef`, resourceFieldRef, { ofVolume: true })
      : []),
    ...(fieldRef === undefined && resourceFieldRef === undefined
      ? [requiredValue(field, 'one of fieldRef and resourceFieldRef is required')]
      : []),
    ...checkMode(`${field}.mode`, mode),
  ];
}

/** What is wrong with a volume of several sources. */
export function validateProjected(
  field: string,
  { defaultMode, sources = [] }: ProjectedVolumeSource,
): FieldError[] {
  const paths = new Set<string>();
  const once = (path: string, named: string = path): FieldError[] => {
    if (path === '' || !paths.has(path)) {
      paths.add(path);
      return [];
    }
    return [invalidValue(field, named, 'conflicting duplicate paths')];
  };
  return [
    ...checkMode(`${field}.defaultMode`, defaultMode),
    ...sources.flatMap((source, index) =>
      validateProjection(field, `${field}.sources[${index}]`, source, once),
    ),
  ];
}

function validateProjection(
  field: string,
  at: string,
  source: VolumeProjection,
  once: (path: string, named?: string) => FieldError[],
): FieldError[] {
  const { configMap, secret, downwardAPI, serviceAccountToken: token } = source;
  const configs = [
    { path: `${at}.secret`, config: secret },
    { path: `${at}.configMap`, config: configMap },
  ];
  return [
    ...configs.flatMap(({ path, config }) =>
      config === undefined
        ? []
        : [
            ...checkPresent(`${path}.name`, config.name),
            ...validateConfigFiles(`${path}.items`, config.items),
            ...(config.items ?? []).flatMap((item) => once(item.path, config.name ?? '')),
          ],
    ),
    ...(downwardAPI?.items ?? []).flatMap((file) => [
      ...validateDownwardFile(`${at}.downwardAPI`, file),
      ...once(file.path),
    ]),
    ...(token === undefined ? [] : validateToken(field, `${at}.serviceAccountToken`, token)),
    ...(Object.keys(source).length > 1
      ? [forbiddenField(at, 'may not specify more than 1 volume type per source')]
      : []),
  ];
}

/** As in Kubernetes, the volume is named where the token's path is wrong. */
function validateToken(
  field: string,
  at: string,
  { expirationSeconds = TOKEN_EXPIRATION_SECONDS.min, path }: ServiceAccountTokenProjection,
): FieldError[] {
  const expires = `${at}.expirationSeconds`;
  return [
    ...(expirationSeconds < TOKEN_EXPIRATION_SECONDS.min
      ? [invalidValue(expires, expirationSeconds, 'may not specify a duration less than 10 minutes')]
      : []),
    ...(expirationSeconds > TOKEN_EXPIRATION_SECONDS.max
      ? [invalidValue(expires, expirationSeconds, 'may not specify a duration larger than 2^32 seconds')]
      : []),
    ...(path === '' ? [requiredValue(`${field}.path`)] : validateFilePath(`${field}.path`, path)),
  ];
}
