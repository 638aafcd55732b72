import type {
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  ISCSIVolumeSource,
  QuobyteVolumeSource,
  StorageOSVolumeSource,
} from '#api/core/volume-network.ts';
import {
  checkLabelName,
  checkOneOf,
  checkPresent,
  checkRange,
  checkRequiredName,
} from '#api/field-checks.ts';
import { invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import { labelNameErrors } from '#api/name-syntax.ts';
import { goStrings } from '#api/shown-values.ts';
import type { FieldError } from '#api/status.ts';

const ISCSI_NAMES = {
  iqn: /^iqn\.\d{4}-\d{2}\.([0-9A-Za-z.-]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[0-9A-Za-z]{16}$/,
  naa: /^naa.[0-9A-Za-z]{32}$/,
} as const;
/** The longest `volume name:target portal` of a volume with its own initiator, in characters. */
const ISCSI_INITIATED_CHARS_MAX = 64;
/** The longest tenant of Quobyte, in characters. */
const QUOBYTE_TENANT_CHARS_MAX = 64;
const LUN = { min: 0, max: 255 };
const HOST_PORTS = 'must be a host:port pair or multiple pairs separated by commas';
const DISK_ID =
  '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const BLOB_URL = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

/** What is wrong with the fields of a source that must not be empty. */
export function requireFields<T extends object>(...names: (keyof T & string)[]) {
  return (field: string, source: T): FieldError[] =>
    names.flatMap((name) => checkPresent(`${field}.${name}`, source[name]));
}

/** What is wrong with a partition: 0 is the whole disk. */
export function validatePartition(field: string, { partition = 0 }: { partition?: number }): FieldError[] {
  return partition < 0 || partition > 255
    ? [invalidValue(`${field}.partition`, partition, 'must be between 1 and 255, inclusive')]
    : [];
}

/** What is wrong with a reference to a secret, where there is one. */
export function validateSecretName(
  field: string,
  { secretRef }: { secretRef?: { name?: string } },
): FieldError[] {
  return secretRef === undefined ? [] : checkPresent(`${field}.secretRef.name`, secretRef.name);
}

/** What is wrong with a volume over iSCSI. */
export function validateIscsi(field: string, source: ISCSIVolumeSource): FieldError[] {
  const { iqn, initiatorName, chapAuthDiscovery, chapAuthSession, secretRef } = source;
  const needsSecret = (chapAuthDiscovery === true || chapAuthSession === true) && secretRef === undefined;
  return [
    ...checkPresent(`${field}.targetPortal`, source.targetPortal),
    ...(iqn === '' ? [requiredValue(`${field}.iqn`)] : validateIscsiName(`${field}.iqn`, iqn)),
    ...checkRange(`${field}.lun`, source.lun, LUN),
    ...(needsSecret ? [requiredValue(`${field}.secretRef`)] : []),
    ...(initiatorName === undefined ? [] : validateIscsiName(`${field}.initiatorname`, initiatorName)),
  ];
}

/** What is wrong with the name of a volume that is reached by an initiator of its own. */
export function validateInitiatedName(
  field: string,
  { initiatorName, targetPortal }: ISCSIVolumeSource,
  volumeName: string,
): FieldError[] {
  const isLong = `${volumeName}:${targetPortal}`.length > ISCSI_INITIATED_CHARS_MAX;
  const detail =
    'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
  return initiatorName !== undefined && isLong ? [invalidValue(`${field}.name`, volumeName, detail)] : [];
}

function validateIscsiName(field: string, name: string): FieldError[] {
  const pattern = Object.entries(ISCSI_NAMES).find(([kind]) => name.startsWith(kind))?.[1];
  if (pattern === undefined)
    return [invalidValue(field, name, 'must be valid format starting with iqn, eui, or naa')];
  return pattern.test(name) ? [] : [invalidValue(field, name, 'must be valid format')];
}

/** What is wrong with a volume over Fibre Channel. */
export function validateFibreChannel(
  field: string,
  { targetWWNs = [], wwids = [], lun }: FCVolumeSource,
): FieldError[] {
  const isTargeted = targetWWNs.length > 0;
  const both = 'targetWWNs and wwids can not be specified simultaneously';
  return [
    ...(isTargeted || wwids.length > 0
      ? []
      : [requiredValue(`${field}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both')]),
    ...(isTargeted && wwids.length > 0
      ? [invalidValue(`${field}.targetWWNs`, goStrings(targetWWNs), both)]
      : []),
    ...(isTargeted && lun === undefined
      ? [requiredValue(`${field}.lun`, 'lun is required if targetWWNs is specified')]
      : []),
    ...(isTargeted ? checkRange(`${field}.lun`, lun, LUN) : []),
  ];
}

/** What is wrong with a volume of Quobyte. */
export function validateQuobyte(
  field: string,
  { registry, tenant = '', volume }: QuobyteVolumeSource,
): FieldError[] {
  return [...validateQuobyteRegistry(field, registry, tenant), ...checkPresent(`${field}.volume`, volume)];
}

function validateQuobyteRegistry(field: string, registry: string, tenant: string): FieldError[] {
  if (registry === '') return [requiredValue(`${field}.registry`, HOST_PORTS)];
  if (tenant.length > QUOBYTE_TENANT_CHARS_MAX)
    return [requiredValue(`${field}.tenant`, 'must be a UUID and may not exceed a length of 64 characters')];
  return registry
    .split(',')
    .filter((pair) => !/^(?:[^:[\]]*|\[[^[\]]*\]):[^:[\]]*$/.test(pair))
    .map(() => invalidValue(`${field}.registry`, registry, HOST_PORTS));
}

/** What is wrong with a volume of Flocker. */
export function validateFlocker(
  field: string,
  { datasetName = '', datasetUUID = '' }: FlockerVolumeSource,
): FieldError[] {
  const both = 'datasetName and datasetUUID can not be specified simultaneously';
  return [
    ...(datasetName === '' && datasetUUID === ''
      ? [requiredValue(field, 'one of datasetName and datasetUUID is required')]
      : []),
    ...(datasetName !== '' && datasetUUID !== '' ? [invalidValue(field, 'resource', both)] : []),
    ...(datasetName.includes('/')
      ? [invalidValue(`${field}.datasetName`, datasetName, "must not contain '/'")]
      : []),
  ];
}

/** What is wrong with options of a flexible volume: some names are Kubernetes' own. */
export function validateFlexOptions(
  field: string,
  { options = {} }: { options?: Record<string, string> },
): FieldError[] {
  return Object.keys(options)
    .filter((key) => /\.(?:kubernetes|k8s)\.io$/i.test(`.${key.split('/', 1)[0] ?? ''}`))
    .map((key) =>
      invalidValue(`${field}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'),
    );
}

/** What is wrong with a disk of Azure. */
export function validateAzureDisk(field: string, source: AzureDiskVolumeSource): FieldError[] {
  const { diskName, diskURI, cachingMode, kind } = source;
  const isManaged = kind === 'Managed';
  const isPlaced = kind === undefined || diskURI.startsWith(isManaged ? '/subscriptions/' : 'https://');
  return [
    ...checkPresent(`${field}.diskName`, diskName),
    ...checkPresent(`${field}.diskURI`, diskURI),
    ...checkOneOf(`${field}.cachingMode`, cachingMode, ['None', 'ReadOnly', 'ReadWrite']),
    ...checkOneOf(`${field}.kind`, kind, ['Dedicated', 'Managed', 'Shared']),
    ...(isPlaced ? [] : [unsupportedValue(`${field}.diskURI`, diskURI, [isManaged ? DISK_ID : BLOB_URL])]),
  ];
}

/** What is wrong with a volume of StorageOS. */
export function validateStorageOs(field: string, source: StorageOSVolumeSource): FieldError[] {
  const { volumeName, volumeNamespace } = source;
  return [
    ...checkRequiredName(`${field}.volumeName`, volumeName, labelNameErrors),
    ...checkLabelName(`${field}.volumeNamespace`, volumeNamespace),
    ...validateSecretName(field, source),
  ];
}
