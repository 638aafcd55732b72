/** Severity, lowest first. Info says that state changed; debug the rest. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured fields of a log line: the same keys everywhere (`kind`, `namespace`, `name`, `site`, `node`). */
export type LogFields = Readonly<Record<string, unknown>>;

/** Log lines: a constant message and structured fields. Never called inside a plan. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds `fields` to every line. */
  with(fields: LogFields): Log;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** The longest line written, in characters; a longer one is cut and marked. */
export const LOG_LINE_CHARS_MAX = 16 * 1024;

/** A log of one JSON object a line, `{"time","level","message",…fields}`, to `write`. */
export function createLog(options: {
  write: (line: string) => void;
  now: () => number;
  level?: LogLevel;
  fields?: LogFields;
}): Log {
  const lowest = LEVELS.indexOf(options.level ?? 'info');
  const bound = options.fields ?? {};
  const emit = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    if (LEVELS.indexOf(level) < lowest) return;
    const time = new Date(options.now()).toISOString();
    const line = lineOf({ time, level, message, ...bound, ...describeErrors(fields) });
    options.write(line.length > LOG_LINE_CHARS_MAX ? `${line.slice(0, LOG_LINE_CHARS_MAX)}…` : line);
  };
  return {
    debug: (message, fields) => emit('debug', message, fields),
    info: (message, fields) => emit('info', message, fields),
    warn: (message, fields) => emit('warn', message, fields),
    error: (message, fields) => emit('error', message, fields),
    with: (fields) => createLog({ ...options, fields: { ...bound, ...fields } }),
  };
}

/** A log that keeps nothing: for tests and tools that print their own output. */
export const silentLog: Log = createLog({ write: () => undefined, now: () => 0, level: 'error' });

/** A line is written whatever is in its fields: those that JSON cannot say are written as texts. */
function lineOf(fields: LogFields): string {
  try {
    return JSON.stringify(fields);
  } catch {
    // A circle, or a bigint.
    return JSON.stringify(
      Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value)])),
    );
  }
}

function describeErrors(fields: LogFields): LogFields {
  const entries = Object.entries(fields).map(([key, value]) => [
    key,
    value instanceof Error ? describeError(value) : value,
  ]);
  return Object.fromEntries(entries) as LogFields;
}

/** An error and its causes on one line: `outer: inner: innermost`. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describeError(error.cause)}`;
}
