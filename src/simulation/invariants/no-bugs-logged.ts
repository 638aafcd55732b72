import type { LogFields, LogLevel } from '#system/log.ts';

/** Errors by which a program says that it is wrong itself. */
const BUGS = new Set(['AssertionError', 'TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);

/** The defect that a log line tells of, or undefined: an error of the program, or a line of level error. */
export function bugInLog(level: LogLevel, message: string, fields: LogFields): string | undefined {
  for (const value of Object.values(fields)) {
    for (let error = value; error instanceof Error; error = error.cause) {
      if (BUGS.has(error.name)) return `${message}: ${error.name}: ${error.message}`;
    }
  }
  return level === 'error'
    ? `${message}: ${JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? value.message : value))}`
    : undefined;
}
