import { AGE_COLUMN, NAME_COLUMN, NONE, textColumn } from '#api/columns.ts';
import type { TypedLocalObjectReference } from '#api/core/reference.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkOneOf, checkPort, checkPresent, checkRequiredName } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { ipErrors, ipFamily } from '#api/ip-syntax.ts';
import {
  portNameErrors,
  serviceNameErrors,
  subdomainNameErrors,
  wildcardNameErrors,
} from '#api/name-syntax.ts';
import { checkTypedReference } from '#api/networking/local-reference.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

/** `networking.k8s.io/v1.Ingress`. */
export interface Ingress extends KubeObject {
  apiVersion: 'networking.k8s.io/v1';
  kind: 'Ingress';
  spec: IngressSpec;
  status?: IngressStatus;
}

/** `networking.k8s.io/v1.IngressSpec`. */
export interface IngressSpec {
  defaultBackend?: IngressBackend;
  ingressClassName?: string;
  rules?: IngressRule[];
  tls?: IngressTLS[];
}

/** `networking.k8s.io/v1.IngressBackend`. */
export interface IngressBackend {
  resource?: TypedLocalObjectReference;
  service?: IngressServiceBackend;
}

/** `networking.k8s.io/v1.IngressServiceBackend`. */
export interface IngressServiceBackend {
  name: string;
  port?: ServiceBackendPort;
}

/** `networking.k8s.io/v1.ServiceBackendPort`. */
export interface ServiceBackendPort {
  name?: string;
  number?: number;
}

/** `networking.k8s.io/v1.IngressRule`. */
export interface IngressRule {
  host?: string;
  http?: HTTPIngressRuleValue;
}

/** `networking.k8s.io/v1.HTTPIngressRuleValue`. */
export interface HTTPIngressRuleValue {
  paths: HTTPIngressPath[];
}

/** `networking.k8s.io/v1.HTTPIngressPath`. */
export interface HTTPIngressPath {
  backend: IngressBackend;
  path?: string;
  pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific';
}

/** `networking.k8s.io/v1.IngressTLS`. */
export interface IngressTLS {
  hosts?: string[];
  secretName?: string;
}

/** `networking.k8s.io/v1.IngressStatus`. */
export interface IngressStatus {
  loadBalancer?: IngressLoadBalancerStatus;
}

/** `networking.k8s.io/v1.IngressLoadBalancerStatus`. */
export interface IngressLoadBalancerStatus {
  ingress?: IngressLoadBalancerIngress[];
}

/** `networking.k8s.io/v1.IngressLoadBalancerIngress`. */
export interface IngressLoadBalancerIngress {
  hostname?: string;
  ip?: string;
  ports?: IngressPortStatus[];
}

/** `networking.k8s.io/v1.IngressPortStatus`. */
export interface IngressPortStatus {
  error?: string;
  port: number;
  protocol: string;
}

/** How many hosts the column shows. */
const SHOWN_HOSTS_MAX = 3;
/** Names the class of an ingress as before `ingressClassName`. */
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];

/** `ingresses.networking.k8s.io`. */
export const ingressResource: ResourceType<Ingress> = defineResource<Ingress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  shortNames: ['ing'],
  subresources: ['status'],
  schema: 'networking/v1.Ingress',
  fillsZeros: true,
  validate: validateIngress,
  validateStatus,
  warnings: warningsOf,
  columns: [
    NAME_COLUMN,
    textColumn(
      'Class',
      'Which controller serves it.',
      ({ metadata, spec }) => spec.ingressClassName ?? metadata.annotations?.[CLASS_ANNOTATION] ?? NONE,
    ),
    textColumn('Hosts', 'Hosts that it serves.', formatHosts),
    textColumn('Address', 'Where it is reached.', ({ status }) =>
      (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '').join(','),
    ),
    textColumn('Ports', 'Ports that it listens on.', ({ spec }) =>
      (spec.tls ?? []).length > 0 ? '80, 443' : '80',
    ),
    AGE_COLUMN,
  ],
});

function formatHosts({ spec }: Ingress): string {
  const hosts = (spec.rules ?? []).flatMap(({ host = '' }) => (host === '' ? [] : [host]));
  if (hosts.length === 0) return '*';
  const shown = hosts.slice(0, SHOWN_HOSTS_MAX).join(',');
  return hosts.length > SHOWN_HOSTS_MAX ? `${shown} + ${hosts.length - SHOWN_HOSTS_MAX} more...` : shown;
}

