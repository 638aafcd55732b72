import type { Event as CoreEvent } from '#api/core/event.ts';
import type { Event } from '#api/events/event.ts';

/** Fields that the two groups call by different names: core/v1's, then events.k8s.io's. */
const NAMES: readonly (readonly [keyof CoreEvent, keyof Event])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['count', 'deprecatedCount'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
];

/** An event of events.k8s.io as one of the core group. */
export function toCoreEvent(event: Event): CoreEvent {
  const renamed = rename(event, new Map(NAMES.map(([core, other]) => [other, core])));
  const named = 'involvedObject' in renamed ? renamed : { ...renamed, involvedObject: {} };
  return { ...named, apiVersion: 'v1', kind: 'Event' } as CoreEvent;
}

/** An event of the core group as one of events.k8s.io. */
export function fromCoreEvent(event: CoreEvent): Event {
  return { ...rename(event, new Map(NAMES)), apiVersion: 'events.k8s.io/v1', kind: 'Event' } as Event;
}

function rename(object: object, names: ReadonlyMap<string, string>): object {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value]));
}
