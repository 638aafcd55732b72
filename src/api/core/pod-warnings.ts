import { neighbourWarnings, placementWarnings } from '#api/core/affinity-warnings.ts';
import { fractionWarnings } from '#api/core/amount-warnings.ts';
import type { ContainerPort } from '#api/core/container.ts';
import { nodeLabelWarnings } from '#api/core/node-labels.ts';
import {
  APP_ARMOR_PREFIX,
  SECCOMP_POD_ANNOTATION,
  SECCOMP_PREFIX,
} from '#api/core/pod-annotations-validation.ts';
import { type PlacedContainer, placedContainers } from '#api/core/pod-containers.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import { volumeWarnings } from '#api/core/volume-warnings.ts';
import { isSameContent } from '#api/define-resource.ts';
import { ipWarnings } from '#api/ip-form.ts';
import { labelNameErrors } from '#api/name-syntax.ts';
import type { KubeObject, ObjectMeta } from '#api/object.ts';

/** Annotations that have done nothing for long. */
const DEAD_ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod':
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};
const USE_SECCOMP_FIELD = 'non-functional in v1.27+; use the "seccompProfile" field instead';
const USE_APP_ARMOR_FIELD = 'deprecated since v1.30; use the "appArmorProfile" field instead';

/** What a client is told of a new pod: an update of one is not commented on. Source: Kubernetes' `GetWarningsForPod`. */
export function podWarnings({ metadata, spec }: { metadata: ObjectMeta; spec: PodSpec }): string[] {
  return [...nameWarnings(metadata.name, "the Pod's hostname"), ...specWarnings('', metadata, spec)];
}

/**
 * What a client is told of a kind that makes pods, when it makes one and when it changes its spec: of the template, and of a name
 * that is no host name, where pods are named by it.
 */
export function templateWarnings<T extends KubeObject>(
  templateOf: (object: T) => PodTemplateSpec | undefined,
  { path = 'spec.template', namesPods }: { path?: string; namesPods: boolean },
): (object: T, old: T | undefined) => string[] {
  return (object, old) => {
    const template = templateOf(object);
    const isSame = old !== undefined && isSameContent(object, old);
    return [
      ...(namesPods && old === undefined
        ? nameWarnings(object.metadata.name, 'Pod names and hostnames')
        : []),
      ...(isSame || template === undefined
        ? []
        : specWarnings(`${path}.`, template.metadata ?? {}, template.spec)),
    ];
  };
}

function nameWarnings(name: string, use: string): string[] {
  const errors = labelNameErrors(name);
  const surprise = `metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${errors.join(' ')}]`;
  return errors.length === 0 ? [] : [surprise];
}

