import type { PolicyExpression, PolicyVariable } from '#api/admissionregistration/policy-programs.ts';
import {
  type CelBinding,
  EXPRESSION_COST_MAX,
  evaluateCel,
  evaluateInside,
  MATCH_CONDITIONS_COST_MAX,
  REQUEST_COST_MAX,
} from '#api/cel/compile.ts';
import { valueOfJson } from '#api/cel/json-value.ts';
import { CelError, type CelResult, type CelValue } from '#api/cel/value.ts';
import type { Json, KubeObject } from '#api/object.ts';

/** Why an expression of a policy has no value, in Kubernetes' words: what the client is told where the policy fails closed. */
export class ExpressionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ExpressionError';
  }
}

const OUT_OF_BUDGET =
  'validation failed due to running out of cost budget, no further validation rules will be run';

/** The variables of a request with those of a policy and one parameter, and what may still be spent on them. */
export class PolicyEvaluation {
  readonly #bindings: ReadonlyMap<string, CelBinding>;
  #budget = REQUEST_COST_MAX;

  constructor(
    values: ReadonlyMap<string, CelBinding>,
    { variables, params }: { variables: readonly PolicyVariable[]; params: KubeObject | undefined },
  ) {
    const bindings = new Map(values);
    bindings.set('params', valueOfJson((params ?? null) as Json));
    for (const variable of variables)
      bindings.set(`variables.${variable.name}`, composed(variable, bindings));
    this.#bindings = bindings;
  }

  /** The value of an expression. Throws ExpressionError. */
  value(expression: PolicyExpression): CelValue {
    const result = this.#spend(expression);
    if (!(result instanceof CelError)) return result;
    throw new ExpressionError(
      `expression '${expression.source.trim()}' resulted in error: ${result.message}`,
    );
  }

  #spend({ program, fault }: PolicyExpression): CelResult {
    if (program === undefined) throw new ExpressionError(fault?.detail ?? 'compilation failed');
    if (this.#budget <= 0) throw new ExpressionError(OUT_OF_BUDGET);
    const costMax = Math.min(EXPRESSION_COST_MAX, this.#budget);
    const outcome = evaluateCel(program, { variables: this.#bindings, costMax });
    this.#budget -= outcome.cost;
    if (outcome.exceeded && this.#budget <= 0) throw new ExpressionError(OUT_OF_BUDGET);
    return outcome.value;
  }

  /**
   * Whether all conditions hold. One that is false decides, also where another is an error; else an error is thrown
   * (ExpressionError).
   */
  matches(conditions: readonly PolicyExpression[]): boolean {
    return conditionsHold(conditions, this.#bindings);
  }
}

/** As {@link PolicyEvaluation.matches}, of a policy or a webhook: they have a budget of their own. */
export function conditionsHold(
  conditions: readonly PolicyExpression[],
  variables: ReadonlyMap<string, CelBinding>,
): boolean {
  let budget = MATCH_CONDITIONS_COST_MAX;
  const errors: string[] = [];
  for (const { program, source, fault } of conditions) {
    if (program === undefined) {
      errors.push(fault?.detail ?? 'compilation failed');
      continue;
    }
    if (budget <= 0) throw new ExpressionError(OUT_OF_BUDGET);
    const outcome = evaluateCel(program, { variables, costMax: Math.min(EXPRESSION_COST_MAX, budget) });
    budget -= outcome.cost;
    if (outcome.value instanceof CelError)
      errors.push(`expression '${source.trim()}' resulted in error: ${outcome.value.message}`);
    else if (outcome.value !== true) return false;
  }
  if (errors.length === 0) return true;
  throw new ExpressionError(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`);
}

/** A variable is evaluated when it is first used, once for all expressions of an evaluation, and paid for by the first. */
function composed({ name, program }: PolicyVariable, variables: ReadonlyMap<string, CelBinding>): CelBinding {
  let known: CelResult | undefined;
  return (meter) => {
    known ??=
      program === undefined
        ? new CelError(`composited variable "${name}" fails to compile`)
        : evaluateInside(program, { variables, meter });
    return known instanceof CelError
      ? new CelError(`composited variable "${name}" fails to evaluate: ${known.message}`)
      : known;
  };
}
