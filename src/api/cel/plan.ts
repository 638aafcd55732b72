import type { CheckedExpression } from '#api/cel/check.ts';
import { COSTS } from '#api/cel/costs.ts';
import { type ArgumentSize, FIXED_COST, holds, type Overload } from '#api/cel/function.ts';
import { noSuchKey } from '#api/cel/library-operators.ts';
import { planComprehension } from '#api/cel/plan-comprehension.ts';
import type { Planner, Step } from '#api/cel/step.ts';
import type {
  BindExpression,
  CallExpression,
  Expression,
  ListExpression,
  MapExpression,
  SelectExpression,
  StructExpression,
} from '#api/cel/syntax.ts';
import {
  CelError,
  CelList,
  CelMap,
  CelOptional,
  type CelResult,
  CelTypeValue,
  type CelValue,
  isCelObject,
  mapKey,
  typeNameOf,
  weightOf,
} from '#api/cel/value.ts';
import { assert } from '#system/assert.ts';

/** An expression as functions that call each other: it is looked at once and runs many times. */
export function planExpression(checked: CheckedExpression): Step {
  const plan = (expression: Expression, scope: readonly string[]): Step =>
    planNode({ checked, scope, plan }, expression);
  return plan(checked.expression, []);
}

function planNode(planner: Planner, expression: Expression): Step {
  switch (expression.kind) {
    case 'constant': {
      const { value } = expression;
      return () => value;
    }
    case 'identifier':
      return planIdentifier(planner, expression, expression.name);
    case 'select':
      return planSelect(planner, expression);
    case 'call':
      return planCall(planner, expression);
    case 'list':
      return planList(planner, expression);
    case 'map':
      return planMap(planner, expression);
    case 'struct':
      return planStruct(planner, expression);
    case 'comprehension':
      return planComprehension(planner, expression);
    case 'bind':
      return planBind(planner, expression);
  }
}

function planIdentifier({ checked, scope }: Planner, expression: Expression, name: string): Step {
  const place = scope.lastIndexOf(name);
  if (place >= 0)
    return (frame) => {
      frame.meter.charge(COSTS.identifier);
      return frame.locals[place] ?? null;
    };
  const type = checked.typeNamed(expression);
  if (type !== undefined) {
    const value = new CelTypeValue(type);
    return () => value;
  }
  return (frame) => {
    frame.meter.charge(COSTS.identifier);
    return frame.variable(name);
  };
}

function planSelect(planner: Planner, expression: SelectExpression): Step {
  const { checked, scope, plan } = planner;
  const { field, form } = expression;
  const variable = checked.variableOf(expression);
  if (variable !== undefined) return planIdentifier({ ...planner, scope: [] }, expression, variable);
  const type = checked.typeNamed(expression);
  if (type !== undefined) {
    const value = new CelTypeValue(type);
    return () => value;
  }
  const operand = plan(expression.operand, scope);
  if (form === 'test')
    return (frame) => {
      const value = operand(frame);
      return value instanceof CelError ? value : hasField(value, field);
    };
  return (frame) => {
    const value = operand(frame);
    if (value instanceof CelError) return value;
    frame.meter.charge(COSTS.select);
    return form === 'optional' ? optionalField(value, field) : fieldOf(value, field);
  };
}

function hasField(value: CelValue, field: string): CelResult {
  if (value instanceof CelOptional) return value.value !== undefined && hasField(value.value, field);
  if (!(value instanceof CelMap)) return false;
  const found = value.get(field);
  return found instanceof CelError ? found : found !== undefined;
}

function fieldOf(value: CelValue, field: string): CelResult {
  if (value instanceof CelOptional) return optionalField(value, field);
  const found = value instanceof CelMap ? value.get(field) : undefined;
  return found === undefined ? noSuchKey(field) : found;
}

function optionalField(value: CelValue, field: string): CelResult {
  if (value instanceof CelOptional)
    return value.value === undefined ? CelOptional.none : optionalField(value.value, field);
  if (!(value instanceof CelMap)) return CelOptional.none;
  const found = value.get(field);
  if (found instanceof CelError) return found;
  return found === undefined ? CelOptional.none : new CelOptional(found);
}

function planCall(planner: Planner, expression: CallExpression): Step {
  const { checked, scope, plan } = planner;
  const { name, target } = expression;
  const call = checked.callOf(expression);
  assert(call !== undefined, 'the checker resolves every call');
  const steps = [...(call.withTarget && target !== undefined ? [target] : []), ...expression.args].map(
    (arg) => plan(arg, scope),
  );
  const [first, second, third] = steps;
  if (name === '_&&_' || name === '_||_') {
    assert(first !== undefined && second !== undefined, 'a logical operator has two sides');
    return planLogical(first, second, name === '_||_');
  }
  if (name === '_?_:_') {
    assert(first !== undefined && second !== undefined && third !== undefined, 'a condition has three parts');
    return planCondition(first, second, third);
  }
  return (frame) => {
    const values: CelValue[] = [];
    for (const step of steps) {
      const value = step(frame);
      if (value instanceof CelError) return value;
      values.push(value);
    }
    const chosen = chooseOverload(call.overloads, values);
    if (chosen === undefined) return noOverload(name, values);
    frame.meter.charge(chosen.cost === FIXED_COST ? 1 : chosen.cost(values.map(measure)));
    return chosen.call(values, frame.meter);
  };
}

