import type { Container, VolumeDevice, VolumeMount } from '#api/core/container.ts';
import { validatePathBelow } from '#api/core/path-validation.ts';
import type { Volume } from '#api/core/volume.ts';
import { checkOneOf, checkPresent } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, notFoundValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];
const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible'];

/** What is wrong with where a container has the pod's volumes: as directories, and as block devices. */
export function validateMounts(
  field: string,
  container: Container,
  volumes: ReadonlyMap<string, Volume>,
): FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const mounts = volumeMounts.map(({ name, mountPath }) => ({ name, path: mountPath }));
  const devices = volumeDevices.map(({ name, devicePath }) => ({ name, path: devicePath }));
  const isPrivileged = container.securityContext?.privileged === true;
  return [
    ...volumeMounts.flatMap((mount, index) => [
      ...validateMount(`${field}.volumeMounts`, { mount, index, isPrivileged, mounts, devices, volumes }),
    ]),
    ...volumeDevices.flatMap((device, index) =>
      validateDevice(`${field}.volumeDevices`, { device, index, mounts, devices, volumes }),
    ),
  ];
}

interface Place {
  readonly name: string;
  readonly path: string;
}

interface Siblings {
  readonly index: number;
  readonly mounts: readonly Place[];
  readonly devices: readonly Place[];
  readonly volumes: ReadonlyMap<string, Volume>;
}

/** As in Kubernetes, the list is named where how a volume is mounted is wrong. */
function validateMount(
  field: string,
  {
    mount,
    index,
    isPrivileged,
    mounts,
    devices,
    volumes,
  }: Siblings & { readonly mount: VolumeMount; readonly isPrivileged: boolean },
): FieldError[] {
  const { name, mountPath, subPath = '', subPathExpr = '', mountPropagation } = mount;
  const at = `${field}[${index}]`;
  const isRepeated = mounts.findIndex(({ path }) => path === mountPath) < index;
  const isUnprivileged = mountPropagation === 'Bidirectional' && !isPrivileged;
  const onlyPrivileged = 'Bidirectional mount propagation is available only to privileged containers';
  return [
    ...checkPresent(`${at}.name`, name),
    ...(volumes.has(name) ? [] : [notFoundValue(`${at}.name`, name)]),
    ...checkPresent(`${at}.mountPath`, mountPath),
    ...(isRepeated ? [invalidValue(`${at}.mountPath`, mountPath, 'must be unique')] : []),
    ...validateApart(at, { name, path: mountPath, pathField: 'mountPath' }, devices, 'volumeDevices'),
    ...(subPath === '' ? [] : validatePathBelow(`${field}.subPath`, subPath)),
    ...(subPath !== '' && subPathExpr !== ''
      ? [invalidValue(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')]
      : []),
    ...(subPathExpr === '' ? [] : validatePathBelow(`${field}.subPathExpr`, subPathExpr)),
    ...checkOneOf(`${field}.mountPropagation`, mountPropagation, PROPAGATIONS),
    ...(isUnprivileged ? [forbiddenField(`${field}.mountPropagation`, onlyPrivileged)] : []),
    ...validateRecursive(`${field}.recursiveReadOnly`, mount),
  ];
}

/** A volume, and a path, is one or the other. */
function validateApart(
  field: string,
  { name, path, pathField }: Place & { readonly pathField: string },
  others: readonly Place[],
  list: string,
): FieldError[] {
  return [
    ...(others.some((other) => other.name === name)
      ? [invalidValue(`${field}.name`, name, `must not already exist in ${list}`)]
      : []),
    ...(others.some((other) => other.path === path)
      ? [invalidValue(`${field}.${pathField}`, path, `must not already exist as a path in ${list}`)]
      : []),
  ];
}

function validateRecursive(
  field: string,
  { recursiveReadOnly, readOnly = false, mountPropagation = 'None' }: VolumeMount,
): FieldError[] {
  if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible')
    return checkOneOf(field, recursiveReadOnly, RECURSIVE);
  const notPropagated = 'may only be specified when mountPropagation is None or not specified';
  return [
    ...(readOnly ? [] : [forbiddenField(field, 'may only be specified when readOnly is true')]),
    ...(mountPropagation === 'None' ? [] : [forbiddenField(field, notPropagated)]),
  ];
}

function validateDevice(
  field: string,
  { device, index, mounts, devices, volumes }: Siblings & { readonly device: VolumeDevice },
): FieldError[] {
  const { name, devicePath: path } = device;
  const at = `${field}[${index}]`;
  const earlier = devices.slice(0, index);
  const volume = volumes.get(name);
  const isClaim = volume?.persistentVolumeClaim !== undefined || volume?.ephemeral !== undefined;
  const onlyClaims = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
  return [
    ...checkPresent(`${at}.name`, name),
    ...(name !== '' && earlier.some((other) => other.name === name)
      ? [invalidValue(`${at}.name`, name, 'must be unique')]
      : []),
    ...(volume !== undefined && !isClaim ? [invalidValue(`${at}.name`, name, onlyClaims)] : []),
    ...(volume === undefined ? [notFoundValue(`${at}.name`, name)] : []),
    ...checkPresent(`${at}.devicePath`, path),
    ...(earlier.some((other) => other.path === path)
      ? [invalidValue(`${at}.devicePath`, path, 'must be unique')]
      : []),
    ...(path.split('/').includes('..')
      ? [invalidValue(`${at}.devicePath`, path, "can not contain backsteps ('..')")]
      : []),
    ...validateApart(at, { name, path, pathField: 'devicePath' }, mounts, 'volumeMounts'),
  ];
}
