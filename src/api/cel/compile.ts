/**
 * CEL as Kubernetes has it: `compileCel` checks an expression against what it may speak of, `evaluateCel` runs it.
 *
 *     const environment = { variables: new Map([['self', schemaType(schema, { isRoot: true }) ?? DYN]]), library: STANDARD_LIBRARY };
 *     const compiled = compileCel('self.spec.replicas < 10', environment);
 *     if (compiled.type === 'faulty') throw …(compiled.message);            // cel-go's words: `undefined field 'x'`
 *     const self = valueOfJson(object, environment.variables.get('self'));
 *     const { value, cost } = evaluateCel(compiled.program, { variables: new Map([['self', self]]), costMax: 1_000_000 });
 *
 * Compiling and evaluating never throw, and end: an expression has limits on its length and depth, an evaluation stops when
 * it has spent `costMax`, and patterns match in linear time. For rules of a CustomResourceDefinition see validation-rules.ts.
 */
import { type CelType, DYN } from '#api/cel/cel-type.ts';
import { type CelEnvironment, checkExpression } from '#api/cel/check.ts';
import { estimateCost } from '#api/cel/estimate.ts';
import { CostLimitError, Meter } from '#api/cel/meter.ts';
import { parseExpression } from '#api/cel/parse.ts';
import { planExpression } from '#api/cel/plan.ts';
import { formatFaults, SourceError, type SourceFault } from '#api/cel/source-error.ts';
import type { Frame, Step } from '#api/cel/step.ts';
import type { Expression } from '#api/cel/syntax.ts';
import { CelError, type CelResult } from '#api/cel/value.ts';

/** The most that one expression may cost when it runs, in units; Kubernetes' `PerCallLimit`, about 0.1 s there. */
export const EXPRESSION_COST_MAX = 1_000_000;
/** The most that all expressions of one request or object may cost, in units; Kubernetes' `RuntimeCELCostBudget`. */
export const REQUEST_COST_MAX = 10_000_000;
/** The most that the match conditions of one policy or webhook may cost, in units (Kubernetes). */
export const MATCH_CONDITIONS_COST_MAX = 2_500_000;

/** An expression that can run. */
export interface CelProgram {
  readonly source: string;
  readonly resultType: CelType;
  /** The variables that it speaks of. */
  readonly variables: ReadonlySet<string>;
  /** What it costs at most, in units, by the sizes that types declare. */
  readonly estimatedCost: number;
  readonly step: Step;
}

/** A program, or what is wrong: `message` is what cel-go prints, with the line and a caret. */
export type CompiledCel =
  | { readonly type: 'program'; readonly program: CelProgram }
  | { readonly type: 'faulty'; readonly faults: readonly SourceFault[]; readonly message: string };

/** Checks an expression. Never throws. */
export function compileCel(source: string, environment: CelEnvironment): CompiledCel {
  let expression: Expression;
  try {
    expression = parseExpression(source);
  } catch (error) {
    if (error instanceof SourceError) return faulty(source, [error.fault]);
    throw error;
  }
  const { checked, faults } = checkExpression(expression, environment);
  if (faults.length > 0) return faulty(source, faults);
  const program = {
    source,
    resultType: checked.typeOf(expression),
    variables: checked.variables,
    estimatedCost: estimateCost(checked),
    step: planExpression(checked),
  };
  return { type: 'program', program };
}

function faulty(source: string, faults: readonly SourceFault[]): CompiledCel {
  return { type: 'faulty', faults, message: formatFaults(source, faults) };
}

/** A variable's value, or how to come by it: that is done once, when it is first asked for. */
export type CelBinding = CelResult | ((meter: Meter) => CelResult);

/** What an evaluation has come to. */
export interface CelOutcome {
  /** The value, or why there is none: `no such key: a`, `operation cancelled: actual cost limit exceeded`. */
  readonly value: CelResult;
  /** Units that it has spent. */
  readonly cost: number;
  /** It was stopped because it had spent what it may. */
  readonly exceeded: boolean;
}

/** Runs a program. Never throws for whatever the expression or its input is. */
export function evaluateCel(
  program: CelProgram,
  { variables, costMax }: { variables: ReadonlyMap<string, CelBinding>; costMax: number },
): CelOutcome {
  const meter = new Meter(costMax);
  const values = new Map<string, CelResult>();
  const frame: Frame = { meter, locals: [], variable: (name) => lookUp(name, { variables, values, meter }) };
  try {
    return { value: program.step(frame), cost: Math.ceil(meter.spent), exceeded: false };
  } catch (error) {
    if (error instanceof CostLimitError)
      return { value: new CelError(error.message), cost: Math.ceil(meter.spent), exceeded: true };
    throw error;
  }
}

/**
 * Runs a program inside the evaluation of another, which pays for it: a variable that is an expression of its own. Throws what
 * ends that evaluation.
 */
export function evaluateInside(
  program: CelProgram,
  { variables, meter }: { variables: ReadonlyMap<string, CelBinding>; meter: Meter },
): CelResult {
  const values = new Map<string, CelResult>();
  return program.step({ meter, locals: [], variable: (name) => lookUp(name, { variables, values, meter }) });
}

function lookUp(
  name: string,
  {
    variables,
    values,
    meter,
  }: { variables: ReadonlyMap<string, CelBinding>; values: Map<string, CelResult>; meter: Meter },
): CelResult {
  const known = values.get(name);
  if (known !== undefined) return known;
  const binding = variables.get(name);
  const value =
    binding === undefined
      ? new CelError(`no such attribute(s): ${name}`)
      : typeof binding === 'function'
        ? binding(meter)
        : binding;
  values.set(name, value);
  return value;
}

/** Whether a program gives a value of a type, as far as can be told before it runs. */
export function givesType(program: CelProgram, kind: CelType['kind']): boolean {
  return program.resultType.kind === kind || program.resultType.kind === DYN.kind;
}
