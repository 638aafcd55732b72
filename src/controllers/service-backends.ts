import type { Container, ContainerPort } from '#api/core/container.ts';
import { nodeResource } from '#api/core/node.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import type { Service, ServicePort } from '#api/core/service.ts';
import { serviceResource } from '#api/core/service.ts';
import { type KubeObject, objectKey } from '#api/object.ts';
import { compileLabelSet, type LabelMatcher } from '#api/selector.ts';
import { isPodReady, isPodTerminal } from '#controllers/pod-state.ts';
import { type Lookup, type Read, read } from '#reconcile/controller.ts';
import { labelIndex, selectObjects } from '#reconcile/label-index.ts';

/** A pod that a Service stands for. */
export interface Backend {
  readonly pod: Pod;
  readonly address: string;
  /** Takes connections as far as its probes say. */
  readonly isServing: boolean;
  readonly isTerminating: boolean;
  readonly ports: readonly BackendPort[];
  /** The DNS name that it asks for below the Service's. */
  readonly hostname: string | undefined;
  readonly zone: string | undefined;
}

/** A port of a Service, as it is at a pod: a named target port may differ from pod to pod. */
export interface BackendPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly appProtocol?: string;
}

/** Whether the endpoints of a Service are made here: those without a selector are made by whoever made the Service. */
export function hasEndpoints({ spec }: Service): boolean {
  return spec.type !== 'ExternalName' && Object.keys(spec.selector ?? {}).length > 0;
}

/** Every address of the family that a Service stands for, ordered by pod: pods that ended or have no address are left out. */
export function backendsOf(lookup: Lookup, service: Service, family: 'IPv4' | 'IPv6'): Backend[] {
  const namespace = service.metadata.namespace ?? '';
  const matcher = matcherOfLabels(service.spec.selector ?? {});
  const pods = selectObjects(lookup, labelIndex(podResource), { namespace, matcher });
  const backends = pods
    .filter((pod) => !isPodTerminal(pod))
    .flatMap((pod) => backendOf(lookup, { pod, service, family }) ?? []);
  return backends.toSorted((a, b) => (objectKey(a.pod) < objectKey(b.pod) ? -1 : 1));
}

/** A pod concerns the Services whose selector matches it. */
export function readServicePods(): Read {
  return read(podResource, (pod, lookup) => {
    const services = lookup.list(serviceResource, { namespace: pod.metadata.namespace });
    const { labels } = pod.metadata;
    return services
      .filter(
        (service) => hasEndpoints(service) && matcherOfLabels(service.spec.selector ?? {}).matches(labels),
      )
      .map(objectKey);
  });
}

/** What refers to a pod from an endpoint. */
export function podReference({ metadata }: Pod): {
  kind: string;
  namespace: string;
  name: string;
  uid: string;
} {
  return { kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid };
}

/** The labels of a Service that its endpoints take over, with those that the controller adds. */
export function endpointLabels(service: Service, own: Record<string, string>): Record<string, string> {
  const headless: Record<string, string> = isHeadless(service)
    ? { 'service.kubernetes.io/headless': '' }
    : {};
  return { ...service.metadata.labels, ...headless, ...own };
}

/** Whether a Service has no address of its own. */
export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None';
}

/** A label index reads objects by plain label maps; each is compiled once. */
const matchers = new WeakMap<object, LabelMatcher>();

function matcherOfLabels(labels: Readonly<Record<string, string>>): LabelMatcher {
  const known = matchers.get(labels);
  if (known !== undefined) return known;
  const matcher = compileLabelSet(labels);
  matchers.set(labels, matcher);
  return matcher;
}

function backendOf(
  lookup: Lookup,
  { pod, service, family }: { pod: Pod; service: Service; family: 'IPv4' | 'IPv6' },
): Backend | undefined {
  const { status, spec } = pod;
  const addresses = (status?.podIPs ?? []).map(({ ip }) => ip);
  const address = (addresses.length > 0 ? addresses : [status?.podIP ?? '']).find(
    (each) => familyOf(each) === family,
  );
  if (address === undefined) return undefined;
  const isNamed =
    spec.hostname !== undefined && spec.hostname !== '' && spec.subdomain === service.metadata.name;
  return {
    pod,
    address,
    isServing: isPodReady(pod),
    isTerminating: pod.metadata.deletionTimestamp !== undefined,
    ports: (service.spec.ports ?? []).flatMap((port) => backendPort(pod, port) ?? []),
    hostname: isNamed ? spec.hostname : undefined,
    zone: zoneOf(lookup, spec.nodeName),
  };
}

function familyOf(address: string): 'IPv4' | 'IPv6' | undefined {
  if (address === '') return undefined;
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

function zoneOf(lookup: Lookup, nodeName: string | undefined): string | undefined {
  const node: KubeObject | undefined =
    nodeName === undefined ? undefined : lookup.get(nodeResource, { name: nodeName });
  return node?.metadata.labels?.['topology.kubernetes.io/zone'];
}

/** Undefined where the pod has no port of the name that the Service means. */
function backendPort(pod: Pod, port: ServicePort): BackendPort | undefined {
  const { protocol = 'TCP', targetPort = port.port, name = '', appProtocol } = port;
  const number = typeof targetPort === 'number' ? targetPort : namedPort(pod, { name: targetPort, protocol });
  if (number === undefined) return undefined;
  return { name, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) };
}

function namedPort({ spec }: Pod, wanted: { name: string; protocol: string }): number | undefined {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const ports = [...spec.containers, ...sidecars].flatMap(
    (container: Container): ContainerPort[] => container.ports ?? [],
  );
  return ports.find(({ name, protocol = 'TCP' }) => name === wanted.name && protocol === wanted.protocol)
    ?.containerPort;
}
