import { validateNodeSelectorTerms } from '#api/core/affinity-validation.ts';
import {
  checkClassName,
  checkPositiveAmount,
  VOLUME_MODES,
  validateAccessModes,
} from '#api/core/claim-validation.ts';
import { validateHostPath, validateNoBacksteps } from '#api/core/path-validation.ts';
import type {
  CSIPersistentVolumeSource,
  LocalVolumeSource,
  PersistentVolume,
  PersistentVolumeSources,
  PersistentVolumeSpec,
} from '#api/core/persistent-volume.ts';
import type { SecretReference } from '#api/core/reference.ts';
import {
  requireFields,
  validateAzureDisk,
  validateFibreChannel,
  validateFlexOptions,
  validateFlocker,
  validateIscsi,
  validatePartition,
  validateQuobyte,
} from '#api/core/volume-network-validation.ts';
import { validateDriverName, validateNfs } from '#api/core/volume-validation.ts';
import { checkName, checkOneOf, checkPresent, checkUnchanged } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import { equalJson } from '#api/json.ts';
import { labelNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { Json } from '#api/object.ts';
import { readQuantity } from '#api/quantity.ts';
import type { FieldError } from '#api/status.ts';

const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain'];

type SourceName = keyof PersistentVolumeSources;
type SourceCheck = (field: string, sources: PersistentVolumeSources) => FieldError[];

/** In the order in which Kubernetes looks for a source: the first is the volume's, and others are too many. */
const SOURCES: readonly (readonly [name: SourceName, check: SourceCheck])[] = [
  source('hostPath', validateHostPath),
  source('gcePersistentDisk', (field, disk) => {
    const path = field.replace(/gcePersistentDisk$/, 'persistentDisk');
    return [...checkPresent(`${path}.pdName`, disk.pdName), ...validatePartition(path, disk)];
  }),
  source('awsElasticBlockStore', (field, disk) => [
    ...checkPresent(`${field}.volumeID`, disk.volumeID),
    ...validatePartition(field, disk),
  ]),
  source('glusterfs', requireFields('endpoints', 'path')),
  source('flocker', validateFlocker),
  source('nfs', validateNfs),
  source('rbd', requireFields('monitors', 'image')),
  source('quobyte', validateQuobyte),
  source('cephfs', requireFields('monitors')),
  source('iscsi', validateIscsi),
  source('cinder', requireFields('volumeID')),
  source('fc', validateFibreChannel),
  source('flexVolume', (field, volume) => [
    ...checkPresent(`${field}.driver`, volume.driver),
    ...validateFlexOptions(field, volume),
  ]),
  source('azureFile', requireFields('secretName', 'shareName')),
  source('vsphereVolume', requireFields('volumePath')),
  source('photonPersistentDisk', requireFields('pdID')),
  source('portworxVolume', requireFields('volumeID')),
  source('azureDisk', validateAzureDisk),
  source('scaleIO', requireFields('gateway', 'system', 'volumeName')),
  source('local', validateLocal),
  source('storageos', () => []),
  source('csi', validateCsi),
];

function source<K extends SourceName>(
  name: K,
  rule: (field: string, source: NonNullable<PersistentVolumeSources[K]>) => FieldError[],
): readonly [SourceName, SourceCheck] {
  return [
    name,
    (field, sources) => {
      const value = sources[name];
      return value === undefined ? [] : rule(`${field}.${name}`, value);
    },
  ];
}

/** What is wrong with a volume. Source: Kubernetes' `ValidatePersistentVolume` and `ValidatePersistentVolumeUpdate`. */
export function validatePersistentVolume(
  { spec }: PersistentVolume,
  old: PersistentVolume | undefined,
): FieldError[] {
  return [
    ...checkPresent('spec.accessModes', spec.accessModes ?? []),
    ...validateAccessModes('spec.accessModes', spec.accessModes),
    ...validateCapacity('spec.capacity', spec.capacity),
    ...checkOneOf('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, RECLAIM_POLICIES),
    ...validateAffinity('spec.nodeAffinity', spec),
    ...validateSource(spec),
    ...checkClassName('spec.storageClassName', spec.storageClassName),
    ...checkOneOf('spec.volumeMode', spec.volumeMode, VOLUME_MODES),
    ...(old === undefined ? [] : validateChange(spec, old.spec)),
  ];
}

function validateCapacity(field: string, capacity: Record<string, string> = {}): FieldError[] {
  const entries = Object.entries(capacity);
  const isStorage = entries.length === 1 && capacity.storage !== undefined;
  return [
    ...(entries.length === 0 ? [requiredValue(field)] : []),
    ...(isStorage ? [] : [unsupportedValue(field, capacity, ['storage'])]),
    ...entries.flatMap(([name, amount]) => [
      ...((readQuantity(amount)?.nanos ?? 0n) < 0n
        ? [invalidValue(`${field}[${name}]`, amount, 'must be a valid resource quantity')]
        : []),
      ...checkPositiveAmount(`${field}[${name}]`, amount),
    ]),
  ];
}

function validateAffinity(field: string, { nodeAffinity, local }: PersistentVolumeSpec): FieldError[] {
  if (nodeAffinity === undefined)
    return local === undefined ? [] : [requiredValue(field, 'Local volume requires node affinity')];
  return nodeAffinity.required === undefined
    ? [requiredValue(`${field}.required`, 'must specify required node constraints')]
    : validateNodeSelectorTerms(`${field}.required`, nodeAffinity.required.nodeSelectorTerms);
}

function validateSource(spec: PersistentVolumeSpec): FieldError[] {
  const [first, ...more] = SOURCES.filter(([name]) => spec[name] !== undefined);
  if (first === undefined) return [requiredValue('spec', 'must specify a volume type')];
  const isRoot = spec.hostPath !== undefined && /^\/+$/.test(spec.hostPath.path);
  return [
    ...first[1]('spec', spec),
    ...more.map(([name]) =>
      forbiddenField(
        `spec.${name === 'cephfs' ? 'cephFS' : name}`,
        'may not specify more than 1 volume type',
      ),
    ),
    ...(isRoot && spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [
          forbiddenField(
            'spec.persistentVolumeReclaimPolicy',
            "may not be 'recycle' for a hostPath mount of '/'",
          ),
        ]
      : []),
  ];
}

function validateLocal(field: string, { path }: LocalVolumeSource): FieldError[] {
  return path === '' ? [requiredValue(`${field}.path`)] : validateNoBacksteps(`${field}.path`, path);
}

function validateCsi(field: string, csi: CSIPersistentVolumeSource): FieldError[] {
  const secrets = [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
  ] as const;
  return [
    ...validateDriverName(`${field}.driver`, csi.driver),
    ...checkPresent(`${field}.volumeHandle`, csi.volumeHandle),
    ...secrets.flatMap((name) => validateSecret(`${field}.${name}`, csi[name])),
  ];
}

function validateSecret(field: string, secret: SecretReference | undefined): FieldError[] {
  if (secret === undefined) return [];
  const { name = '', namespace = '' } = secret;
  return [
    ...(name === ''
      ? [requiredValue(`${field}.name`)]
      : checkName(`${field}.name`, name, subdomainNameErrors)),
    ...(namespace === ''
      ? [requiredValue(`${field}.namespace`)]
      : checkName(`${field}.namespace`, namespace, labelNameErrors)),
  ];
}

function validateChange(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): FieldError[] {
  const field = 'spec.persistentvolumesource';
  return [
    ...(equalJson(sourceOf(withoutNewSecret(spec, old)), sourceOf(old))
      ? []
      : [forbiddenField(field, 'spec.persistentvolumesource is immutable after creation')]),
    ...checkUnchanged('volumeMode', spec.volumeMode, old.volumeMode),
    ...(old.nodeAffinity === undefined ||
    equalJson(spec.nodeAffinity as unknown as Json, old.nodeAffinity as unknown as Json)
      ? []
      : [
          invalidValue(
            'nodeAffinity',
            spec.nodeAffinity,
            'field is immutable, except for updating from beta label to GA',
          ),
        ]),
  ];
}

function sourceOf(spec: PersistentVolumeSpec): Json {
  return Object.fromEntries(SOURCES.map(([name]) => [name, spec[name]])) as unknown as Json;
}

/** A volume may get the secret with which it grows. */
function withoutNewSecret(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): PersistentVolumeSpec {
  if (spec.csi === undefined || old.csi === undefined || old.csi.controllerExpandSecretRef !== undefined)
    return spec;
  const { controllerExpandSecretRef: _secret, ...csi } = spec.csi;
  return { ...spec, csi };
}
