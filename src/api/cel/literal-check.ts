import type { SourceFault } from '#api/cel/source-error.ts';
import type { CallExpression } from '#api/cel/syntax.ts';
import { parseDuration, parseTimestamp } from '#api/cel/time.ts';
import { compilePattern } from '#api/regular-expression.ts';

const CHECKS: Readonly<Record<string, (text: string) => boolean>> = {
  matches: (text) => typeof compilePattern(text) !== 'string',
  duration: (text) => parseDuration(text) !== undefined,
  timestamp: (text) => parseTimestamp(text) !== undefined,
};

/** A literal pattern, duration or timestamp that can never be read, so that it is refused when it is written. */
export function checkLiteralArguments({ name, args }: CallExpression): SourceFault | undefined {
  const argument = args.at(-1);
  if (!Object.hasOwn(CHECKS, name) || argument?.kind !== 'constant' || typeof argument.value !== 'string')
    return undefined;
  return CHECKS[name]?.(argument.value) === true
    ? undefined
    : { at: argument.at, message: `invalid ${name} argument` };
}
