import { forbiddenField, unsupportedValue } from '#api/field-errors.ts';
import { type FieldError, invalid } from '#api/status.ts';
import { isWatch } from '#apiserver/request-info.ts';

/** What a list may demand of its revision, beside nothing. */
const LIST_MATCHES: readonly string[] = ['Exact', 'NotOlderThan'];

/** What a watch may demand. */
const WATCH_MATCHES: readonly string[] = ['NotOlderThan'];

const MATCH = 'resourceVersionMatch';

/**
 * Refuses with 422 what says nothing together: Kubernetes' `ValidateListOptions`, of a list, a watch, and the deletion of a
 * collection. See "The resourceVersion parameter" in Kubernetes' API concepts.
 */
export function assertListOptions(query: URLSearchParams): void {
  const errors = isWatch(query) ? watchErrors(query) : listErrors(query);
  if (errors.length > 0) throw invalid({ kind: 'ListOptions', group: 'meta.k8s.io', name: '' }, errors);
}

function listErrors(query: URLSearchParams): FieldError[] {
  const version = query.get('resourceVersion') ?? '';
  const match = query.get(MATCH) ?? '';
  return [
    ...(match !== '' && version === ''
      ? [forbiddenField(MATCH, 'resourceVersionMatch is forbidden unless resourceVersion is provided')]
      : []),
    ...continueErrors(query),
    ...(match !== '' && !LIST_MATCHES.includes(match)
      ? [unsupportedValue(MATCH, match, [...LIST_MATCHES, ''])]
      : []),
    ...(match === 'Exact' && version === '0'
      ? [forbiddenField(MATCH, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')]
      : []),
    ...(query.has('sendInitialEvents')
      ? [forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list')]
      : []),
  ];
}

function watchErrors(query: URLSearchParams): FieldError[] {
  const match = query.get(MATCH) ?? '';
  const isMarked = query.has('sendInitialEvents');
  return [
    ...(isMarked && match !== 'NotOlderThan'
      ? [forbiddenField(MATCH, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')]
      : []),
    ...(match !== '' && !isMarked
      ? [
          forbiddenField(
            MATCH,
            'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
          ),
        ]
      : []),
    ...(match !== '' && !WATCH_MATCHES.includes(match)
      ? [unsupportedValue(MATCH, match, WATCH_MATCHES)]
      : []),
    ...continueErrors(query),
  ];
}

function continueErrors(query: URLSearchParams): FieldError[] {
  const isBoth = (query.get(MATCH) ?? '') !== '' && (query.get('continue') ?? '') !== '';
  return isBoth ? [forbiddenField(MATCH, 'resourceVersionMatch is forbidden when continue is provided')] : [];
}
