import { eventColumns } from '#api/core/event-columns.ts';
import { validateCoreEvent } from '#api/core/event-validation.ts';
import type { ObjectReference } from '#api/core/reference.ts';
import { defineResource } from '#api/define-resource.ts';
import { pathSegmentErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `core/v1.Event`. */
export interface Event extends KubeObject {
  apiVersion: 'v1';
  kind: 'Event';
  action?: string;
  count?: number;
  eventTime?: string;
  firstTimestamp?: string;
  involvedObject: ObjectReference;
  lastTimestamp?: string;
  message?: string;
  reason?: string;
  related?: ObjectReference;
  reportingComponent?: string;
  reportingInstance?: string;
  series?: EventSeries;
  source?: EventSource;
  type?: string;
}

/** `core/v1.EventSeries`. */
export interface EventSeries {
  count?: number;
  lastObservedTime?: string;
}

/** `core/v1.EventSource`. */
export interface EventSource {
  component?: string;
  host?: string;
}

/** `events`, as core/v1 serves them. */
export const eventResource: ResourceType<Event> = defineResource<Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  schema: 'core/v1.Event',
  fillsZeros: true,
  nameRule: pathSegmentErrors,
  hasGeneration: false,
  validate: validateCoreEvent,
  columns: eventColumns((event) => ({
    type: event.type,
    reason: event.reason,
    message: event.message,
    object: event.involvedObject,
    component: event.source?.component || event.reportingComponent,
    host: event.source?.host || event.reportingInstance,
    count: event.count,
    series: event.series,
    firstTime: event.firstTimestamp,
    lastTime: event.lastTimestamp,
    eventTime: event.eventTime,
  })),
  selectableFields: {
    'involvedObject.kind': ({ involvedObject }) => involvedObject.kind ?? '',
    'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace ?? '',
    'involvedObject.name': ({ involvedObject }) => involvedObject.name ?? '',
    'involvedObject.uid': ({ involvedObject }) => involvedObject.uid ?? '',
    'involvedObject.apiVersion': ({ involvedObject }) => involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': ({ involvedObject }) => involvedObject.fieldPath ?? '',
    reason: ({ reason }) => reason ?? '',
    reportingComponent: ({ reportingComponent }) => reportingComponent ?? '',
    source: ({ source, reportingComponent }) => source?.component || (reportingComponent ?? ''),
    type: ({ type }) => type ?? '',
  },
});
