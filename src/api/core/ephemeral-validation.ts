import type { Container, EphemeralContainer } from '#api/core/container.ts';
import {
  type ContainerContext,
  validateContainer,
  validateImageSpace,
} from '#api/core/container-validation.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import { duplicateValue, forbiddenField, notFoundValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';

const NOT_EPHEMERAL = 'cannot be set for an Ephemeral Container';

/** Fields that a container for looking around cannot have. */
const FORBIDDEN_FIELDS = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

/** What is wrong with a pod's containers for looking around. Source: Kubernetes' `validateEphemeralContainers`. */
export function validateEphemeralContainers(
  field: string,
  { ephemeralContainers = [], containers, initContainers = [] }: PodSpec,
  context: ContainerContext,
): FieldError[] {
  const others = new Set([...containers, ...initContainers].map(({ name }) => name));
  const names = new Set(others);
  return ephemeralContainers.flatMap((container, index) => {
    const path = `${field}[${index}]`;
    const { name, targetContainerName: target = '' } = container;
    const isRepeated = names.has(name);
    names.add(name);
    return [
      ...validateContainer(path, container as Container, context),
      ...validateImageSpace(path, container),
      ...(isRepeated ? [duplicateValue(`${path}.name`, name)] : []),
      ...(target === '' || others.has(target) ? [] : [notFoundValue(`${path}.targetContainerName`, target)]),
      ...validateShape(path, container),
    ];
  });
}

function validateShape(field: string, container: EphemeralContainer): FieldError[] {
  return [
    ...FORBIDDEN_FIELDS.filter((name) => isFilled(container[name])).map((name) =>
      forbiddenField(`${field}.${name}`, NOT_EPHEMERAL),
    ),
    ...(container.volumeMounts ?? []).flatMap(({ subPath = '', subPathExpr = '' }, mount) => {
      const at = `${field}.volumeMounts[${mount}]`;
      return [
        ...(subPath === '' ? [] : [forbiddenField(`${at}.subPath`, NOT_EPHEMERAL)]),
        ...(subPathExpr === '' ? [] : [forbiddenField(`${at}.subPathExpr`, NOT_EPHEMERAL)]),
      ];
    }),
  ];
}

/** Whether a field has anything in it: clients write empty ones too. */
function isFilled(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && JSON.stringify(value) !== '{}';
}
