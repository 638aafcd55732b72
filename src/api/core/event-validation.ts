import type { Event } from '#api/core/event.ts';
import { checkName, checkUnchanged } from '#api/field-checks.ts';
import { invalidValue, requiredValue } from '#api/field-errors.ts';
import { equalJson, isJsonObject } from '#api/json.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import type { Json } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';
import { parseTimestamp } from '#system/clock.ts';

/** Namespaces of events about objects that have none. */
const NAMESPACE_OF_CLUSTER_EVENTS = 'default';
const NAMESPACE_OF_SYSTEM_EVENTS = 'kube-system';
/** The longest note, action, reason and instance, in bytes; longer ones are refused. */
const NOTE_BYTES_MAX = 1024;
const WORD_BYTES_MAX = 128;

/** What is wrong with an event of core/v1. Source: Kubernetes' `legacyValidateEvent`. */
export function validateCoreEvent(event: Event): FieldError[] {
  return validateEvent(event, 'reportingComponent');
}

/** What is wrong with an event of events.k8s.io/v1, in the form of core/v1, whose names are those of the fields. */
export function validateStrictEvent(event: Event, old: Event | undefined): FieldError[] {
  const errors = validateEvent(event, 'reportingController');
  return [...errors, ...(old === undefined ? validateNew(event) : validateChange(event, old))];
}

/** An event with a time of its own says more than one without, which is of the old way. */
function validateEvent(event: Event, controllerField: string): FieldError[] {
  const { metadata, involvedObject, eventTime } = event;
  const { namespace = '' } = involvedObject;
  const own = metadata.namespace ?? '';
  const isOfCluster = own === '' || own === NAMESPACE_OF_CLUSTER_EVENTS;
  const isInPlace =
    eventTime === undefined
      ? namespace === ''
        ? isOfCluster
        : namespace === own
      : namespace !== '' || own === NAMESPACE_OF_CLUSTER_EVENTS || own === NAMESPACE_OF_SYSTEM_EVENTS;
  return [
    ...(isInPlace
      ? []
      : [invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace')]),
    ...(eventTime === undefined ? [] : validateWords(event, controllerField)),
  ];
}

function validateWords(event: Event, controllerField: string): FieldError[] {
  const { reportingComponent: controller = '', message = '' } = event;
  return [
    ...(controller === '' ? [requiredValue(controllerField)] : []),
    ...checkName(controllerField, controller, qualifiedNameErrors),
    ...(['reportingInstance', 'action', 'reason'] as const).flatMap((word) => {
      const text = event[word] ?? '';
      return text === '' ? [requiredValue(word)] : checkLength(word, text, WORD_BYTES_MAX);
    }),
    ...checkLength('message', message, NOTE_BYTES_MAX),
  ];
}

function checkLength(field: string, text: string, bytesMax: number): FieldError[] {
  const isLong = new TextEncoder().encode(text).length > bytesMax;
  return isLong ? [invalidValue(field, '', `can have at most ${bytesMax} characters`)] : [];
}

function validateNew(event: Event): FieldError[] {
  const { type = '', source, count = 0, eventTime, firstTimestamp, lastTimestamp } = event;
  const unset = {
    firstTimestamp: firstTimestamp === undefined,
    lastTimestamp: lastTimestamp === undefined,
    count: count === 0,
    source: (source?.component ?? '') === '' && (source?.host ?? '') === '',
  };
  return [
    ...validateSeries(event),
    ...(eventTime === undefined ? [requiredValue('eventTime')] : []),
    ...(type === 'Normal' || type === 'Warning'
      ? []
      : [invalidValue('type', '', `has invalid value: ${type}`)]),
    ...Object.entries(unset).flatMap(([field, isUnset]) =>
      isUnset ? [] : [invalidValue(field, '', 'needs to be unset')],
    ),
  ];
}

function validateSeries({ series }: Event): FieldError[] {
  if (series === undefined) return [];
  return [
    ...((series.count ?? 0) < 2 ? [invalidValue('series.count', '', 'should be at least 2')] : []),
    ...(series.lastObservedTime === undefined ? [requiredValue('series.lastObservedTime')] : []),
  ];
}

/** A reference or source that names nothing is none. */
function said(value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  return Object.values(value).every((part) => part === '') ? undefined : value;
}

/** By the names that messages call them by. */
const FIXED: readonly (readonly [name: string, field: keyof Event])[] = [
  ['involvedObject', 'involvedObject'],
  ['reason', 'reason'],
  ['message', 'message'],
  ['source', 'source'],
  ['firstTimestamp', 'firstTimestamp'],
  ['lastTimestamp', 'lastTimestamp'],
  ['count', 'count'],
  ['reason', 'reason'],
  ['type', 'type'],
  ['action', 'action'],
  ['related', 'related'],
  ['reportingController', 'reportingComponent'],
  ['reportingInstance', 'reportingInstance'],
];

/** All that may change is the series. */
function validateChange(event: Event, old: Event): FieldError[] {
  const isSameSeries = equalJson(
    event.series as unknown as Json | undefined,
    old.series as unknown as Json | undefined,
  );
  const isSameTime = parseTimestamp(event.eventTime) === parseTimestamp(old.eventTime);
  return [
    ...(isSameSeries ? [] : validateSeries(event)),
    ...FIXED.flatMap(([name, field]) => checkUnchanged(name, said(event[field]), said(old[field]))),
    ...(isSameTime ? [] : checkUnchanged('eventTime', event.eventTime, old.eventTime)),
  ];
}
