import type { Service } from '#api/core/service.ts';

/** How long a client keeps to one endpoint, in seconds. */
const SESSION_AFFINITY_TIMEOUT_SECONDS = 3 * 60 * 60;

/** Defaults of a service, in place; addresses and node ports are given out elsewhere. Source: Kubernetes' Service API reference. */
export function defaultService(service: Service): void {
  const { spec } = service;
  spec.type ??= 'ClusterIP';
  spec.sessionAffinity ??= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (
    spec.sessionAffinity === 'ClientIP' &&
    spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined
  )
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: SESSION_AFFINITY_TIMEOUT_SECONDS } };
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (
      port.port !== undefined &&
      (port.targetPort === undefined || port.targetPort === '' || port.targetPort === 0)
    )
      port.targetPort = port.port;
  }
  defaultTraffic(service);
  if (spec.clusterIP !== undefined && spec.clusterIP !== '') spec.clusterIPs ??= [spec.clusterIP];
  service.status ??= { loadBalancer: {} };
  if (spec.type !== 'LoadBalancer') return;
  for (const ingress of service.status.loadBalancer?.ingress ?? [])
    if (ingress.ip !== undefined && ingress.ip !== '') ingress.ipMode ??= 'VIP';
}

function defaultTraffic({ spec }: Service): void {
  if (spec.type === 'ExternalName') {
    // It says nothing of a mere name; a wrong one is for validation to tell.
    if (spec.internalTrafficPolicy === 'Cluster' || spec.internalTrafficPolicy === 'Local')
      delete spec.internalTrafficPolicy;
    return;
  }
  const isExternal =
    spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs ?? []).length > 0;
  if (isExternal) spec.externalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
  spec.internalTrafficPolicy ??= 'Cluster';
}
