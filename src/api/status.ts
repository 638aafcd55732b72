/** `metav1.StatusCause`: one thing that is wrong, with the field it is wrong at. */
export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

/** `metav1.Status`: what a client sees of an error. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { readonly continue?: string };
  status: 'Failure' | 'Success';
  message?: string;
  /** A {@link StatusReason}, or whatever a webhook gave. */
  reason?: string;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    uid?: string;
    causes?: StatusCause[];
    retryAfterSeconds?: number;
  };
  code?: number;
}

/** The reasons of `metav1.StatusReason` with their HTTP codes. */
export const STATUS_CODES = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
} as const;

/** Why a request failed, in a word that clients act on. */
export type StatusReason = keyof typeof STATUS_CODES;

/** Whether this is one of the reasons that Kubernetes has. */
export function isStatusReason(reason: string): reason is StatusReason {
  return Object.hasOwn(STATUS_CODES, reason);
}

/** What an error speaks of: `pods "web"` in group ``. */
export interface StatusSubject {
  /** The plural for most errors, the kind for Invalid, as Kubernetes does. */
  resource: string;
  group?: string;
  name?: string;
}

/** An error that a client shall see as a {@link Status}. The message is written for the client; `cause` is for the log. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly reason: StatusReason;
  readonly details: NonNullable<Status['details']>;
  readonly #given: { readonly code: number; readonly reason: string } | undefined;
  readonly #continue: string | undefined;

  /**
   * `given` is shown in place of `reason` and its code: what another server said, in its own words. `continue` is where a list
   * that cannot go on as it began may go on all the same.
   */
  constructor(
    reason: StatusReason,
    message: string,
    options: {
      details?: NonNullable<Status['details']>;
      given?: { readonly code: number; readonly reason: string };
      continue?: string;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.details = options.details ?? {};
    this.#given = options.given;
    this.#continue = options.continue;
  }

  get code(): number {
    return this.#given?.code ?? STATUS_CODES[this.reason];
  }

  toStatus(): Status {
    const reason = this.#given?.reason ?? this.reason;
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.#continue === undefined ? {} : { continue: this.#continue },
      status: 'Failure',
      message: this.message,
      ...(reason === '' ? {} : { reason }),
      details: this.details,
      code: this.code,
    };
  }
}

/** Whether an error is a {@link StatusError} of this reason. */
export function isStatus(error: unknown, reason: StatusReason): error is StatusError {
  return error instanceof StatusError && error.reason === reason;
}

function qualified(subject: StatusSubject): string {
  return subject.group === undefined || subject.group === ''
    ? subject.resource
    : `${subject.resource}.${subject.group}`;
}

function detailsOf(subject: StatusSubject): NonNullable<Status['details']> {
  return {
    ...(subject.name === undefined || subject.name === '' ? {} : { name: subject.name }),
    ...(subject.group === undefined || subject.group === '' ? {} : { group: subject.group }),
    kind: subject.resource,
  };
}

/** 404: `pods "web" not found`. */
export function notFound(subject: StatusSubject): StatusError {
  return new StatusError('NotFound', `${qualified(subject)} "${subject.name ?? ''}" not found`, {
    details: detailsOf(subject),
  });
}

/** 409: `pods "web" already exists`. */
export function alreadyExists(subject: StatusSubject): StatusError {
  return new StatusError('AlreadyExists', `${qualified(subject)} "${subject.name ?? ''}" already exists`, {
    details: detailsOf(subject),
  });
}

/** 409: the object has changed meanwhile, or cannot be changed so. */
export function conflict(subject: StatusSubject, why: string): StatusError {
  return new StatusError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name ?? ''}": ${why}`,
    { details: detailsOf(subject) },
  );
}

/** 400: the request itself cannot be understood. */
export function badRequest(message: string, cause?: unknown): StatusError {
  return new StatusError('BadRequest', message, { cause });
}

/** 403: the user may not, or nobody may. */
export function forbidden(subject: StatusSubject, why: string): StatusError {
  const { name = '' } = subject;
  const what = name === '' ? qualified(subject) : `${qualified(subject)} "${name}"`;
  return new StatusError('Forbidden', `${what} is forbidden: ${why}`, { details: detailsOf(subject) });
}

/** A refused value as messages show it, where that is not its JSON. */
export class ShownValue {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** One invalid field. `type` gives the wording of Kubernetes' `field.Error`. */
export interface FieldError {
  type:
    | 'Invalid'
    | 'TypeInvalid'
    | 'Required'
    | 'NotSupported'
    | 'Forbidden'
    | 'Duplicate'
    | 'TooLong'
    | 'TooMany'
    | 'NotFound';
  /** Path as Kubernetes writes it: `spec.containers[0].image`. */
  field: string;
  /** The refused value; not for Required, Forbidden, TooLong, TooMany. */
  value?: unknown;
  /** What was wanted. */
  detail: string;
}

const FIELD_ERROR_TEXT = {
  Invalid: ['FieldValueInvalid', 'Invalid value'],
  TypeInvalid: ['FieldValueTypeInvalid', 'Invalid value'],
  Required: ['FieldValueRequired', 'Required value'],
  NotSupported: ['FieldValueNotSupported', 'Unsupported value'],
  Forbidden: ['FieldValueForbidden', 'Forbidden'],
  Duplicate: ['FieldValueDuplicate', 'Duplicate value'],
  TooLong: ['FieldValueTooLong', 'Too long'],
  TooMany: ['FieldValueTooMany', 'Too many'],
  NotFound: ['FieldValueNotFound', 'Not found'],
} as const;

/** The longest quoted value in a message, in characters; a longer one is cut. */
const QUOTED_VALUE_CHARS_MAX = 4096;

/** `spec.replicas: Invalid value: -1: must be greater than or equal to 0`. */
export function fieldErrorMessage(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`;
}

function fieldErrorBody(error: FieldError): string {
  const [, title] = FIELD_ERROR_TEXT[error.type];
  const quoted = error.value === undefined ? '' : `: ${quotedValue(error.value)}`;
  return error.detail === '' ? `${title}${quoted}` : `${title}${quoted}: ${error.detail}`;
}

function quotedValue(value: unknown): string {
  if (value === null) return '"null"';
  if (value instanceof ShownValue) return value.text;
  return (JSON.stringify(value) ?? '').slice(0, QUOTED_VALUE_CHARS_MAX);
}

/** 405, for what the path is served for, but not by this method. */
export function methodNotAllowed(): StatusError {
  return new StatusError(
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  );
}

/** 400: an object names another namespace than the path that it is sent to. */
export function otherNamespace(): StatusError {
  return badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** 422 with every field error: `Deployment.apps "web" is invalid: spec.replicas: Invalid value: …`. */
export function invalid(
  kind: { kind: string; group: string; name: string },
  errors: readonly FieldError[],
): StatusError {
  const messages = [...new Set(errors.map(fieldErrorMessage))];
  const joined = messages.length === 1 ? messages[0] : `[${messages.join(', ')}]`;
  const subject = { resource: kind.kind, group: kind.group, name: kind.name };
  return new StatusError('Invalid', `${qualified(subject)} "${kind.name}" is invalid: ${joined ?? ''}`, {
    details: {
      ...detailsOf(subject),
      causes: errors.map((error) => ({
        reason: FIELD_ERROR_TEXT[error.type][0],
        message: fieldErrorBody(error),
        field: error.field,
      })),
    },
  });
}
