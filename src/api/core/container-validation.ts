import type { Container, ContainerPort, VolumeMount } from '#api/core/container.ts';
import { validateEnvironment } from '#api/core/environment-validation.ts';
import { validateLifecycle, validateProbe } from '#api/core/probe-validation.ts';
import { validateResources } from '#api/core/resources-validation.ts';
import { validateSecurityContext } from '#api/core/security-context-validation.ts';
import type { Volume } from '#api/core/volume.ts';
import { validateRelativePath } from '#api/core/volume-validation.ts';
import { checkName, checkOneOf, checkPort, checkPresent, checkUnique } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { labelNameErrors, portNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** What of a pod its containers must agree with. */
export interface ContainerContext {
  readonly volumes: readonly Volume[];
  readonly hostNetwork: boolean;
  readonly role: 'container' | 'init' | 'ephemeral';
}

/** What is wrong with one container. */
export function validateContainer(
  field: string,
  container: Container,
  context: ContainerContext,
): FieldError[] {
  const { name, image, restartPolicy } = container;
  return [
    ...(name === '' ? [requiredValue(`${field}.name`)] : checkName(`${field}.name`, name, labelNameErrors)),
    ...validateImage(`${field}.image`, image),
    ...checkOneOf(`${field}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']),
    ...checkOneOf(`${field}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      'FallbackToLogsOnError',
      'File',
    ]),
    ...checkOneOf(`${field}.restartPolicy`, restartPolicy, ['Always', 'Never', 'OnFailure']),
    ...validatePorts(`${field}.ports`, container.ports ?? [], context),
    ...validateEnvironment(field, container),
    ...validateMounts(`${field}.volumeMounts`, container, context.volumes),
    ...validateResources(`${field}.resources`, container.resources),
    ...validateSecurityContext(`${field}.securityContext`, container.securityContext),
    ...validateHooks(field, container, context),
  ];
}

/** Hooks belong to containers that stay; an init container stays only as a sidecar. */
function validateHooks(field: string, container: Container, { role }: ContainerContext): FieldError[] {
  const isForbidden = role === 'ephemeral' || (role === 'init' && container.restartPolicy !== 'Always');
  if (isForbidden) {
    const detail =
      role === 'ephemeral'
        ? 'cannot be set for an Ephemeral Container'
        : 'may not be set for init containers without restartPolicy=Always';
    const hooks = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;
    return hooks
      .filter((hook) => container[hook] !== undefined)
      .map((hook) => forbiddenField(`${field}.${hook}`, detail));
  }
  return [
    ...validateLifecycle(`${field}.lifecycle`, container.lifecycle),
    ...validateProbe(`${field}.livenessProbe`, container.livenessProbe, { successOnce: true }),
    ...validateProbe(`${field}.readinessProbe`, container.readinessProbe, { successOnce: false }),
    ...validateProbe(`${field}.startupProbe`, container.startupProbe, { successOnce: true }),
  ];
}

/** What is wrong with the name of an image, as far as a server without a registry can tell. */
export function validateImage(field: string, image: string | undefined): FieldError[] {
  if (image === undefined || image === '') return [requiredValue(field)];
  return image.trim() === image
    ? []
    : [invalidValue(field, image, 'must not have leading or trailing whitespace')];
}

function validatePorts(
  field: string,
  ports: readonly ContainerPort[],
  { hostNetwork }: ContainerContext,
): FieldError[] {
  const names = ports.map(({ name }) => name ?? '');
  const repeated = checkUnique(names, (index) => `${field}[${index}].name`).filter(
    ({ value }) => value !== '',
  );
  const perPort = ports.flatMap(({ name, containerPort, hostPort, protocol }, index) => {
    const path = `${field}[${index}]`;
    const mismatch = hostNetwork && hostPort !== undefined && hostPort !== 0 && hostPort !== containerPort;
    return [
      ...(name === undefined || name === '' ? [] : checkName(`${path}.name`, name, portNameErrors)),
      ...checkPort(`${path}.containerPort`, containerPort),
      ...(hostPort === 0 ? [] : checkPort(`${path}.hostPort`, hostPort)),
      ...(mismatch
        ? [
            invalidValue(
              `${path}.containerPort`,
              containerPort,
              'must match `hostPort` when `hostNetwork` is true',
            ),
          ]
        : []),
      ...checkOneOf(`${path}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']),
    ];
  });
  return [...perPort, ...repeated];
}

function validateMounts(field: string, container: Container, volumes: readonly Volume[]): FieldError[] {
  const mounts = container.volumeMounts ?? [];
  const paths = mounts.map(({ mountPath }) => mountPath);
  return mounts.flatMap((mount, index) => {
    const path = `${field}[${index}]`;
    const isRepeated = paths.indexOf(mount.mountPath) < index;
    return [
      ...validateMount(path, mount, volumes),
      ...(isRepeated ? [invalidValue(`${path}.mountPath`, mount.mountPath, 'must be unique')] : []),
      ...(mount.mountPropagation === 'Bidirectional' && container.securityContext?.privileged !== true
        ? [
            forbiddenField(
              `${path}.mountPropagation`,
              'Bidirectional mount propagation is available only to privileged containers',
            ),
          ]
        : []),
    ];
  });
}

function validateMount(field: string, mount: VolumeMount, volumes: readonly Volume[]): FieldError[] {
  const { name, mountPath, subPath = '', subPathExpr = '' } = mount;
  const isKnown = volumes.some((volume) => volume.name === name);
  return [
    ...checkPresent(`${field}.name`, name),
    ...(name === '' || isKnown
      ? []
      : [{ type: 'NotFound' as const, field: `${field}.name`, value: name, detail: '' }]),
    ...checkPresent(`${field}.mountPath`, mountPath),
    ...(subPath === '' ? [] : validateRelativePath(`${field}.subPath`, subPath)),
    ...(subPathExpr === '' ? [] : validateRelativePath(`${field}.subPathExpr`, subPathExpr)),
    ...(subPath !== '' && subPathExpr !== ''
      ? [invalidValue(`${field}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')]
      : []),
    ...checkOneOf(`${field}.mountPropagation`, mount.mountPropagation, [
      'Bidirectional',
      'HostToContainer',
      'None',
    ]),
    ...checkOneOf(`${field}.recursiveReadOnly`, mount.recursiveReadOnly, [
      'Disabled',
      'Enabled',
      'IfPossible',
    ]),
  ];
}