function chooseOverload(overloads: readonly Overload[], values: readonly CelValue[]): Overload | undefined {
  return overloads.find(({ parameters }) =>
    parameters.every((parameter, index) => holds(parameter, values[index] ?? null)),
  );
}

function noOverload(name: string, values: readonly CelValue[]): CelError {
  if (/^[@_!-]/.test(name)) return new CelError('no such overload');
  return new CelError(`no such overload: ${name}(${values.map(typeNameOf).join(', ')})`);
}

/** How large a value is, for what a function of it costs. Items are looked at by functions only that pay for it. */
function measure(value: CelValue): ArgumentSize {
  return {
    size: isCelObject(value) ? 1 : weightOf(value),
    get itemSize() {
      let largest = 0;
      if (value instanceof CelList)
        for (let index = 0; index < value.size; index += 1)
          largest = Math.max(largest, weightOf(value.at(index)));
      return largest;
    },
  };
}

/** Either side may decide alone, also where the other is an error. */
function planLogical(left: Step, right: Step, decisive: boolean): Step {
  return (frame) => {
    const a = left(frame);
    if (a === decisive) return decisive;
    const b = right(frame);
    if (b === decisive) return decisive;
    if (a instanceof CelError) return a;
    if (b instanceof CelError) return b;
    return typeof a === 'boolean' && typeof b === 'boolean' ? !decisive : new CelError('no such overload');
  };
}

function planCondition(condition: Step, yes: Step, no: Step): Step {
  return (frame) => {
    const chosen = condition(frame);
    if (chosen instanceof CelError) return chosen;
    if (typeof chosen !== 'boolean') return new CelError('no such overload');
    return chosen ? yes(frame) : no(frame);
  };
}

function planList({ plan, scope }: Planner, expression: ListExpression): Step {
  const items = expression.items.map(({ value, optional }) => ({ step: plan(value, scope), optional }));
  return (frame) => {
    const values: CelValue[] = [];
    for (const { step, optional } of items) {
      const value = step(frame);
      if (value instanceof CelError) return value;
      if (!optional) values.push(value);
      else if (!(value instanceof CelOptional)) return new CelError('no such overload');
      else if (value.value !== undefined) values.push(value.value);
    }
    frame.meter.charge(COSTS.list);
    return CelList.of(values);
  };
}

function planMap({ plan, scope }: Planner, expression: MapExpression): Step {
  const entries = expression.entries.map((entry) => ({
    key: plan(entry.key, scope),
    value: plan(entry.value, scope),
    optional: entry.optional,
  }));
  return (frame) => {
    const values = new Map<CelValue, CelValue>();
    const seen = new Set<string>();
    for (const entry of entries) {
      const key = entry.key(frame);
      if (key instanceof CelError) return key;
      const value = entry.value(frame);
      if (value instanceof CelError) return value;
      const known = mapKey(key);
      if (known === undefined) return new CelError(`unsupported key type: ${typeNameOf(key)}`);
      if (seen.has(known)) return new CelError(`Failed with repeated key`);
      seen.add(known);
      if (!entry.optional) values.set(key, value);
      else if (!(value instanceof CelOptional)) return new CelError('no such overload');
      else if (value.value !== undefined) values.set(key, value.value);
    }
    frame.meter.charge(COSTS.map);
    return CelMap.of(values);
  };
}

function planStruct({ plan, scope }: Planner, expression: StructExpression): Step {
  const fields = expression.fields.map((field) => ({ ...field, step: plan(field.value, scope) }));
  return (frame) => {
    const values = new Map<CelValue, CelValue>();
    for (const { name, step, optional } of fields) {
      const value = step(frame);
      if (value instanceof CelError) return value;
      if (!optional) values.set(name, value);
      else if (value instanceof CelOptional && value.value !== undefined) values.set(name, value.value);
    }
    frame.meter.charge(COSTS.struct);
    return CelMap.of(values, expression.name);
  };
}

function planBind({ plan, scope }: Planner, expression: BindExpression): Step {
  const { form, name } = expression;
  const value = plan(expression.value, scope);
  const place = scope.length;
  const body = plan(expression.body, [...scope, name]);
  return (frame) => {
    const bound = value(frame);
    frame.meter.charge(COSTS.list);
    if (form === 'bind') {
      frame.locals[place] = bound;
      return body(frame);
    }
    if (bound instanceof CelError) return bound;
    if (!(bound instanceof CelOptional)) return new CelError('no such overload');
    frame.meter.charge(2);
    if (bound.value === undefined) return CelOptional.none;
    frame.locals[place] = bound.value;
    const result = body(frame);
    if (form === 'optFlatMap' || result instanceof CelError) return result;
    return new CelOptional(result);
  };
}
