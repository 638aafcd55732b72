import type { CheckedExpression } from '#api/cel/check.ts';
import type { Meter } from '#api/cel/meter.ts';
import type { Expression } from '#api/cel/syntax.ts';
import type { CelResult } from '#api/cel/value.ts';

/** What one evaluation holds. */
export interface Frame {
  readonly meter: Meter;
  readonly variable: (name: string) => CelResult;
  /** Local variables, each at its place. */
  readonly locals: CelResult[];
}

/** One part of an expression, ready to run. */
export type Step = (frame: Frame) => CelResult;

/** What the planner of one part needs of the whole. */
export interface Planner {
  readonly checked: CheckedExpression;
  /** Names of local variables in view, by place; the last of a name counts. */
  readonly scope: readonly string[];
  readonly plan: (expression: Expression, scope: readonly string[]) => Step;
}
