import type { Event } from '#api/core/event.ts';
import { checkName } from '#api/field-checks.ts';
import { invalidValue, requiredValue, tooLong } from '#api/field-errors.ts';
import { qualifiedNameErrors } from '#api/name-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** The namespace of events about objects that have none. */
const NAMESPACE_OF_CLUSTER_EVENTS = 'default';
/** The longest note, action, reason and instance, in bytes. */
const NOTE_BYTES_MAX = 1024;
const WORD_BYTES_MAX = 128;

/** What is wrong with an event of core/v1: it must be in the namespace of what it is about. */
export function validateCoreEvent({ metadata, involvedObject }: Event): FieldError[] {
  const wanted = involvedObject.namespace || NAMESPACE_OF_CLUSTER_EVENTS;
  const isOfCluster = (involvedObject.namespace ?? '') === '' && metadata.namespace === 'kube-system';
  return metadata.namespace === wanted || isOfCluster
    ? []
    : [
        invalidValue(
          'involvedObject.namespace',
          involvedObject.namespace ?? '',
          'does not match event.namespace',
        ),
      ];
}

/** What an events.k8s.io event says, as far as it is limited. */
export interface EventWords {
  readonly action?: string;
  readonly reason?: string;
  readonly note?: string;
  readonly type?: string;
  readonly reportingController?: string;
  readonly reportingInstance?: string;
}

/** What is wrong with the words of a new event of events.k8s.io/v1. */
export function validateEventWords(event: EventWords): FieldError[] {
  const { type, note = '', reportingController = '' } = event;
  const words = ['reportingInstance', 'action', 'reason'] as const;
  return [
    ...(reportingController === ''
      ? [requiredValue('reportingController')]
      : checkName('reportingController', reportingController, qualifiedNameErrors)),
    ...words.flatMap((word) => {
      const text = event[word] ?? '';
      if (text === '') return [requiredValue(word)];
      return text.length > WORD_BYTES_MAX ? [tooLong(word, WORD_BYTES_MAX)] : [];
    }),
    ...(type === 'Normal' || type === 'Warning'
      ? []
      : [invalidValue('type', type ?? '', 'has invalid value: must be Normal or Warning')]),
    ...(note.length > NOTE_BYTES_MAX ? [tooLong('note', NOTE_BYTES_MAX)] : []),
  ];
}
