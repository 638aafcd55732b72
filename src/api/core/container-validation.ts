import type { Container, ContainerPort, ContainerResizePolicy } from '#api/core/container.ts';
import { validateEnvironment } from '#api/core/environment-validation.ts';
import { validateMounts } from '#api/core/mount-validation.ts';
import { validateHooks } from '#api/core/probe-validation.ts';
import { validateResources } from '#api/core/resources-validation.ts';
import { validateSecurityContext } from '#api/core/security-context-validation.ts';
import type { Volume } from '#api/core/volume.ts';
import { checkName, checkOneOf, checkPort, checkRequiredName, checkUnique } from '#api/field-checks.ts';
import {
  duplicateValue,
  forbiddenField,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from '#api/field-errors.ts';
import { labelNameErrors, portNameErrors } from '#api/name-syntax.ts';
import { type FieldError, ShownValue } from '#api/status.ts';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const RESIZE_POLICIES = ['NotRequired', 'RestartContainer'];
const HOOKS = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;
const NO_INIT_HOOKS = 'may not be set for init containers without restartPolicy=Always';

/** What of a pod its containers must agree with. */
export interface ContainerContext {
  /** Volumes with nothing wrong. */
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly gracePeriodSeconds: number | undefined;
  readonly restartPolicy: string | undefined;
  readonly hostUsers: boolean;
}

/** What is wrong with a container, whatever it is for. */
export function validateContainer(
  field: string,
  container: Container,
  context: ContainerContext,
): FieldError[] {
  const { name, image = '' } = container;
  return [
    ...checkRequiredName(`${field}.name`, name, labelNameErrors),
    ...(image === '' ? [requiredValue(`${field}.image`)] : []),
    ...checkOneOf(`${field}.terminationMessagePolicy`, container.terminationMessagePolicy, MESSAGE_POLICIES),
    ...(container.ports === undefined ? [] : validatePorts(`${field}.ports`, container.ports)),
    ...validateEnvironment(field, container),
    ...validateMounts(field, container, context.volumes),
    ...checkOneOf(`${field}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES),
    ...validateResources(`${field}.resources`, container.resources, 'container'),
    ...(container.resizePolicy === undefined
      ? []
      : validateResizePolicy(`${field}.resizePolicy`, container.resizePolicy, context.restartPolicy)),
    ...validateSecurityContext(`${field}.securityContext`, container.securityContext, context),
  ];
}

/** What is wrong with a container that the pod runs. */
export function validateAppContainer(
  field: string,
  container: Container,
  context: ContainerContext,
): FieldError[] {
  return [
    ...validateContainer(field, container, context),
    ...validateHooks(field, container, context),
    ...(container.restartPolicy === undefined
      ? []
      : [forbiddenField(`${field}.restartPolicy`, 'may not be set for non-init containers')]),
  ];
}

/** What is wrong with a container that runs before the others, or beside them from the beginning. */
export function validateInitContainer(
  field: string,
  container: Container,
  context: ContainerContext,
): FieldError[] {
  const { restartPolicy } = container;
  return [
    ...validateContainer(field, container, context),
    ...checkOneOf(`${field}.restartPolicy`, restartPolicy, ['Always']),
    ...(restartPolicy === 'Always'
      ? validateHooks(field, container, context)
      : HOOKS.filter((hook) => container[hook] !== undefined).map((hook) =>
          forbiddenField(`${field}.${hook}`, NO_INIT_HOOKS),
        )),
  ];
}

/** What is wrong with the space around an image's name, which templates may have: a webhook may take it away. */
export function validateImageSpace(field: string, { image = '' }: { image?: string }): FieldError[] {
  return image.trim() === image
    ? []
    : [invalidValue(`${field}.image`, image, 'must not have leading or trailing whitespace')];
}

function validatePorts(field: string, ports: readonly ContainerPort[]): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap(({ name = '', containerPort, hostPort = 0, protocol }, index) => {
    const path = `${field}[${index}]`;
    const nameErrors = name === '' ? [] : checkName(`${path}.name`, name, portNameErrors);
    const isRepeated = name !== '' && nameErrors.length === 0 && names.has(name);
    if (nameErrors.length === 0) names.add(name);
    return [
      ...nameErrors,
      ...(isRepeated ? [duplicateValue(`${path}.name`, name)] : []),
      ...(containerPort === 0
        ? [requiredValue(`${path}.containerPort`)]
        : checkPort(`${path}.containerPort`, containerPort)),
      ...(hostPort === 0 ? [] : checkPort(`${path}.hostPort`, hostPort)),
      ...checkOneOf(`${path}.protocol`, protocol, PROTOCOLS),
    ];
  });
}

/** A port of the host can be given away once. `field` is the list of the containers. */
export function validateHostPorts(field: string, containers: readonly Container[]): FieldError[] {
  const places = containers.flatMap(({ ports }, container) =>
    (ports ?? []).flatMap(({ hostPort = 0, hostIP = '', protocol = 'TCP' }, port) =>
      hostPort === 0
        ? []
        : [
            {
              path: `${field}[${container}].ports[${port}].hostPort`,
              key: `${protocol}/${hostIP}/${hostPort}`,
            },
          ],
    ),
  );
  return checkUnique(
    places.map(({ key }) => key),
    (index) => places[index]?.path ?? '',
  );
}

/** As in Kubernetes, the list is named where an item is wrong. */
function validateResizePolicy(
  field: string,
  policies: readonly ContainerResizePolicy[],
  podRestartPolicy: string | undefined,
): FieldError[] {
  const names = policies.map(({ resourceName }) => resourceName);
  const never = "must be 'NotRequired' when `restartPolicy` is 'Never'";
  return policies.flatMap(({ resourceName, restartPolicy }, index) => [
    ...(names.indexOf(resourceName) < index
      ? [duplicateValue(`${field}[${index}]`, new ShownValue(resourceName))]
      : []),
    ...checkListed(field, resourceName, {
      supported: ['cpu', 'memory'],
      shown: new ShownValue(resourceName),
    }),
    ...checkListed(field, restartPolicy, { supported: RESIZE_POLICIES }),
    ...(podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired'
      ? [invalidValue(field, restartPolicy, never)]
      : []),
  ]);
}

function checkListed(
  field: string,
  value: string,
  { supported, shown = value }: { supported: readonly string[]; shown?: unknown },
): FieldError[] {
  if (value === '') return [requiredValue(field)];
  return supported.includes(value) ? [] : [unsupportedValue(field, shown, supported)];
}
