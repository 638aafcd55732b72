import type { Container, EphemeralContainer } from '#api/core/container.ts';
import { imageTag } from '#api/core/image-reference.ts';
import type { LifecycleHandler, Probe } from '#api/core/probe.ts';

/** Defaults of a container, in place. Source: Kubernetes' Pod API reference. */
export function defaultContainer(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ??= defaultPullPolicy(container.image);
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  container.resources ??= {};
  for (const port of container.ports ?? []) port.protocol ??= 'TCP';
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef !== undefined) valueFrom.fieldRef.apiVersion ??= 'v1';
    if (valueFrom?.resourceFieldRef !== undefined) valueFrom.resourceFieldRef.divisor ??= '0';
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe !== undefined) defaultProbe(probe);
  }
  defaultHandler(container.lifecycle?.postStart);
  defaultHandler(container.lifecycle?.preStop);
}

/** `Always` for an image that may move: one tagged `latest`, or with neither tag nor digest. */
function defaultPullPolicy(image = ''): 'Always' | 'IfNotPresent' {
  return imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent';
}

/** A zero counts as absent. */
function defaultProbe(probe: Probe): void {
  probe.failureThreshold ||= 3;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.timeoutSeconds ||= 1;
  if (probe.grpc !== undefined) probe.grpc.service ??= '';
  defaultHandler(probe);
}

function defaultHandler(handler: LifecycleHandler | Probe | undefined): void {
  if (handler?.httpGet === undefined) return;
  handler.httpGet.path ??= '/';
  handler.httpGet.scheme ??= 'HTTP';
}
