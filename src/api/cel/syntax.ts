/** The tree that the parser makes and the checker, the estimator and the planner read. */
import type { CelValue } from '#api/cel/value.ts';

/** One node. */
export type Expression =
  | ConstantExpression
  | IdentifierExpression
  | SelectExpression
  | CallExpression
  | ListExpression
  | MapExpression
  | StructExpression
  | ComprehensionExpression
  | BindExpression;

interface Located {
  /** Where it stands in the source, in UTF-16 units: what an error points at. */
  readonly at: number;
}

export interface ConstantExpression extends Located {
  readonly kind: 'constant';
  readonly value: CelValue;
}

export interface IdentifierExpression extends Located {
  readonly kind: 'identifier';
  readonly name: string;
}

/** `operand.field`, `has(operand.field)`, `operand.?field`. */
export interface SelectExpression extends Located {
  readonly kind: 'select';
  readonly operand: Expression;
  readonly field: string;
  readonly form: 'value' | 'test' | 'optional';
}

/** A function, a method (with a target), or an operator, which is named as cel-go names it: `_+_`, `!_`, `_?_:_`. */
export interface CallExpression extends Located {
  readonly kind: 'call';
  readonly name: string;
  readonly target: Expression | undefined;
  readonly args: readonly Expression[];
}

export interface ListExpression extends Located {
  readonly kind: 'list';
  readonly items: readonly { readonly value: Expression; readonly optional: boolean }[];
}

export interface MapExpression extends Located {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
}

export interface MapEntry extends Located {
  readonly key: Expression;
  readonly value: Expression;
  readonly optional: boolean;
}

/** `Object.spec{replicas: 1}`. */
export interface StructExpression extends Located {
  readonly kind: 'struct';
  readonly name: string;
  readonly fields: readonly StructField[];
}

export interface StructField extends Located {
  readonly name: string;
  readonly value: Expression;
  readonly optional: boolean;
}

/** What a macro over a list or map does with each element. */
export type ComprehensionForm =
  | 'all'
  | 'exists'
  | 'existsOne'
  | 'map'
  | 'filter'
  | 'transformMap'
  | 'transformMapEntry';

/** `range.all(x, body)` and its like; `map` is also `transformList`. */
export interface ComprehensionExpression extends Located {
  readonly kind: 'comprehension';
  readonly form: ComprehensionForm;
  readonly range: Expression;
  /** One name: an item of a list or a key of a map. Two: index and item, or key and value. */
  readonly variables: readonly string[];
  /** `map(x, condition, body)`. */
  readonly condition: Expression | undefined;
  readonly body: Expression;
}

/** `cel.bind(name, value, body)`, `target.optMap(name, body)`, `target.optFlatMap(name, body)`. */
export interface BindExpression extends Located {
  readonly kind: 'bind';
  readonly form: 'bind' | 'optMap' | 'optFlatMap';
  readonly name: string;
  readonly value: Expression;
  readonly body: Expression;
}

/** The nodes right below a node. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'constant':
    case 'identifier':
      return [];
    case 'select':
      return [expression.operand];
    case 'call':
      return expression.target === undefined ? expression.args : [expression.target, ...expression.args];
    case 'list':
      return expression.items.map(({ value }) => value);
    case 'map':
      return expression.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return expression.fields.map(({ value }) => value);
    case 'comprehension':
      return [
        expression.range,
        ...(expression.condition === undefined ? [] : [expression.condition]),
        expression.body,
      ];
    case 'bind':
      return [expression.value, expression.body];
  }
}
