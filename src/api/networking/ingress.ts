import { AGE_COLUMN, NAME_COLUMN, NONE, textColumn } from '#api/columns.ts';
import type { TypedLocalObjectReference } from '#api/core/reference.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkPort, checkPresent } from '#api/field-checks.ts';
import { forbiddenField, invalidValue, requiredValue, unsupportedValue } from '#api/field-errors.ts';
import { ipFamily } from '#api/ip-syntax.ts';
import { portNameErrors, serviceNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
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
  validate: validateIngress,
  columns: [
    NAME_COLUMN,
    textColumn(
      'Class',
      'Which controller serves it.',
      ({ metadata, spec }) =>
        spec.ingressClassName ?? metadata.annotations?.['kubernetes.io/ingress.class'] ?? NONE,
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

function validateIngress({ spec }: Ingress): FieldError[] {
  const { rules = [], defaultBackend, tls = [] } = spec;
  const isEmpty = rules.length === 0 && defaultBackend === undefined;
  return [
    ...(isEmpty ? [invalidValue('spec', rules, 'either `defaultBackend` or `rules` must be specified')] : []),
    ...rules.flatMap((rule, index) => validateRule(`spec.rules[${index}]`, rule)),
    ...(defaultBackend === undefined ? [] : validateBackend('spec.defaultBackend', defaultBackend)),
    ...tls.flatMap(({ hosts = [] }, index) =>
      hosts.flatMap((host, at) => checkHost(`spec.tls[${index}].hosts[${at}]`, host)),
    ),
    ...checkName('spec.ingressClassName', spec.ingressClassName, subdomainNameErrors),
  ];
}

function validateRule(field: string, { host = '', http }: IngressRule): FieldError[] {
  return [
    ...(host === '' ? [] : checkHost(`${field}.host`, host)),
    ...(http === undefined ? [] : checkPresent(`${field}.http.paths`, http.paths)),
    ...(http?.paths ?? []).flatMap((path, index) => validatePath(`${field}.http.paths[${index}]`, path)),
  ];
}

function validatePath(field: string, { path = '', pathType, backend }: HTTPIngressPath): FieldError[] {
  const known =
    pathType === undefined
      ? [requiredValue(`${field}.pathType`, 'pathType must be specified')]
      : PATH_TYPES.includes(pathType)
        ? []
        : [unsupportedValue(`${field}.pathType`, pathType, PATH_TYPES)];
  const mustBeAbsolute = pathType === 'ImplementationSpecific' ? path !== '' : true;
  return [
    ...known,
    ...(mustBeAbsolute && !path.startsWith('/')
      ? [invalidValue(`${field}.path`, path, 'must be an absolute path')]
      : []),
    ...validateBackend(`${field}.backend`, backend),
  ];
}

function validateBackend(field: string, { service, resource }: IngressBackend): FieldError[] {
  if (service === undefined)
    return resource === undefined
      ? [requiredValue(field, 'cannot set both resource and service backends, and one must be set')]
      : [];
  const { name: portName = '', number = 0 } = service.port ?? {};
  const path = `${field}.service.port`;
  const port =
    portName === '' && number === 0
      ? [requiredValue(path, 'port name or number is required')]
      : portName !== '' && number !== 0
        ? [invalidValue(path, service.port, 'cannot set both port name & port number')]
        : portName !== ''
          ? checkName(`${path}.name`, portName, portNameErrors)
          : checkPort(`${path}.number`, number);
  return [
    ...(resource === undefined
      ? []
      : [forbiddenField(`${field}.resource`, 'cannot set both resource and service backends')]),
    ...checkName(`${field}.service.name`, service.name, serviceNameErrors),
    ...port,
  ];
}

/** A host by name; `*.` may stand for its first label. */
function checkHost(field: string, host: string): FieldError[] {
  if (ipFamily(host) !== undefined)
    return [invalidValue(field, host, 'must be a DNS name, not an IP address')];
  return checkName(field, host, (name) => subdomainNameErrors(name.replace(/^\*\./, '')));
}