function validateIngress({ metadata, spec }: Ingress, old: Ingress | undefined): FieldError[] {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  const isEmpty = rules.length === 0 && defaultBackend === undefined;
  const annotation = metadata.annotations?.[CLASS_ANNOTATION];
  const isOtherClass =
    old === undefined && annotation !== undefined && (ingressClassName ?? annotation) !== annotation;
  return [
    ...(isEmpty ? [invalidValue('spec', rules, 'either `defaultBackend` or `rules` must be specified')] : []),
    ...(defaultBackend === undefined ? [] : validateBackend('spec.defaultBackend', defaultBackend)),
    ...rules.flatMap((rule, index) => validateRule(`spec.rules[${index}]`, rule)),
    ...tls.flatMap((one, index) => validateTls(`spec.tls[${index}]`, one)),
    ...checkName('spec.ingressClassName', ingressClassName, subdomainNameErrors),
    ...(isOtherClass
      ? [
          invalidValue(
            `annotations.${CLASS_ANNOTATION}`,
            annotation,
            'must match `ingressClassName` when both are specified',
          ),
        ]
      : []),
  ];
}

function warningsOf({ metadata, spec }: Ingress, old: Ingress | undefined): string[] {
  const isOldStyle =
    metadata.annotations?.[CLASS_ANNOTATION] !== undefined && spec.ingressClassName === undefined;
  return isOldStyle && old === undefined
    ? [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`]
    : [];
}

function validateTls(field: string, { hosts = [], secretName }: IngressTLS): FieldError[] {
  return [
    ...hosts.flatMap((host, index) => checkHost(`${field}.hosts[${index}]`, host)),
    ...checkName(`${field}.secretName`, secretName, subdomainNameErrors),
  ];
}

function validateRule(field: string, { host = '', http }: IngressRule): FieldError[] {
  return [
    ...(host !== '' && ipFamily(host) !== undefined ? [isAddress(`${field}.host`, host)] : []),
    ...(host === '' ? [] : checkHost(`${field}.host`, host)),
    ...(http === undefined ? [] : checkPresent(`${field}.http.paths`, http.paths)),
    ...(http?.paths ?? []).flatMap((path, index) => validatePath(`${field}.http.paths[${index}]`, path)),
  ];
}

function validatePath(field: string, { path = '', pathType, backend }: HTTPIngressPath): FieldError[] {
  if (pathType === undefined) return [requiredValue(`${field}.pathType`, 'pathType must be specified')];
  const mayBeEmpty = pathType === 'ImplementationSpecific';
  const isKnown = PATH_TYPES.includes(pathType);
  const isRelative = isKnown && !path.startsWith('/') && !(mayBeEmpty && path === '');
  return [
    ...(isRelative ? [invalidValue(`${field}.path`, path, 'must be an absolute path')] : []),
    ...(pathType === 'Exact' || pathType === 'Prefix' ? checkSegments(`${field}.path`, path) : []),
    ...checkOneOf(`${field}.pathType`, pathType, PATH_TYPES),
    ...validateBackend(`${field}.backend`, backend),
  ];
}

const INVALID_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const INVALID_SUFFIXES = ['/..', '/.'];

function checkSegments(field: string, path: string): FieldError[] {
  return [
    ...INVALID_SEQUENCES.filter((sequence) => path.includes(sequence)).map((sequence) =>
      invalidValue(field, path, `must not contain '${sequence}'`),
    ),
    ...INVALID_SUFFIXES.filter((suffix) => path.endsWith(suffix)).map((suffix) =>
      invalidValue(field, path, `cannot end with '${suffix}'`),
    ),
  ];
}

function validateBackend(field: string, { service, resource }: IngressBackend): FieldError[] {
  if (service !== undefined && resource !== undefined)
    return [invalidValue(field, '', 'cannot set both resource and service backends')];
  if (resource !== undefined) return checkTypedReference(`${field}.resource`, resource);
  if (service === undefined) return [invalidValue(field, '', 'resource or service backend is required')];
  return [
    ...checkRequiredName(`${field}.service.name`, service.name, serviceNameErrors),
    ...validateBackendPort(field, service.port),
  ];
}

function validateBackendPort(
  field: string,
  { name = '', number = 0 }: ServiceBackendPort = {},
): FieldError[] {
  if (name !== '' && number !== 0)
    return [invalidValue(field, '', 'cannot set both port name & port number')];
  if (name !== '') return checkName(`${field}.service.port.name`, name, portNameErrors);
  if (number !== 0) return checkPort(`${field}.service.port.number`, number);
  return [requiredValue(field, 'port name or number is required')];
}

function checkHost(field: string, host: string): FieldError[] {
  return checkName(field, host, host.includes('*') ? wildcardNameErrors : subdomainNameErrors);
}

function isAddress(field: string, host: string): FieldError {
  return invalidValue(field, host, 'must be a DNS name, not an IP address');
}

function validateStatus({ status }: Ingress): FieldError[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }, index) => {
    const field = `status.loadBalancer.ingress[${index}]`;
    return [
      ...checkName(`${field}.ip`, ip, ipErrors),
      ...checkName(`${field}.hostname`, hostname, subdomainNameErrors),
      ...(hostname !== undefined && ipFamily(hostname) !== undefined
        ? [isAddress(`${field}.hostname`, hostname)]
        : []),
    ];
  });
}
