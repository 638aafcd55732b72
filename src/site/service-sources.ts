import { podResource } from '#api/core/pod.ts';
import { serviceResource } from '#api/core/service.ts';
import { endpointSliceResource } from '#api/discovery/endpoint-slice.ts';
import type { Views } from '#client/views.ts';
import type { ServiceSources } from '#network/service-sources.ts';

/** What the site's network is made from: views that its controllers ask for too, so they are there before the views run. */
export function serviceSources(views: Views): ServiceSources {
  return {
    services: views.of(serviceResource),
    slices: views.of(endpointSliceResource),
    pods: views.of(podResource),
  };
}
