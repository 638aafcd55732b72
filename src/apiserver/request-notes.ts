import type { User } from '#apiserver/request.ts';

/** What is learnt about one request on its way and told beside its answer. */
export interface RequestNotes {
  /** For the client, as `Warning` headers. */
  warnings: string[] | undefined;
  /** For the audit log: keys as `pod-security.kubernetes.io/enforce-policy`. */
  auditAnnotations: Record<string, string> | undefined;
  /** Which flow schema and which priority level it was put under: their uids. */
  flow?: { readonly schemaUid: string; readonly levelUid: string };
  /** Who the request is from, once that is known; with `impersonator` where another asked for it. */
  user: User | undefined;
  impersonator: User | undefined;
  /** Set where the audit log may tell of the request: to be awaited once it is known who it is from. */
  onUser?: () => Promise<void> | undefined;
  /** What a creation made. */
  object: { readonly name?: string; readonly uid?: string } | undefined;
}

/** Where one request's notes are kept. */
export interface Noted {
  notes?: RequestNotes;
}

/** The most characters of all warnings of a request; past it each is cut, and what is beyond is dropped (as upstream). */
const WARNINGS_CHARS_MAX = 4096;
/** What a single warning is cut to then, in characters. */
const WARNING_CHARS_MAX = 256;
/** The longest audit annotation, in characters; a longer one is cut. */
const AUDIT_ANNOTATION_CHARS_MAX = 10 * 1024;

/** The notes of a request: made at the first call. */
export function notesOf(request: Noted): RequestNotes {
  request.notes ??= {
    warnings: undefined,
    auditAnnotations: undefined,
    user: undefined,
    impersonator: undefined,
    object: undefined,
  };
  return request.notes;
}

/** Tells the client something beside the answer, once. */
export function addWarning(notes: RequestNotes, warning: string): void {
  if (warning === '' || notes.warnings?.includes(warning) === true) return;
  (notes.warnings ??= []).push(warning);
}

/** Tells the client several things. */
export function addWarnings(notes: RequestNotes, warnings: readonly string[] | undefined): void {
  for (const warning of warnings ?? []) addWarning(notes, warning);
}

/** Says something to the audit log. The first value of a key stays, as upstream. */
export function addAuditAnnotation(notes: RequestNotes, key: string, value: string): void {
  notes.auditAnnotations ??= {};
  if (Object.hasOwn(notes.auditAnnotations, key)) return;
  notes.auditAnnotations[key] = value.slice(0, AUDIT_ANNOTATION_CHARS_MAX);
}

/** The warnings that fit into the headers of an answer. */
export function fittingWarnings({ warnings = [] }: RequestNotes): readonly string[] {
  if (warnings.reduce((sum, warning) => sum + warning.length, 0) <= WARNINGS_CHARS_MAX) return warnings;
  let left = WARNINGS_CHARS_MAX;
  return warnings
    .map((warning) => warning.slice(0, WARNING_CHARS_MAX))
    .filter((warning) => {
      left -= warning.length;
      return left >= 0;
    });
}
