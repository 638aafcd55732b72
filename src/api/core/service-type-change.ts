import { isDeepStrictEqual } from 'node:util';
import type { Service, ServiceSpec } from '#api/core/service.ts';

/**
 * Drops what a service had only for the type that it had before, where the client has not changed it: so that `type` alone can
 * be changed. Nothing of a new service. Source: Kubernetes' `dropTypeDependentFields`.
 */
export function dropFieldsOfOldType(service: Service, old: Service | undefined): void {
  if (old === undefined) return;
  const { spec } = service;
  if (spec.type !== 'LoadBalancer' && service.status !== undefined)
    service.status = { ...service.status, loadBalancer: {} };
  const before = old.spec;
  const ends = (needs: (each: ServiceSpec) => boolean): boolean => needs(before) && !needs(spec);
  const drop = (...fields: (keyof ServiceSpec)[]): void => {
    for (const field of fields) if (isDeepStrictEqual(spec[field], before[field])) delete spec[field];
  };
  if (ends(needsAddress)) {
    // The first of the addresses is the address: they go together.
    if (spec.clusterIP === undefined || spec.clusterIP === '' || spec.clusterIP === before.clusterIP)
      drop('clusterIP', 'clusterIPs');
    drop('ipFamilies', 'ipFamilyPolicy');
  }
  if (ends(needsNodePorts) && hasNoNewNodePort(spec, before))
    for (const port of spec.ports ?? []) delete port.nodePort;
  if (ends(needsHealthPort)) drop('healthCheckNodePort');
  if (ends(isBalanced)) drop('allocateLoadBalancerNodePorts', 'loadBalancerClass');
  if (ends(isReachedFromOutside)) drop('externalTrafficPolicy');
}

function needsAddress({ type }: ServiceSpec): boolean {
  return type !== 'ExternalName';
}

function needsNodePorts({ type }: ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer';
}

function isBalanced({ type }: ServiceSpec): boolean {
  return type === 'LoadBalancer';
}

/** Whether nodes tell a load balancer if they have an endpoint. */
export function needsHealthPort({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

function isReachedFromOutside({ type, externalIPs = [] }: ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && externalIPs.length > 0);
}

function hasNoNewNodePort({ ports = [] }: ServiceSpec, before: ServiceSpec): boolean {
  const known = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
  return ports.every(({ nodePort }) => nodePort === undefined || known.has(nodePort));
}
