import { badRequest, StatusError } from '#api/status.ts';
import type { FieldValidation } from '#apiserver/decode-object.ts';
import { quoted } from '#apiserver/query-parameters.ts';
import type { ApiRequest, User } from '#apiserver/request.ts';
import { notesOf } from '#apiserver/request-notes.ts';
import type { WriteRequest } from '#apiserver/rest-context.ts';

/** The longest name of a field manager, in characters, as in Kubernetes; a longer one is 422. */
const FIELD_MANAGER_CHARS_MAX = 128;

/** Who writes, whether for real, and as which field manager: the query's, else the client's name from its User-Agent. */
export function writeRequestOf({ request, user }: { request: ApiRequest; user: User }): WriteRequest {
  const { query, headers } = request;
  const agent = (headers['user-agent'] ?? '').split('/', 1)[0] ?? '';
  return {
    user,
    dryRun: isDryRun(query.getAll('dryRun')),
    notes: notesOf(request),
    fieldManager:
      fieldManagerOf(query) ?? (agent === '' ? 'unknown' : agent.slice(0, FIELD_MANAGER_CHARS_MAX)),
  };
}

/** Whether `dryRun` asks for a write that is not kept. Throws 422 on anything but `All`. */
export function isDryRun(values: readonly string[]): boolean {
  const wanted = values.filter((value) => value !== '');
  const wrong = wanted.find((value) => value !== 'All');
  if (wrong !== undefined)
    throw new StatusError('Invalid', `dryRun: Unsupported value: ${quoted(wrong)}: supported values: "All"`);
  return wanted.length > 0;
}

function fieldManagerOf(query: URLSearchParams): string | undefined {
  const manager = query.get('fieldManager') ?? '';
  if (manager === '') return undefined;
  const wrong = (why: string): StatusError => new StatusError('Invalid', `fieldManager: ${why}`);
  if (manager.length > FIELD_MANAGER_CHARS_MAX)
    throw wrong(`Too long: may not be more than ${FIELD_MANAGER_CHARS_MAX} bytes`);
  if (/\p{C}/u.test(manager))
    throw wrong(`Invalid value: ${quoted(manager)}: should only contain printable characters`);
  return manager;
}

/** What becomes of fields that are unknown or stand twice; a warning where the query does not say. */
export function fieldValidationOf(query: URLSearchParams): FieldValidation {
  const wanted = query.get('fieldValidation') ?? '';
  if (wanted === '' || wanted === 'Warn') return 'Warn';
  if (wanted === 'Strict' || wanted === 'Ignore') return wanted;
  throw badRequest(
    `fieldValidation: Unsupported value: ${quoted(wanted)}: supported values: "Ignore", "Strict", "Warn"`,
  );
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
