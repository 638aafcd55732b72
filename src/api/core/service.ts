import { AGE_COLUMN, formatLabels, joinOrNone, NAME_COLUMN, NONE, textColumn, wide } from '#api/columns.ts';
import { defaultService } from '#api/core/service-defaults.ts';
import { validateServiceStatus } from '#api/core/service-status-validation.ts';
import { dropFieldsOfOldType } from '#api/core/service-type-change.ts';
import { validateService } from '#api/core/service-validation.ts';
import { serviceWarnings } from '#api/core/service-warnings.ts';
import { defineResource } from '#api/define-resource.ts';
import { serviceNameErrors } from '#api/name-syntax.ts';
import type { Condition, KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `core/v1.Service`. */
export interface Service extends KubeObject {
  apiVersion: 'v1';
  kind: 'Service';
  spec: ServiceSpec;
  status?: ServiceStatus;
}

/** `core/v1.ServiceSpec`. */
export interface ServiceSpec {
  allocateLoadBalancerNodePorts?: boolean;
  clusterIP?: string;
  clusterIPs?: string[];
  externalIPs?: string[];
  externalName?: string;
  externalTrafficPolicy?: 'Cluster' | 'Local';
  healthCheckNodePort?: number;
  internalTrafficPolicy?: 'Cluster' | 'Local';
  ipFamilies?: Array<'IPv4' | 'IPv6'>;
  ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
  loadBalancerClass?: string;
  loadBalancerIP?: string;
  loadBalancerSourceRanges?: string[];
  ports?: ServicePort[];
  publishNotReadyAddresses?: boolean;
  selector?: Record<string, string>;
  sessionAffinity?: 'None' | 'ClientIP';
  sessionAffinityConfig?: SessionAffinityConfig;
  trafficDistribution?: string;
  type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
}

/** `core/v1.ServicePort`. */
export interface ServicePort {
  appProtocol?: string;
  name?: string;
  nodePort?: number;
  port: number;
  protocol?: 'TCP' | 'UDP' | 'SCTP';
  targetPort?: number | string;
}

/** `core/v1.SessionAffinityConfig`. */
export interface SessionAffinityConfig {
  clientIP?: ClientIPConfig;
}

/** `core/v1.ClientIPConfig`. */
export interface ClientIPConfig {
  timeoutSeconds?: number;
}

/** `core/v1.ServiceStatus`. */
export interface ServiceStatus {
  conditions?: Condition[];
  loadBalancer?: LoadBalancerStatus;
}

/** `core/v1.LoadBalancerStatus`. */
export interface LoadBalancerStatus {
  ingress?: LoadBalancerIngress[];
}

/** `core/v1.LoadBalancerIngress`. */
export interface LoadBalancerIngress {
  hostname?: string;
  ip?: string;
  ipMode?: string;
  ports?: PortStatus[];
}

/** `core/v1.PortStatus`. */
export interface PortStatus {
  error?: string;
  port: number;
  protocol: string;
}

/** `services`. */
export const serviceResource: ResourceType<Service> = defineResource<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  subresources: ['status'],
  schema: 'core/v1.Service',
  fillsZeros: true,
  hasGeneration: false,
  nameRule: serviceNameErrors,
  applyDefaults: defaultService,
  prepare: dropFieldsOfOldType,
  validate: validateService,
  validateStatus: validateServiceStatus,
  warnings: serviceWarnings,
  columns: [
    NAME_COLUMN,
    textColumn('Type', 'How the service is reached.', ({ spec }) => spec.type ?? ''),
    textColumn(
      'Cluster-IP',
      'Address within the cluster.',
      ({ spec }) => spec.clusterIPs?.[0] ?? (spec.clusterIP || NONE),
    ),
    textColumn('External-IP', 'Addresses for everyone.', externalAddresses),
    textColumn('Port(s)', 'Ports, each with the port of the nodes that leads to it.', ({ spec }) =>
      joinOrNone(spec.ports?.map(formatPort)),
    ),
    AGE_COLUMN,
    wide(textColumn('Selector', 'Which pods serve.', ({ spec }) => formatLabels(spec.selector))),
  ],
  selectableFields: {
    'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '',
    'spec.type': ({ spec }) => spec.type ?? '',
  },
});

function externalAddresses({ spec, status }: Service): string {
  switch (spec.type) {
    case 'ExternalName':
      return spec.externalName ?? '';
    case 'LoadBalancer': {
      const granted = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '');
      const all = [...granted, ...(spec.externalIPs ?? [])];
      return all.length === 0 ? '<pending>' : all.join(',');
    }
    default:
      return joinOrNone(spec.externalIPs);
  }
}

function formatPort({ port, nodePort = 0, protocol = 'TCP' }: ServicePort): string {
  return nodePort > 0 ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;
}
