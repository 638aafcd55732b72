import { RE2JS } from 're2js';

/**
 * A regular expression that a client wrote, in RE2's syntax (as Go's `regexp`): matched in time linear in the text, so that
 * no pattern can hold the server up. Every pattern of the API that is not our own goes through here.
 */
export interface RegularExpression {
  readonly pattern: string;
  /** Whether any part of the text matches. */
  readonly test: (text: string) => boolean;
  /** Matches that do not overlap, from left to right, each looked for when it is asked for, with where the rest begins. */
  readonly matches: (text: string) => Generator<{ readonly text: string; readonly end: number }>;
  /** Instructions that it compiled to: what one character of a text costs at most, in steps. */
  readonly programSize: number;
}

/** The longest pattern in characters; a longer one is refused. */
const PATTERN_CHARS_MAX = 65_536;
/** The most instructions that a pattern may compile to: the time for each character of a text. More is refused. */
const PATTERN_PROGRAM_MAX = 20_000;
/** How many compiled patterns are kept; the oldest goes. */
const PATTERNS_KEPT_MAX = 512;

const kept = new Map<string, RegularExpression | string>();

/** The compiled pattern, or why it is none: `missing closing ): ...`. Compiled once, as long as it is in use. */
export function compilePattern(pattern: string): RegularExpression | string {
  const known = kept.get(pattern);
  if (known !== undefined) return known;
  const compiled = compile(pattern);
  const [oldest] = kept.keys();
  if (kept.size >= PATTERNS_KEPT_MAX && oldest !== undefined) kept.delete(oldest);
  kept.set(pattern, compiled);
  return compiled;
}

function compile(pattern: string): RegularExpression | string {
  if (pattern.length > PATTERN_CHARS_MAX)
    return `the pattern has ${pattern.length} characters, at most ${PATTERN_CHARS_MAX} are accepted`;
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(pattern);
  } catch (error) {
    return error instanceof Error ? error.message : 'the pattern cannot be read';
  }
  if (expression.programSize() > PATTERN_PROGRAM_MAX) return 'expression too large';
  return {
    pattern,
    test: (text) => expression.test(text),
    programSize: expression.programSize(),
    *matches(text) {
      const matcher = expression.matcher(text);
      while (matcher.find()) yield { text: matcher.group() ?? '', end: matcher.end() };
    },
  };
}