/** `at`: what stands before `spec` in paths; empty for a pod. */
function specWarnings(at: string, metadata: Partial<ObjectMeta>, spec: PodSpec): string[] {
  const field = `${at}spec`;
  const containers = placedContainers(field, spec);
  const grace = spec.terminationGracePeriodSeconds ?? 0;
  return [
    ...keyedLabelWarnings(`${field}.nodeSelector`, spec.nodeSelector),
    ...placementWarnings(field, spec),
    ...(metadata.annotations === undefined ? [] : annotationWarnings(at, metadata.annotations)),
    ...volumeWarnings(`${field}.volumes`, spec.volumes ?? []),
    ...repeatedWarnings(`${field}.hostAliases`, 'ip', spec.hostAliases),
    ...repeatedWarnings(`${field}.imagePullSecrets`, 'name', spec.imagePullSecrets),
    ...namelessWarnings(`${field}.imagePullSecrets`, spec),
    ...fractionWarnings(`${field}.overhead`, spec.overhead),
    ...(metadata.annotations === undefined
      ? []
      : profileWarnings(at, metadata.annotations, { spec, containers })),
    ...containers.flatMap(containerWarnings),
    ...portWarnings(containers),
    ...portNameWarnings(containers),
    ...(grace < 0
      ? [
          `${field}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
        ]
      : []),
    ...neighbourWarnings(`${field}.affinity`, spec.affinity),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((server, index) =>
      ipWarnings(`${field}.dnsConfig.nameservers[${index}]`, server),
    ),
    ...(spec.hostAliases ?? []).flatMap(({ ip }, index) =>
      ipWarnings(`${field}.hostAliases[${index}].ip`, ip),
    ),
  ];
}

function keyedLabelWarnings(field: string, labels: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(labels).flatMap(([key, value]) =>
    nodeLabelWarnings(`${field}[${key}]`, { [key]: value }),
  );
}

function annotationWarnings(at: string, annotations: Readonly<Record<string, string>>): string[] {
  return Object.entries(DEAD_ANNOTATIONS).flatMap(([key, message]) =>
    Object.hasOwn(annotations, key) ? [`${at}metadata.annotations[${key}]: ${message}`] : [],
  );
}

/** Annotations in place of which there are fields. */
function profileWarnings(
  at: string,
  annotations: Readonly<Record<string, string>>,
  { spec, containers }: { spec: PodSpec; containers: readonly PlacedContainer[] },
): string[] {
  const told = (key: string, message: string): string[] =>
    Object.hasOwn(annotations, key) ? [`${at}metadata.annotations[${key}]: ${message}`] : [];
  const { seccompProfile, appArmorProfile } = spec.securityContext ?? {};
  return [
    ...(seccompProfile === undefined ? told(SECCOMP_POD_ANNOTATION, USE_SECCOMP_FIELD) : []),
    ...containers.flatMap(({ container: { name, securityContext } }) => {
      const isArmored = (securityContext?.appArmorProfile ?? appArmorProfile) !== undefined;
      return [
        ...(securityContext?.seccompProfile === undefined
          ? told(`${SECCOMP_PREFIX}${name}`, USE_SECCOMP_FIELD)
          : []),
        ...(at === '' || isArmored ? [] : told(`${APP_ARMOR_PREFIX}${name}`, USE_APP_ARMOR_FIELD)),
      ];
    }),
  ];
}

function repeatedWarnings<K extends string>(
  field: string,
  key: K,
  items: readonly Partial<Record<K, unknown>>[] = [],
): string[] {
  const values = items.map((item) => String(item[key] ?? ''));
  return values.flatMap((value, index) =>
    values.indexOf(value) < index ? [`${field}[${index}].${key}: duplicate ${key} "${value}"`] : [],
  );
}

function namelessWarnings(field: string, { imagePullSecrets = [] }: PodSpec): string[] {
  return imagePullSecrets.flatMap(({ name = '' }, index) =>
    name === '' ? [`${field}[${index}].name: invalid empty name ""`] : [],
  );
}

function containerWarnings({ path, container }: PlacedContainer): string[] {
  const { limits, requests } = container.resources ?? {};
  return [
    ...['memory', 'ephemeral-storage'].flatMap((name) => [
      ...fractionWarnings(`${path}.resources.limits`, limits, [name]),
      ...fractionWarnings(`${path}.resources.requests`, requests, [name]),
    ]),
    ...variableWarnings(path, container),
  ];
}

/** A variable that is there twice hides the first, unless it is made of it. */
function variableWarnings(path: string, { env = [] }: PlacedContainer['container']): string[] {
  if (env.length < 2) return [];
  const names = new Set<string>();
  return env.flatMap(({ name, value = '', valueFrom }, index) => {
    const isRepeated = names.has(name);
    names.add(name);
    const reference = `$(${name})`;
    const isMadeOfIt = valueFrom === undefined && value !== reference && value.includes(reference);
    return isRepeated && !isMadeOfIt
      ? [
          `${path}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`,
        ]
      : [];
  });
}

/** The most ports with the same number that are compared with each other; of more, nothing is said. */
const SAME_PORTS_MAX = 64;

interface PlacedPort {
  readonly path: string;
  readonly port: ContainerPort;
}

function placedPorts(containers: readonly PlacedContainer[]): PlacedPort[] {
  return containers.flatMap(({ path, container }) =>
    (container.ports ?? []).map((port, index) => ({ path: `${path}.ports[${index}]`, port })),
  );
}

function portWarnings(containers: readonly PlacedContainer[]): string[] {
  const earlier = new Map<string, PlacedPort[]>();
  return placedPorts(containers).flatMap((placed) => {
    const { path, port } = placed;
    const key = `${port.containerPort}/${port.protocol}`;
    const others = earlier.get(key) ?? [];
    if (others.length < SAME_PORTS_MAX) earlier.set(key, [...others, placed]);
    return [
      ...(port.hostIP && !port.hostPort ? [`${path}: hostIP set without hostPort: ${showPort(port)}`] : []),
      ...others.flatMap((other) => {
        const clash = clashOf(port, other.port);
        return clash === undefined ? [] : [`${path}: ${clash} port definition with ${other.path}`];
      }),
    ];
  });
}

/** A port as Kubernetes shows it. */
function showPort({
  name = '',
  hostPort = 0,
  containerPort,
  protocol = 'TCP',
  hostIP = '',
}: ContainerPort): string {
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
}

function clashOf(a: ContainerPort, b: ContainerPort): string | undefined {
  const { hostIP: ipA = '', hostPort: portA = 0 } = a;
  const { hostIP: ipB = '', hostPort: portB = 0 } = b;
  if (ipA === ipB && portA === portB) return 'duplicate';
  if (portA === 0 || portB === 0) return 'overlapping';
  return portA === portB && (ipA === '') !== (ipB === '') ? 'dangerously ambiguous' : undefined;
}

function portNameWarnings(containers: readonly PlacedContainer[]): string[] {
  const places = new Map<string, string>();
  return placedPorts(containers).flatMap(({ path, port: { name = '' } }) => {
    const other = places.get(name);
    if (name !== '' && other === undefined) places.set(name, path);
    return other === undefined
      ? []
      : [
          `${path}: duplicate port name "${name}" with ${other}, services and probes that select ports by name will use ${other}`,
        ];
  });
}
