import type { CelType } from '#api/cel/cel-type.ts';
import type { CheckedExpression } from '#api/cel/check.ts';
import { COSTS, MACRO_COSTS } from '#api/cel/costs.ts';
import type { ArgumentSize, Overload } from '#api/cel/function.ts';
import type { BindExpression, CallExpression, ComprehensionExpression, Expression } from '#api/cel/syntax.ts';
import { type CelValue, sizeOf } from '#api/cel/value.ts';

/** A size of which nothing is known: the largest that Kubernetes counts with. */
const SIZE_UNKNOWN = 2 ** 64;

/** What a part costs at most, in Kubernetes' units, and how large its value may be. */
interface Estimate extends ArgumentSize {
  readonly cost: number;
}

type Scope = ReadonlyMap<string, ArgumentSize>;

/**
 * What evaluating an expression costs at most, in Kubernetes' units, from the sizes that the types of its variables declare.
 * Source: cel-go's cost estimator with Kubernetes' additions; like them it knows nothing of what `dyn` may hold.
 */
export function estimateCost(checked: CheckedExpression): number {
  return estimate(checked, checked.expression, new Map()).cost;
}

function estimate(checked: CheckedExpression, expression: Expression, scope: Scope): Estimate {
  const declared = declaredSize(checked.typeOf(expression));
  const inner = (child: Expression): Estimate => estimate(checked, child, scope);
  switch (expression.kind) {
    case 'constant':
      return { cost: 0, size: constantSize(expression.value), itemSize: 1 };
    case 'identifier':
      return { ...(scope.get(expression.name) ?? declared), cost: COSTS.identifier };
    case 'select': {
      if (checked.variableOf(expression) !== undefined) return { ...declared, cost: COSTS.identifier };
      const operand = inner(expression.operand);
      return { ...declared, cost: operand.cost + (expression.form === 'test' ? 0 : COSTS.select) };
    }
    case 'call':
      return estimateCall(checked, expression, scope);
    case 'list': {
      const items = expression.items.map(({ value }) => inner(value));
      const itemSize = Math.max(0, ...items.map(({ size }) => size));
      return { cost: total(items) + COSTS.list, size: items.length, itemSize };
    }
    case 'map': {
      const parts = expression.entries.flatMap(({ key, value }) => [inner(key), inner(value)]);
      return { cost: total(parts) + COSTS.map, size: expression.entries.length, itemSize: SIZE_UNKNOWN };
    }
    case 'struct': {
      const parts = expression.fields.map(({ value }) => inner(value));
      return { cost: total(parts) + COSTS.struct, size: 1, itemSize: 1 };
    }
    case 'comprehension':
      return estimateLoop(checked, expression, scope);
    case 'bind':
      return estimateBind(checked, expression, scope);
  }
}

function total(parts: readonly Estimate[]): number {
  return parts.reduce((sum, { cost }) => sum + cost, 0);
}

function constantSize(value: CelValue): number {
  return sizeOf(value);
}

/** What a type says of its values' sizes. */
function declaredSize(type: CelType): ArgumentSize {
  switch (type.kind) {
    case 'list':
      return { size: type.sizeMax ?? SIZE_UNKNOWN, itemSize: declaredSize(type.item).size };
    case 'map':
      return { size: type.sizeMax ?? SIZE_UNKNOWN, itemSize: declaredSize(type.value).size };
    case 'string':
    case 'bytes':
    case 'dyn':
      return { size: type.sizeMax ?? SIZE_UNKNOWN, itemSize: SIZE_UNKNOWN };
    case 'opaque': {
      const [inner] = type.args;
      return inner === undefined ? { size: 1, itemSize: 1 } : declaredSize(inner);
    }
    default:
      return { size: 1, itemSize: 1 };
  }
}

