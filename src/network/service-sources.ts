import type { Pod } from '#api/core/pod.ts';
import type { Service } from '#api/core/service.ts';
import type { EndpointSlice } from '#api/discovery/endpoint-slice.ts';
import type { KubeObject } from '#api/object.ts';

/** All objects that a site's services and their names are made of. */
export interface ServiceState {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  readonly pods: readonly Pod[];
}

/** What the network reads of a view (`View` of client/view.ts). */
export interface ObjectSource<T extends KubeObject> {
  list(): readonly T[];
  subscribe(listener: () => void): () => void;
  /** `caughtUp('0')` resolves once the first list is in. */
  caughtUp(resourceVersion: string): Promise<void>;
}

/** Where these objects come from, kept current. */
export interface ServiceSources {
  readonly services: ObjectSource<Service>;
  readonly slices: ObjectSource<EndpointSlice>;
  readonly pods: ObjectSource<Pod>;
}

/** Resolves once every source has its first list: before that, nothing may be concluded from what is missing. */
export async function sourcesReady({ services, slices, pods }: ServiceSources): Promise<void> {
  await Promise.all([services.caughtUp('0'), slices.caughtUp('0'), pods.caughtUp('0')]);
}

/** The objects as of now. */
export function currentState({ services, slices, pods }: ServiceSources): ServiceState {
  return { services: services.list(), slices: slices.list(), pods: pods.list() };
}

/** Calls `listener` after every change of any source; the returned function ends that. */
export function subscribeAll({ services, slices, pods }: ServiceSources, listener: () => void): () => void {
  const ends = [services, slices, pods].map((source) => source.subscribe(listener));
  return () => {
    for (const end of ends) end();
  };
}
