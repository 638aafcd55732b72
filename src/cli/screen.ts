/** Where a command writes what people read, line by line. Messages go to standard error, results to standard output. */
export interface Screen {
  /** A line of the result. */
  print(line: string): void;
  /** A line about what goes on. */
  say(line: string): void;
}

/** What a command could not do, in one sentence that says what to do about it. `code` is the exit code: 1, or 2 for usage. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: number;
  constructor(message: string, options: { code?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = options.code ?? 1;
  }
}

/** What steers a terminal instead of being shown on it: such a thing in a name or a message must not. */
const CONTROLS = /[\p{Cc}\p{Cf}]/gu;

/** Rows as aligned columns, three blanks apart, as kubectl prints them. Control characters show as `�`. */
export function formatTable(table: readonly (readonly string[])[]): string[] {
  const rows = table.map((row) => row.map((cell) => cell.replaceAll(CONTROLS, '\uFFFD')));
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd((widths[index] ?? 0) + 3)))
      .join('')
      .trimEnd(),
  );
}