function estimateCall(checked: CheckedExpression, expression: CallExpression, scope: Scope): Estimate {
  const call = checked.callOf(expression);
  const { name, target } = expression;
  const args = [
    ...(call?.withTarget === true && target !== undefined ? [target] : []),
    ...expression.args,
  ].map((arg) => estimate(checked, arg, scope));
  if (name === '_&&_' || name === '_||_') return { cost: total(args), size: 1, itemSize: 1 };
  if (name === '_?_:_') {
    const [condition, yes, no] = args;
    return {
      cost: (condition?.cost ?? 0) + Math.max(yes?.cost ?? 0, no?.cost ?? 0),
      size: Math.max(yes?.size ?? 0, no?.size ?? 0),
      itemSize: Math.max(yes?.itemSize ?? 0, no?.itemSize ?? 0),
    };
  }
  const overloads = call?.overloads ?? [];
  const own = Math.max(0, ...overloads.map((overload) => boundedCost(overload, args)));
  const declared = declaredSize(checked.typeOf(expression));
  const sizes = overloads.map(({ resultSize }) => resultSize?.(args));
  const isKnown = sizes.length > 0 && sizes.every((size) => size !== undefined);
  const size = isKnown ? Math.max(...sizes.map((known) => known ?? 0)) : declared.size;
  const first = args[0]?.itemSize ?? 1;
  return {
    cost: total(args) + own,
    size: Math.min(size, SIZE_UNKNOWN),
    itemSize: name === '_+_' ? Math.max(first, args[1]?.itemSize ?? 1) : itemSizeOf(name, declared, args),
  };
}

/** Parts of a text are no longer than it. */
function itemSizeOf(name: string, declared: ArgumentSize, args: readonly Estimate[]): number {
  if (name === 'split' || name === 'findAll') return args[0]?.size ?? SIZE_UNKNOWN;
  return declared.itemSize;
}

function boundedCost(overload: Overload, sizes: readonly ArgumentSize[]): number {
  return Math.min(overload.cost(sizes), SIZE_UNKNOWN);
}

function estimateLoop(
  checked: CheckedExpression,
  expression: ComprehensionExpression,
  scope: Scope,
): Estimate {
  const range = estimate(checked, expression.range, scope);
  const isMap = checked.typeOf(expression.range).kind === 'map';
  const item: ArgumentSize = elementSize(checked, expression, range);
  const names = expression.variables;
  const inner = new Map(scope);
  if (names.length === 2 && names[0] !== undefined)
    inner.set(names[0], { size: isMap ? item.size : 1, itemSize: 1 });
  const last = names.at(-1);
  if (last !== undefined) inner.set(last, item);
  const body = estimate(checked, expression.body, inner);
  const condition =
    expression.condition === undefined ? 0 : estimate(checked, expression.condition, inner).cost;
  const { round, once } = MACRO_COSTS[expression.form];
  const cost = range.cost + once + range.size * (round + condition + body.cost);
  const collects = expression.form === 'map' || expression.form.startsWith('transform');
  return {
    cost: Math.min(cost, SIZE_UNKNOWN),
    size: expression.form === 'filter' || collects ? range.size : 1,
    itemSize: collects ? body.size : item.size,
  };
}

/** The size of what the last variable of a loop stands for. */
function elementSize(
  checked: CheckedExpression,
  { range, variables }: ComprehensionExpression,
  { itemSize }: ArgumentSize,
): ArgumentSize {
  const type = checked.typeOf(range);
  if (type.kind === 'list')
    return { ...declaredSize(type.item), size: Math.min(itemSize, declaredSize(type.item).size) };
  if (type.kind === 'map') return declaredSize(variables.length === 1 ? type.key : type.value);
  return { size: itemSize, itemSize: SIZE_UNKNOWN };
}

function estimateBind(checked: CheckedExpression, expression: BindExpression, scope: Scope): Estimate {
  const value = estimate(checked, expression.value, scope);
  const inner = new Map(scope).set(expression.name, { size: value.size, itemSize: value.itemSize });
  const body = estimate(checked, expression.body, inner);
  const extra = expression.form === 'bind' ? 0 : 2 + value.cost;
  return { cost: value.cost + COSTS.list + extra + body.cost, size: body.size, itemSize: body.itemSize };
}
