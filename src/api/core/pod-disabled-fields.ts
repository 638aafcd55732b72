import type { Container, EphemeralContainer } from '#api/core/container.ts';
import type { PodSpec } from '#api/core/pod-spec.ts';

/** A field of a feature that is off: what is written into it is passed over. */
type Fields<T> = readonly (keyof T)[];

const OFF_IN_SPEC: Fields<PodSpec> = ['hostnameOverride', 'resourceClaims'];
const OFF_IN_CONTAINER: Fields<Container & EphemeralContainer> = ['restartPolicyRules'];

/**
 * Drops, in place, the fields of features that are off in Kubernetes unless they are turned on, and that nothing here carries
 * out: claims of devices, volumes of images, bundles of trusted certificates, variables from files, signals to stop by, rules of restarting. As in Kubernetes, a client is not told.
 */
export function dropDisabledFields(spec: PodSpec): void {
  drop(spec, OFF_IN_SPEC);
  const { resources } = spec;
  if (resources !== undefined && isEmpty(resources.limits) && isEmpty(resources.requests))
    delete spec.resources;
  if (spec.volumes?.some(({ image }) => image !== undefined) === true)
    spec.volumes = spec.volumes.filter(({ image }) => image === undefined);
  for (const volume of spec.volumes ?? []) {
    for (const source of volume.projected?.sources ?? [])
      drop(source, ['clusterTrustBundle', 'podCertificate']);
  }
  for (const container of spec.containers ?? []) dropFromContainer(container);
  for (const container of spec.initContainers ?? []) dropFromContainer(container);
  for (const container of spec.ephemeralContainers ?? []) dropFromContainer(container);
}

function dropFromContainer(container: Container | EphemeralContainer): void {
  drop(container as Container & EphemeralContainer, OFF_IN_CONTAINER);
  if (container.resources !== undefined) drop(container.resources, ['claims']);
  if (container.lifecycle !== undefined) drop(container.lifecycle, ['stopSignal']);
  for (const { valueFrom } of container.env ?? [])
    if (valueFrom !== undefined) drop(valueFrom, ['fileKeyRef']);
}

function drop<T extends object>(object: T, fields: Fields<T>): void {
  for (const field of fields) if (object[field] !== undefined) delete object[field];
}

function isEmpty(amounts: object | undefined): boolean {
  return amounts === undefined || Object.keys(amounts).length === 0;
}
