import type { Service, ServicePort, ServiceSpec } from '#api/core/service.ts';
import {
  checkLabels,
  checkName,
  checkOneOf,
  checkPort,
  checkPortOrName,
  checkPresent,
  checkRange,
  checkUnique,
} from '#api/field-checks.ts';
import {
  duplicateValue,
  forbiddenField,
  immutableField,
  invalidValue,
  requiredValue,
} from '#api/field-errors.ts';
import { cidrErrors, ipErrors } from '#api/ip-syntax.ts';
import { labelNameErrors, qualifiedNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const POLICIES = ['Cluster', 'Local'];
const SESSION_AFFINITY_SECONDS = { min: 1, max: 86400 };

/** What is wrong with a service. Source: Kubernetes' Service API reference. */
export function validateService({ spec }: Service, old: Service | undefined): FieldError[] {
  return [
    ...checkOneOf('spec.type', spec.type, TYPES),
    ...validateType(spec),
    ...validatePorts(spec),
    ...checkLabels('spec.selector', spec.selector),
    ...checkOneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']),
    ...checkRange(
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
      spec.sessionAffinityConfig?.clientIP?.timeoutSeconds,
      SESSION_AFFINITY_SECONDS,
    ),
    ...checkOneOf('spec.internalTrafficPolicy', spec.internalTrafficPolicy, POLICIES),
    ...checkOneOf('spec.ipFamilyPolicy', spec.ipFamilyPolicy, [
      'SingleStack',
      'PreferDualStack',
      'RequireDualStack',
    ]),
    ...(spec.ipFamilies ?? []).flatMap((family, index) =>
      checkOneOf(`spec.ipFamilies[${index}]`, family, ['IPv4', 'IPv6']),
    ),
    ...validateAddresses(spec),
    ...(old === undefined ? [] : validateAddressChange(spec, old.spec)),
  ];
}

function isHeadless({ clusterIP }: ServiceSpec): boolean {
  return clusterIP === 'None';
}

function validateType(spec: ServiceSpec): FieldError[] {
  const { type, clusterIP = '', externalName = '', externalTrafficPolicy } = spec;
  const hasNodePorts = type === 'NodePort' || type === 'LoadBalancer';
  const isExternallyReached = hasNodePorts || (spec.externalIPs ?? []).length > 0;
  return [
    ...(hasNodePorts && isHeadless(spec)
      ? [invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)]
      : []),
    ...(type === 'ExternalName' && clusterIP !== '' && clusterIP !== 'None'
      ? [forbiddenField('spec.clusterIPs', 'may not be set for ExternalName services')]
      : []),
    ...(type === 'ExternalName'
      ? [
          ...checkPresent('spec.externalName', externalName),
          ...(externalName === ''
            ? []
            : checkName('spec.externalName', externalName.replace(/\.$/, ''), subdomainNameErrors)),
        ]
      : []),
    ...(externalTrafficPolicy !== undefined && !isExternallyReached
      ? [
          invalidValue(
            'spec.externalTrafficPolicy',
            externalTrafficPolicy,
            'may only be set for externally-accessible services',
          ),
        ]
      : checkOneOf('spec.externalTrafficPolicy', externalTrafficPolicy, POLICIES)),
  ];
}

function validatePorts(spec: ServiceSpec): FieldError[] {
  const { ports = [], type } = spec;
  if (ports.length === 0 && !isHeadless(spec) && type !== 'ExternalName')
    return [requiredValue('spec.ports')];
  const names = ports.map(({ name }) => name ?? '');
  const keys = ports.map(({ port, protocol }) => `${protocol}/${port}`);
  const nodePorts = ports.map(({ nodePort = 0, protocol }) =>
    nodePort === 0 ? '' : `${protocol}/${nodePort}`,
  );
  return [
    ...ports.flatMap((port, index) =>
      validatePort(`spec.ports[${index}]`, port, { isOnly: ports.length === 1, type }),
    ),
    ...checkUnique(names, (index) => `spec.ports[${index}].name`).filter(({ value }) => value !== ''),
    ...ports.flatMap(({ port, protocol }, index) =>
      keys.indexOf(keys[index] ?? '') < index
        ? [duplicateValue(`spec.ports[${index}]`, { port, protocol })]
        : [],
    ),
    ...ports.flatMap(({ nodePort }, index) =>
      nodePorts[index] !== '' && nodePorts.indexOf(nodePorts[index] ?? '') < index
        ? [duplicateValue(`spec.ports[${index}].nodePort`, nodePort)]
        : [],
    ),
  ];
}

function validatePort(
  field: string,
  { name = '', port, targetPort, nodePort = 0, protocol, appProtocol }: ServicePort,
  { isOnly, type }: { isOnly: boolean; type: ServiceSpec['type'] },
): FieldError[] {
  return [
    ...(name === ''
      ? isOnly
        ? []
        : [requiredValue(`${field}.name`)]
      : checkName(`${field}.name`, name, labelNameErrors)),
    ...checkPort(`${field}.port`, port),
    ...checkOneOf(`${field}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']),
    ...checkPortOrName(`${field}.targetPort`, targetPort),
    ...checkName(`${field}.appProtocol`, appProtocol, qualifiedNameErrors),
    ...(nodePort === 0 ? [] : checkPort(`${field}.nodePort`, nodePort)),
    ...(nodePort !== 0 && (type === 'ClusterIP' || type === 'ExternalName')
      ? [forbiddenField(`${field}.nodePort`, `may not be used when \`type\` is '${type}'`)]
      : []),
  ];
}

function validateAddresses(spec: ServiceSpec): FieldError[] {
  const { clusterIPs = [], externalIPs = [], loadBalancerSourceRanges = [] } = spec;
  const isPrimary = clusterIPs[0] === undefined || clusterIPs[0] === spec.clusterIP;
  return [
    ...clusterIPs.flatMap((ip, index) =>
      ip === 'None' && index === 0 ? [] : checkName(`spec.clusterIPs[${index}]`, ip, ipErrors),
    ),
    ...(isPrimary ? [] : [invalidValue('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`')]),
    ...externalIPs.flatMap((ip, index) => checkName(`spec.externalIPs[${index}]`, ip, ipErrors)),
    ...loadBalancerSourceRanges.flatMap((cidr, index) =>
      checkName(`spec.loadBalancerSourceRanges[${index}]`, cidr, cidrErrors),
    ),
  ];
}

/** A cluster IP stays, unless the service stops or starts having one. */
function validateAddressChange(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  const isKept = spec.type !== 'ExternalName' && old.type !== 'ExternalName' && (old.clusterIP ?? '') !== '';
  return isKept && spec.clusterIP !== old.clusterIP
    ? [immutableField('spec.clusterIPs[0]', spec.clusterIP ?? '')]
    : [];
}
