import { forbiddenField, invalidValue, requiredValue, tooLong, unsupportedValue } from '#api/field-errors.ts';
import { type FieldError, invalid, type StatusError } from '#api/status.ts';
import type { FieldValidation } from '#apiserver/decode-object.ts';
import { flagOf } from '#apiserver/query-parameters.ts';
import type { ApiRequest, User } from '#apiserver/request.ts';
import { notesOf } from '#apiserver/request-notes.ts';
import type { WriteRequest } from '#apiserver/rest-context.ts';

/** Options of a write, as errors name them: their fields are the parameters of the query. */
export type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions';

const OPTIONS_OF_METHODS: Readonly<Record<string, OptionsKind>> = {
  POST: 'CreateOptions',
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
  DELETE: 'DeleteOptions',
};

/** 422: `PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: …`. */
export function invalidOptions(kind: OptionsKind, error: FieldError): StatusError {
  return invalid({ kind, group: 'meta.k8s.io', name: '' }, [error]);
}

function optionsKindOf({ method }: Pick<ApiRequest, 'method'>): OptionsKind {
  return OPTIONS_OF_METHODS[method] ?? 'CreateOptions';
}

/** The longest name of a field manager, in characters, as in Kubernetes; a longer one is 422. */
const FIELD_MANAGER_CHARS_MAX = 128;

/** Who writes, whether for real, and as which field manager: the query's, else the client's name from its User-Agent. */
export function writeRequestOf({ request, user }: { request: ApiRequest; user: User }): WriteRequest {
  const { query, headers } = request;
  const agent = (headers['user-agent'] ?? '').split('/', 1)[0] ?? '';
  return {
    user,
    dryRun: isDryRun(query.getAll('dryRun'), optionsKindOf(request)),
    notes: notesOf(request),
    fieldManager:
      fieldManagerOf(request) ?? (agent === '' ? 'unknown' : agent.slice(0, FIELD_MANAGER_CHARS_MAX)),
  };
}

/** Whether `dryRun` asks for a write that is not kept. Throws 422 on anything but `All`. */
export function isDryRun(values: readonly string[], options: OptionsKind): boolean {
  const wanted = values.filter((value) => value !== '');
  if (wanted.some((value) => value !== 'All'))
    throw invalidOptions(options, unsupportedValue('dryRun', wanted, ['All']));
  return wanted.length > 0;
}

function fieldManagerOf(request: ApiRequest): string | undefined {
  const manager = request.query.get('fieldManager') ?? '';
  if (manager === '') return undefined;
  const options = optionsKindOf(request);
  if (manager.length > FIELD_MANAGER_CHARS_MAX)
    throw invalidOptions(options, tooLong('fieldManager', FIELD_MANAGER_CHARS_MAX));
  if (/\p{C}/u.test(manager)) {
    const why = 'should only contain printable characters';
    throw invalidOptions(options, invalidValue('fieldManager', manager, why));
  }
  return manager;
}

/** Whether an apply takes fields from other managers. Throws 422 where the apply does not say who applies. */
export function isForced({ query }: ApiRequest): boolean {
  if ((query.get('fieldManager') ?? '') === '')
    throw invalidOptions('PatchOptions', requiredValue('fieldManager', 'is required for apply patch'));
  return flagOf(query, 'force');
}

/** Throws 422 for a patch that is no apply, and yet says whether to force it. */
export function assertNotForced({ query }: ApiRequest): void {
  const why = 'may not be specified for non-apply patch';
  if (query.has('force')) throw invalidOptions('PatchOptions', forbiddenField('force', why));
}

/** What becomes of fields that are unknown or stand twice; a warning where the query does not say. */
export function fieldValidationOf(request: ApiRequest): FieldValidation {
  const wanted = request.query.get('fieldValidation') ?? '';
  if (wanted === '' || wanted === 'Warn') return 'Warn';
  if (wanted === 'Strict' || wanted === 'Ignore') return wanted;
  const supported = ['', 'Ignore', 'Strict', 'Warn'];
  throw invalidOptions(optionsKindOf(request), unsupportedValue('fieldValidation', wanted, supported));
}

/** Warnings as RFC 7234 headers with code 299, as kubectl prints them. */
export function warningHeaders(warnings: readonly string[]): Record<string, string> {
  if (warnings.length === 0) return {};
  const texts = warnings.map(
    (warning) =>
      `299 - "${warning.replaceAll(/["\\]/gu, String.raw`\$&`).replaceAll(/[^\x20-\x7e]/gu, '?')}"`,
  );
  return { warning: texts.join(', ') };
}
