import { validateClaimSpec } from '#api/core/claim-validation.ts';
import { checkMode, validateHostPath, validatePathBelow } from '#api/core/path-validation.ts';
import type {
  CSIVolumeSource,
  EphemeralVolumeSource,
  NFSVolumeSource,
  Volume,
  VolumeSources,
} from '#api/core/volume.ts';
import {
  validateConfigFiles,
  validateDownwardVolume,
  validateProjected,
} from '#api/core/volume-files-validation.ts';
import {
  requireFields,
  validateAzureDisk,
  validateFibreChannel,
  validateFlexOptions,
  validateFlocker,
  validateInitiatedName,
  validateIscsi,
  validatePartition,
  validateQuobyte,
  validateSecretName,
  validateStorageOs,
} from '#api/core/volume-network-validation.ts';
import { checkLabels, checkName, checkPresent, checkRequiredName } from '#api/field-checks.ts';
import { duplicateValue, forbiddenField, invalidValue, requiredValue, tooLong } from '#api/field-errors.ts';
import { checkAnnotations } from '#api/metadata.ts';
import { labelNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { ObjectMeta } from '#api/object.ts';
import { readQuantity } from '#api/quantity.ts';
import type { FieldError } from '#api/status.ts';

/** The longest name of a CSI driver, in characters; a longer one is refused. */
const DRIVER_CHARS_MAX = 63;

/** What a volume is part of. */
export interface VolumeOwner {
  /** Of a pod, where it has one already; absent for a template. */
  readonly podName?: string | undefined;
  readonly isPod: boolean;
}

type SourceName = keyof VolumeSources;

/** What a pod's volumes are, and what is wrong with them. */
export interface CheckedVolumes {
  /** Volumes with nothing wrong: those that containers can refer to. */
  readonly valid: ReadonlyMap<string, Volume>;
  readonly errors: FieldError[];
}

interface SourceRule {
  readonly name: SourceName;
  check(field: string, volume: Volume, owner: VolumeOwner): FieldError[];
  /** What the field is called where it is one source too many, if not by its name. */
  readonly excessName?: string;
}

/** In the order in which Kubernetes looks for a source: the first is the volume's, and others are too many. */
const SOURCES: readonly SourceRule[] = [
  source('emptyDir', (field, { sizeLimit = '0' }) =>
    (readQuantity(sizeLimit)?.nanos ?? -1n) < 0n
      ? [forbiddenField(`${field}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
      : [],
  ),
  source('hostPath', validateHostPath),
  source('gitRepo', (field, { repository, directory = '' }) => [
    ...checkPresent(`${field}.repository`, repository),
    ...validatePathBelow(`${field}.directory`, directory),
  ]),
  {
    ...source('gcePersistentDisk', (field, disk) => {
      const path = field.replace(/gcePersistentDisk$/, 'persistentDisk');
      return [...checkPresent(`${path}.pdName`, disk.pdName), ...validatePartition(path, disk)];
    }),
  },
  source('awsElasticBlockStore', (field, disk) => [
    ...checkPresent(`${field}.volumeID`, disk.volumeID),
    ...validatePartition(field, disk),
  ]),
  source('secret', (field, secret) => [
    ...checkPresent(`${field}.secretName`, secret.secretName),
    ...checkMode(`${field}.defaultMode`, secret.defaultMode),
    ...validateConfigFiles(`${field}.items`, secret.items),
  ]),
  source('nfs', validateNfs),
  source('iscsi', validateIscsi),
  source('glusterfs', requireFields('endpoints', 'path')),
  source('flocker', validateFlocker),
  source('persistentVolumeClaim', requireFields('claimName')),
  source('rbd', requireFields('monitors', 'image')),
  source('cinder', (field, disk) => [
    ...checkPresent(`${field}.volumeID`, disk.volumeID),
    ...validateSecretName(field, disk),
  ]),
  { ...source('cephfs', requireFields('monitors')), excessName: 'cephFS' },
  source('quobyte', validateQuobyte),
  { ...source('downwardAPI', validateDownwardVolume), excessName: 'downwarAPI' },
  source('fc', validateFibreChannel),
  source('flexVolume', (field, volume) => [
    ...checkPresent(`${field}.driver`, volume.driver),
    ...validateFlexOptions(field, volume),
  ]),
  source('configMap', (field, configMap) => [
    ...checkPresent(`${field}.name`, configMap.name),
    ...checkMode(`${field}.defaultMode`, configMap.defaultMode),
    ...validateConfigFiles(`${field}.items`, configMap.items),
  ]),
  source('azureFile', requireFields('secretName', 'shareName')),
  source('vsphereVolume', requireFields('volumePath')),
  source('photonPersistentDisk', requireFields('pdID')),
  source('portworxVolume', requireFields('volumeID')),
  source('azureDisk', validateAzureDisk),
  source('storageos', validateStorageOs),
  source('projected', validateProjected),
  source('scaleIO', requireFields('gateway', 'system', 'volumeName')),
  source('csi', validateCsi),
  source('ephemeral', validateEphemeral),
];

function source<K extends SourceName>(
  name: K,
  rule: (field: string, source: NonNullable<VolumeSources[K]>, owner: VolumeOwner) => FieldError[],
): SourceRule {
  return {
    name,
    check: (field, volume, owner) => {
      const value = volume[name];
      return value === undefined ? [] : rule(`${field}.${name}`, value, owner);
    },
  };
}

const SOURCE_BY_NAME: ReadonlyMap<string, SourceRule> = new Map(
  SOURCES.map((source) => [source.name, source]),
);

/** Checks a pod's volumes. Source: Kubernetes' `ValidateVolumes`. */
export function validateVolumes(
  field: string,
  volumes: readonly Volume[],
  owner: VolumeOwner,
): CheckedVolumes {
  const valid = new Map<string, Volume>();
  const claims = owner.podName === undefined ? undefined : ephemeralClaims(owner.podName, volumes);
  const errors = volumes.flatMap((volume, index) => {
    const path = `${field}[${index}]`;
    const wrong = [
      ...validateSources(path, volume, owner),
      ...checkRequiredName(`${path}.name`, volume.name, labelNameErrors),
      ...(valid.has(volume.name) ? [duplicateValue(`${path}.name`, volume.name)] : []),
    ];
    if (wrong.length === 0) valid.set(volume.name, volume);
    return [...wrong, ...validateForeignClaim(path, volume, claims)];
  });
  return { valid, errors };
}

function validateSources(field: string, volume: Volume, owner: VolumeOwner): FieldError[] {
  const [first, ...more] = sourcesOf(volume);
  if (first === undefined) return [requiredValue(field, 'must specify a volume type')];
  return [
    ...first.check(field, volume, owner),
    ...more.map(({ name, excessName = name }) =>
      forbiddenField(`${field}.${excessName}`, 'may not specify more than 1 volume type'),
    ),
    ...(volume.iscsi === undefined ? [] : validateInitiatedName(field, volume.iscsi, volume.name)),
    ...(first.name === 'ephemeral' ? validateEphemeralName(field, volume.name, owner) : []),
  ];
}

/** The sources of a volume; nearly all have one. */
function sourcesOf(volume: Volume): SourceRule[] {
  const given = Object.keys(volume).flatMap((name) => SOURCE_BY_NAME.get(name) ?? []);
  return given.length < 2 ? given : SOURCES.filter((source) => given.includes(source));
}

/** The names of the claims that will be made for a pod's ephemeral volumes. */
function ephemeralClaims(podName: string, volumes: readonly Volume[]): ReadonlySet<string> {
  return new Set(
    volumes.filter(({ ephemeral }) => ephemeral !== undefined).map(({ name }) => `${podName}-${name}`),
  );
}

function validateForeignClaim(
  field: string,
  { persistentVolumeClaim }: Volume,
  claims: ReadonlySet<string> | undefined,
): FieldError[] {
  const name = persistentVolumeClaim?.claimName;
  if (name === undefined || claims?.has(name) !== true) return [];
  const detail = 'must not reference a PVC that gets created for an ephemeral volume';
  return [invalidValue(`${field}.persistentVolumeClaim.claimName`, name, detail)];
}

/** What is wrong with a volume over NFS. */
export function validateNfs(field: string, { server, path }: NFSVolumeSource): FieldError[] {
  return [
    ...checkPresent(`${field}.server`, server),
    ...checkPresent(`${field}.path`, path),
    ...(path.startsWith('/') ? [] : [invalidValue(`${field}.path`, path, 'must be an absolute path')]),
  ];
}

function validateCsi(field: string, { driver, nodePublishSecretRef }: CSIVolumeSource): FieldError[] {
  const secret = nodePublishSecretRef?.name ?? '';
  return [
    ...validateDriverName(`${field}.driver`, driver),
    ...(nodePublishSecretRef === undefined
      ? []
      : secret === ''
        ? [requiredValue(`${field}.nodePublishSecretRef.name`)]
        : checkName(`${field}.name`, secret, subdomainNameErrors)),
  ];
}

/** What is wrong with the name of a CSI driver. */
export function validateDriverName(field: string, driver: string): FieldError[] {
  return [
    ...checkPresent(field, driver),
    ...(driver.length > DRIVER_CHARS_MAX ? [tooLong(field, DRIVER_CHARS_MAX)] : []),
    ...subdomainNameErrors(driver.toLowerCase()).map((detail) => invalidValue(field, driver, detail)),
  ];
}

function validateEphemeral(field: string, { volumeClaimTemplate }: EphemeralVolumeSource): FieldError[] {
  const path = `${field}.volumeClaimTemplate`;
  return volumeClaimTemplate === undefined
    ? [requiredValue(path)]
    : [
        ...validateTemplateMetadata(`${path}.metadata`, volumeClaimTemplate.metadata ?? {}),
        ...validateClaimSpec(`${path}.spec`, volumeClaimTemplate.spec),
      ];
}

/** A template gives what is made from it labels and annotations, and nothing else. */
function validateTemplateMetadata(field: string, metadata: Partial<ObjectMeta>): FieldError[] {
  const { labels, annotations, ...others } = metadata;
  return [
    ...checkAnnotations(`${field}.annotations`, annotations),
    ...checkLabels(`${field}.labels`, labels),
    ...Object.entries(others)
      .filter(([, value]) => !isZero(value))
      .map(([name]) => forbiddenField(`${field}.${name === 'uid' ? 'uID' : name}`, 'cannot be set')),
  ];
}

function isZero(value: unknown): boolean {
  return value === undefined || value === '' || value === 0;
}

function validateEphemeralName(field: string, name: string, { podName }: VolumeOwner): FieldError[] {
  if (podName === undefined || name === '') return [];
  const claim = `${podName}-${name}`;
  return subdomainNameErrors(claim).map((detail) =>
    invalidValue(`${field}.name`, name, `PVC name "${claim}": ${detail}`),
  );
}
