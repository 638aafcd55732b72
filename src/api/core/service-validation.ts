import type { Service, ServicePort, ServiceSpec } from '#api/core/service.ts';
import { validateServiceAddresses } from '#api/core/service-address-validation.ts';
import { needsHealthPort } from '#api/core/service-type-change.ts';
import {
  checkLabelName,
  checkLabels,
  checkName,
  checkOneOf,
  checkPort,
  checkPortOrName,
  checkPresent,
} from '#api/field-checks.ts';
import { duplicateValue, forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { checkEndpointIp, checkLegacyCidr, checkLegacyIp } from '#api/legacy-ip.ts';
import { qualifiedNameErrors, subdomainNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const POLICIES = ['Cluster', 'Local'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
/** The longest that a client keeps to one endpoint, in seconds: a day. */
const SESSION_AFFINITY_SECONDS_MAX = 86_400;

/** Annotations that say what a field says by now. */
export const SOURCE_RANGES_ANNOTATION = 'service.beta.kubernetes.io/load-balancer-source-ranges';
export const TOPOLOGY_HINTS_ANNOTATION = 'service.kubernetes.io/topology-aware-hints';
export const TOPOLOGY_MODE_ANNOTATION = 'service.kubernetes.io/topology-mode';

/** What is wrong with a service. Source: Kubernetes' `ValidateService` and `ValidateServiceUpdate`. */
export function validateService(service: Service, old: Service | undefined): FieldError[] {
  const { spec } = service;
  return [
    ...validateTopology(service),
    ...validateType(spec),
    ...validatePorts(spec),
    ...checkLabels('spec.selector', spec.selector),
    ...validateSessionAffinity(spec),
    ...validateServiceAddresses(spec, old?.spec),
    ...(spec.externalIPs ?? []).flatMap((ip, index) => {
      const path = `spec.externalIPs[${index}]`;
      const errors = checkLegacyIp(path, ip, old?.spec.externalIPs);
      return errors.length > 0 ? errors : checkEndpointIp(path, ip);
    }),
    ...checkOneOf('spec.type', spec.type, TYPES),
    ...validateNodePorts(spec),
    ...validateSourceRanges(service, old),
    ...validateLoadBalancer(spec, old?.spec),
    ...validateTraffic(spec, old?.spec),
  ];
}

function isHeadless({ clusterIPs = [] }: ServiceSpec): boolean {
  return clusterIPs.length === 1 && clusterIPs[0] === 'None';
}

function isBalanced({ type }: ServiceSpec): boolean {
  return type === 'LoadBalancer';
}

function isReachedFromOutside({ type, externalIPs = [] }: ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && externalIPs.length > 0);
}

function validateTopology({ metadata: { annotations = {} } }: Service): FieldError[] {
  const hints = annotations[TOPOLOGY_HINTS_ANNOTATION];
  const mode = annotations[TOPOLOGY_MODE_ANNOTATION];
  if (hints === undefined || mode === undefined || hints === mode) return [];
  const detail = `must match annotations[${TOPOLOGY_HINTS_ANNOTATION}] when both are specified`;
  return [invalidValue(`metadata.annotations[${TOPOLOGY_MODE_ANNOTATION}]`, mode, detail)];
}

function validateType(spec: ServiceSpec): FieldError[] {
  const { type, ports = [] } = spec;
  const hasNodePorts = type === 'NodePort' || type === 'LoadBalancer';
  return [
    ...(ports.length === 0 && !isHeadless(spec) && type !== 'ExternalName'
      ? [requiredValue('spec.ports')]
      : []),
    ...(hasNodePorts && isHeadless(spec)
      ? [invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)]
      : []),
    ...(type === 'ExternalName' ? validateExternalName(spec) : []),
  ];
}

/** Such a service is a name alone: it has no addresses. */
function validateExternalName(spec: ServiceSpec): FieldError[] {
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  const detail = 'may not be set for ExternalName services';
  return [
    ...((spec.clusterIPs ?? []).length > 0 ? [forbiddenField('spec.clusterIPs', detail)] : []),
    ...((spec.ipFamilies ?? []).length > 0 ? [forbiddenField('spec.ipFamilies', detail)] : []),
    ...(spec.ipFamilyPolicy === undefined ? [] : [forbiddenField('spec.ipFamilyPolicy', detail)]),
    ...(name === ''
      ? checkPresent('spec.externalName', name)
      : checkName('spec.externalName', name, subdomainNameErrors)),
  ];
}

function validatePorts({ ports = [] }: ServiceSpec): FieldError[] {
  const keys = ports.map(({ port, protocol }) => `${protocol}/${port}`);
  const names = ports.map(({ name = '' }) => name);
  return [
    ...ports.flatMap((port, index) => [
      ...validatePort(`spec.ports[${index}]`, port, { isOnly: ports.length === 1 }),
      ...(names[index] !== '' && names.indexOf(names[index] ?? '') < index
        ? [duplicateValue(`spec.ports[${index}].name`, names[index])]
        : []),
    ]),
    ...ports.flatMap(({ port, protocol }, index) =>
      keys.indexOf(keys[index] ?? '') < index
        ? [duplicateValue(`spec.ports[${index}]`, { port, protocol })]
        : [],
    ),
  ];
}

function validatePort(
  field: string,
  { name = '', port, targetPort, protocol, appProtocol }: ServicePort,
  { isOnly }: { isOnly: boolean },
): FieldError[] {
  return [
    ...(name === '' && !isOnly ? [requiredValue(`${field}.name`)] : checkLabelName(`${field}.name`, name)),
    ...checkPort(`${field}.port`, port),
    ...checkOneOf(`${field}.protocol`, protocol, PROTOCOLS),
    ...checkPortOrName(`${field}.targetPort`, targetPort),
    ...checkName(`${field}.appProtocol`, appProtocol, qualifiedNameErrors),
  ];
}

/** Whether a port is one that nodes may have, is for whoever gives them out to say. */
function validateNodePorts({ type, ports = [] }: ServiceSpec): FieldError[] {
  const keys = ports.map(({ nodePort = 0, protocol }) => (nodePort === 0 ? '' : `${protocol}/${nodePort}`));
  return ports.flatMap(({ nodePort = 0 }, index) => {
    if (nodePort === 0) return [];
    const field = `spec.ports[${index}].nodePort`;
    return [
      ...(type === 'ClusterIP' ? [forbiddenField(field, "may not be used when `type` is 'ClusterIP'")] : []),
      ...(keys.indexOf(keys[index] ?? '') < index ? [duplicateValue(field, nodePort)] : []),
    ];
  });
}

function validateSessionAffinity({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): FieldError[] {
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  const isOutside = seconds !== undefined && (seconds <= 0 || seconds > SESSION_AFFINITY_SECONDS_MAX);
  return [
    ...checkOneOf('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None']),
    ...(sessionAffinity === 'ClientIP' && isOutside
      ? [
          invalidValue(
            'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
            seconds,
            `must be greater than 0 and less than ${SESSION_AFFINITY_SECONDS_MAX}`,
          ),
        ]
      : []),
  ];
}

/** From whom a load balancer takes traffic: by the field, or by what said it before there was one. */
function validateSourceRanges({ metadata, spec }: Service, old: Service | undefined): FieldError[] {
  const { loadBalancerSourceRanges: ranges = [] } = spec;
  const noted = metadata.annotations?.[SOURCE_RANGES_ANNOTATION];
  const forBalancers = (field: string): FieldError[] =>
    isBalanced(spec) ? [] : [forbiddenField(field, "may only be used when `type` is 'LoadBalancer'")];
  if (ranges.length > 0) {
    const field = 'spec.LoadBalancerSourceRanges';
    const known = (old?.spec.loadBalancerSourceRanges ?? []).map((range) => range.trim());
    return [
      ...forBalancers(field),
      ...ranges.flatMap((range, index) => checkLegacyCidr(`${field}[${index}]`, range.trim(), known)),
    ];
  }
  if (noted === undefined) return [];
  const field = `metadata.annotations[${SOURCE_RANGES_ANNOTATION}]`;
  const isKept = old?.metadata.annotations?.[SOURCE_RANGES_ANNOTATION] === noted;
  const parts = isKept || noted.trim() === '' ? [] : noted.split(',');
  return [...forBalancers(field), ...parts.flatMap((part) => checkLegacyCidr(field, part.trim()))];
}

function validateLoadBalancer(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  const { allocateLoadBalancerNodePorts, loadBalancerClass } = spec;
  const detail = "may only be used when `type` is 'LoadBalancer'";
  const field = 'spec.loadBalancerClass';
  if (isBalanced(spec)) {
    const isChanged = old !== undefined && isBalanced(old) && old.loadBalancerClass !== loadBalancerClass;
    return [
      ...(isChanged ? [invalidValue(field, loadBalancerClass, 'may not change once set')] : []),
      ...checkName(field, loadBalancerClass, qualifiedNameErrors),
    ];
  }
  return [
    ...(allocateLoadBalancerNodePorts === undefined
      ? []
      : [forbiddenField('spec.allocateLoadBalancerNodePorts', detail)]),
    ...(loadBalancerClass === undefined ? [] : [forbiddenField(field, detail)]),
  ];
}

function validateTraffic(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  const { externalTrafficPolicy: policy } = spec;
  const field = 'spec.externalTrafficPolicy';
  const isStray = policy !== undefined && !isReachedFromOutside(spec);
  return [
    ...(isStray
      ? [invalidValue(field, policy, 'may only be set for externally-accessible services')]
      : checkOneOf(field, policy, POLICIES)),
    ...validateHealthPort(spec, old),
    ...checkOneOf('spec.internalTrafficPolicy', spec.internalTrafficPolicy, POLICIES),
    ...checkOneOf('spec.trafficDistribution', spec.trafficDistribution, ['PreferClose']),
  ];
}

function validateHealthPort(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  const { healthCheckNodePort: port = 0 } = spec;
  const field = 'spec.healthCheckNodePort';
  if (!needsHealthPort(spec)) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    return port === 0 ? [] : [invalidValue(field, port, detail)];
  }
  const isChanged = old !== undefined && needsHealthPort(old) && (old.healthCheckNodePort ?? 0) !== port;
  return [
    ...(isChanged ? [forbiddenField(field, 'field is immutable')] : []),
    ...(port === 0 ? [] : checkPort(field, port)),
  ];
}
