import { type Event as CoreEvent, type EventSource, eventResource } from '#api/core/event.ts';
import { eventColumns } from '#api/core/event-columns.ts';
import { validateStrictEvent } from '#api/core/event-validation.ts';
import type { ObjectReference } from '#api/core/reference.ts';
import { defineResource } from '#api/define-resource.ts';
import { fromCoreEvent, toCoreEvent } from '#api/events/event-conversion.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `events.k8s.io/v1.Event`. */
export interface Event extends KubeObject {
  apiVersion: 'events.k8s.io/v1';
  kind: 'Event';
  action?: string;
  deprecatedCount?: number;
  deprecatedFirstTimestamp?: string;
  deprecatedLastTimestamp?: string;
  deprecatedSource?: EventSource;
  eventTime: string;
  note?: string;
  reason?: string;
  regarding?: ObjectReference;
  related?: ObjectReference;
  reportingController?: string;
  reportingInstance?: string;
  series?: EventSeries;
  type?: string;
}

/** `events.k8s.io/v1.EventSeries`. */
export interface EventSeries {
  count: number;
  lastObservedTime: string;
}

/** `events.events.k8s.io`: the same events as those of core/v1, under other names. */
export const eventsEventResource: ResourceType<Event> = defineResource<Event>({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  schema: 'events/v1.Event',
  fillsZeros: true,
  hasGeneration: false,
  storedAs: {
    type: eventResource,
    toStored: (object) => toCoreEvent(object as Event),
    fromStored: (object) => fromCoreEvent(object as CoreEvent),
  },
  validate: (event, old) => validateStrictEvent(toCoreEvent(event), old && toCoreEvent(old)),
  columns: eventColumns((event) => ({
    type: event.type,
    reason: event.reason,
    message: event.note,
    object: event.regarding ?? {},
    component: event.deprecatedSource?.component || event.reportingController,
    host: event.deprecatedSource?.host || event.reportingInstance,
    count: event.deprecatedCount,
    series: event.series,
    firstTime: event.deprecatedFirstTimestamp,
    lastTime: event.deprecatedLastTimestamp,
    eventTime: event.eventTime,
  })),
  selectableFields: {
    'regarding.kind': ({ regarding }) => regarding?.kind ?? '',
    'regarding.namespace': ({ regarding }) => regarding?.namespace ?? '',
    'regarding.name': ({ regarding }) => regarding?.name ?? '',
    'regarding.uid': ({ regarding }) => regarding?.uid ?? '',
    reason: ({ reason }) => reason ?? '',
    reportingController: ({ reportingController }) => reportingController ?? '',
    type: ({ type }) => type ?? '',
  },
});
