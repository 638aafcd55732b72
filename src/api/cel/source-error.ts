/** A fault in the text of an expression. */
export interface SourceFault {
  /** Where, in UTF-16 units from the beginning. */
  readonly at: number;
  readonly message: string;
}

/** Ends the reading of an expression. */
export class SourceError extends Error {
  readonly fault: SourceFault;

  constructor(at: number, message: string) {
    super(message);
    this.name = 'SourceError';
    this.fault = { at, message };
  }
}

/**
 * Faults as cel-go prints them: `ERROR: <input>:1:6: undefined field 'x'`, the line, and a caret under the column. Lines
 * and columns count from 1; columns are characters.
 */
export function formatFaults(source: string, faults: readonly SourceFault[]): string {
  return [...faults]
    .sort((a, b) => a.at - b.at)
    .map((fault) => formatFault(source, fault))
    .join('\n');
}

function formatFault(source: string, { at, message }: SourceFault): string {
  const before = source.slice(0, at);
  const line = before.split('\n').length;
  const lineStart = before.lastIndexOf('\n') + 1;
  const lineEnd = source.indexOf('\n', at);
  const text = source.slice(lineStart, lineEnd < 0 ? undefined : lineEnd);
  const column = Array.from(before.slice(lineStart)).length;
  return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${text}\n | ${'.'.repeat(column)}^`;
}
