import type { ConfigMap } from '#api/core/config-map.ts';
import type { Container } from '#api/core/container.ts';
import type { EnvFromSource, EnvVarSource } from '#api/core/environment.ts';
import type { Secret } from '#api/core/secret.ts';
import type { Service } from '#api/core/service.ts';
import { expand } from '#kubelet/environment/expand.ts';
import { type FieldContext, fieldValue } from '#kubelet/environment/field-value.ts';
import { resourceValue } from '#kubelet/environment/resource-value.ts';
import { serviceVariables } from '#kubelet/environment/service-variables.ts';
import { StartError } from '#kubelet/start-error.ts';

/** Objects of the pod's namespace, and what else an environment is made from. */
export interface EnvironmentContext extends FieldContext {
  readonly container: Container;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly configMap: (name: string) => ConfigMap | undefined;
  readonly secret: (name: string) => Secret | undefined;
  /** Services that the container is told of. */
  readonly services: readonly Service[];
}

/** The name of a variable: any printable ASCII but `=` (Kubernetes 1.32, relaxed environment variable validation). */
const VARIABLE_NAME = /^[ -<>-~]+$/u;

/**
 * A container's environment: services, then `envFrom`, then `env`, a later one of a name replacing an earlier one; values
 * may refer to those before them. Throws StartError CreateContainerConfigError where something that is not optional is
 * missing.
 */
export function composeEnvironment(context: EnvironmentContext): Map<string, string> {
  const variables = new Map<string, string>();
  const services = serviceVariables(context.services);
  for (const source of context.container.envFrom ?? []) {
    for (const [name, value] of valuesOf(source, context)) {
      if (VARIABLE_NAME.test(name)) variables.set(name, value);
    }
  }
  const lookup = (name: string): string | undefined => variables.get(name) ?? services.get(name);
  for (const { name, value, valueFrom } of context.container.env ?? []) {
    const found = valueFrom === undefined ? expand(value ?? '', lookup) : valueFromSource(valueFrom, context);
    if (found !== undefined) variables.set(name, found);
  }
  return new Map([...services, ...variables]);
}

function valuesOf(
  { prefix = '', configMapRef, secretRef }: EnvFromSource,
  context: EnvironmentContext,
): [string, string][] {
  const values: [string, string][] = [];
  if (configMapRef !== undefined) {
    const map = requireObject(context.configMap(configMapRef.name ?? ''), {
      kind: 'configmap',
      ...configMapRef,
    });
    values.push(...Object.entries(map?.data ?? {}));
  }
  if (secretRef !== undefined) {
    const secret = requireObject(context.secret(secretRef.name ?? ''), { kind: 'secret', ...secretRef });
    values.push(
      ...Object.entries(secret?.data ?? {}).map(([key, value]): [string, string] => [key, decode(value)]),
    );
  }
  return values.map(([key, value]) => [prefix + key, value]);
}

/** The value; undefined where it is optional and missing: the variable is then not set. */
function valueFromSource(source: EnvVarSource, context: EnvironmentContext): string | undefined {
  if (source.fieldRef !== undefined) {
    const { fieldPath } = source.fieldRef;
    return fieldValue(fieldPath, context) ?? refuse(`unsupported fieldPath: ${fieldPath}`);
  }
  if (source.resourceFieldRef !== undefined) {
    const { containerName, resource } = source.resourceFieldRef;
    const container =
      containerName === undefined || containerName === ''
        ? context.container
        : otherContainer(containerName, context);
    return (
      resourceValue(source.resourceFieldRef, { ...context, container }) ??
      refuse(`unsupported container resource: ${resource}`)
    );
  }
  if (source.configMapKeyRef !== undefined) {
    const { key, name = '', optional } = source.configMapKeyRef;
    const map = requireObject(context.configMap(name), { kind: 'configmap', name, optional });
    return map?.data?.[key] ?? missingKey(`ConfigMap ${namespaceOf(context)}/${name}`, { key, optional });
  }
  if (source.secretKeyRef !== undefined) {
    const { key, name = '', optional } = source.secretKeyRef;
    const secret = requireObject(context.secret(name), { kind: 'secret', name, optional });
    const value = secret?.data?.[key];
    return value === undefined
      ? missingKey(`Secret ${namespaceOf(context)}/${name}`, { key, optional })
      : decode(value);
  }
  return refuse('a variable has a valueFrom that is not supported');
}

function otherContainer(name: string, { pod }: EnvironmentContext): Container {
  const found = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(
    (container) => container.name === name,
  );
  return found ?? refuse(`container ${name} not found`);
}

function requireObject<T>(
  found: T | undefined,
  wanted: { kind: string; name?: string; optional?: boolean | undefined },
): T | undefined {
  if (found === undefined && wanted.optional !== true)
    refuse(`${wanted.kind} "${wanted.name ?? ''}" not found`);
  return found;
}

function missingKey(
  where: string,
  { key, optional }: { key: string; optional: boolean | undefined },
): undefined {
  if (optional !== true) refuse(`couldn't find key ${key} in ${where}`);
}

function refuse(message: string): never {
  throw new StartError('CreateContainerConfigError', message);
}

function namespaceOf({ pod }: EnvironmentContext): string {
  return pod.metadata.namespace ?? '';
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
