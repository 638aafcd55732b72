import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  formatType,
  INT,
  listOf,
  mapOf,
  NULL,
  type ObjectCelType,
  optionalOf,
  parseType,
  STRING,
  TIMESTAMP,
  UINT,
} from '#api/cel/cel-type.ts';
import type { Overload } from '#api/cel/function.ts';
import type { Library } from '#api/cel/library.ts';
import { checkLiteralArguments } from '#api/cel/literal-check.ts';
import { qualifiedName } from '#api/cel/parse.ts';
import type { SourceFault } from '#api/cel/source-error.ts';
import type {
  BindExpression,
  CallExpression,
  ComprehensionExpression,
  Expression,
  ListExpression,
  MapExpression,
  SelectExpression,
  StructExpression,
} from '#api/cel/syntax.ts';
import { assign, type Bindings, closeType, freshen, resolve, substitute } from '#api/cel/unify.ts';
import { CelDuration, CelTimestamp, CelUint, type CelValue } from '#api/cel/value.ts';

/** What an expression may speak of. */
export interface CelEnvironment {
  /** Types of variables, by name; a name may have dots (`authorizer.requestResource`). */
  readonly variables: ReadonlyMap<string, CelType>;
  readonly library: Library;
  /** Types that `Name{field: value}` makes; none where absent. */
  readonly structs?: (name: string) => ObjectCelType | undefined;
}

/** How a call is to be carried out. */
export interface ResolvedCall {
  /** The forms that may be meant; more than one where types are known only when it runs. */
  readonly overloads: readonly Overload[];
  /** The target is an argument; else it is the first part of the function's name. */
  readonly withTarget: boolean;
}

/** What the checker has found out. */
export interface CheckedExpression {
  readonly expression: Expression;
  readonly typeOf: (expression: Expression) => CelType;
  readonly callOf: (expression: CallExpression) => ResolvedCall | undefined;
  /** The variable, with dots, that an identifier or selection is; undefined for a local one or a field. */
  readonly variableOf: (expression: Expression) => string | undefined;
  /** The type, as a value, that an identifier or selection is. */
  readonly typeNamed: (expression: Expression) => string | undefined;
  readonly variables: ReadonlySet<string>;
}

/** Names of types that are values. */
const TYPE_NAMES: ReadonlyMap<string, CelType> = new Map<string, CelType>([
  ...['int', 'uint', 'double', 'bool', 'string', 'bytes', 'dyn'].map((name): [string, CelType] => [
    name,
    parseType(name),
  ]),
  ['null_type', NULL],
  ['list', listOf(DYN)],
  ['map', mapOf(DYN, DYN)],
  ['type', { kind: 'type', of: DYN }],
  ['optional_type', optionalOf(DYN)],
  ['google.protobuf.Timestamp', TIMESTAMP],
  ['google.protobuf.Duration', DURATION],
  ...['net.IP', 'net.CIDR', 'kubernetes.Quantity', 'kubernetes.URL', 'kubernetes.Semver'].map(
    (name): [string, CelType] => [name, parseType(name)],
  ),
]);

/** Gives each part of an expression its type, or says what is wrong with it in cel-go's words. */
export function checkExpression(
  expression: Expression,
  environment: CelEnvironment,
): { readonly checked: CheckedExpression; readonly faults: readonly SourceFault[] } {
  const checker = new Checker(environment);
  checker.check(expression);
  return { checked: checker.result(expression), faults: checker.faults };
}

class Checker {
  readonly faults: SourceFault[] = [];
  readonly #environment: CelEnvironment;
  readonly #types = new Map<Expression, CelType>();
  readonly #calls = new Map<Expression, ResolvedCall>();
  readonly #variables = new Map<Expression, string>();
  readonly #typeNames = new Map<Expression, string>();
  readonly #locals: (readonly [string, CelType])[] = [];
  #bindings: Bindings = new Map();
  #fresh = 0;

  constructor(environment: CelEnvironment) {
    this.#environment = environment;
  }

  result(expression: Expression): CheckedExpression {
    return {
      expression,
      typeOf: (node) => closeType(this.#types.get(node) ?? DYN, this.#bindings),
      callOf: (node) => this.#calls.get(node),
      variableOf: (node) => this.#variables.get(node),
      typeNamed: (node) => this.#typeNames.get(node),
      variables: new Set(this.#variables.values()),
    };
  }

  check(expression: Expression): CelType {
    const type = this.#infer(expression);
    this.#types.set(expression, type);
    return type;
  }

  #infer(expression: Expression): CelType {
    switch (expression.kind) {
      case 'constant':
        return constantType(expression.value);
      case 'identifier':
        return this.#identifier(expression, expression.name);
      case 'select':
        return this.#select(expression);
      case 'call':
        return this.#call(expression);
      case 'list':
        return this.#list(expression);
      case 'map':
        return this.#map(expression);
      case 'struct':
        return this.#struct(expression);
      case 'comprehension':
        return this.#comprehension(expression);
      case 'bind':
        return this.#bind(expression);
    }
  }

  #fault(at: number, message: string): CelType {
    this.faults.push({ at, message });
    return DYN;
  }

  #local(name: string): CelType | undefined {
    return this.#locals.findLast(([local]) => local === name)?.[1];
  }

  /** A variable or a type of that name, which may have dots. */
  #named(expression: Expression, name: string): CelType | undefined {
    const declared = this.#environment.variables.get(name);
    if (declared !== undefined) {
      this.#variables.set(expression, name);
      return declared;
    }
    const type = TYPE_NAMES.get(name);
    if (type === undefined) return undefined;
    this.#typeNames.set(expression, name);
    return { kind: 'type', of: type };
  }

  #identifier(expression: Expression, name: string): CelType {
    return (
      this.#local(name) ??
      this.#named(expression, name) ??
      this.#fault(expression.at, `undeclared reference to '${name}' (in container '')`)
    );
  }

  #select(expression: SelectExpression): CelType {
    const name = qualifiedName(expression);
    if (name !== undefined && this.#local(name.slice(0, name.indexOf('.'))) === undefined) {
      const named = this.#named(expression, name);
      if (named !== undefined) return named;
    }
    const operand = resolve(this.check(expression.operand), this.#bindings);
    const isOptional = operand.kind === 'opaque' && operand.name === 'optional_type';
    const inner = isOptional ? resolve(operand.args[0] ?? DYN, this.#bindings) : operand;
    const field = this.#fieldType(inner, expression);
    if (expression.form === 'test') return BOOL;
    return isOptional || expression.form === 'optional' ? optionalOf(field) : field;
  }

  #fieldType(type: CelType, { at, field }: SelectExpression): CelType {
    switch (type.kind) {
      case 'dyn':
      case 'variable':
        return DYN;
      case 'map':
        return type.value;
      case 'object':
        return type.fieldOf(field)?.type ?? this.#fault(at, `undefined field '${field}'`);
      default:
        return this.#fault(at, `type '${formatType(type)}' does not support field selection`);
    }
  }

  #call(expression: CallExpression): CelType {
    const { name, target, args } = expression;
    const { library } = this.#environment;
    const prefix = target === undefined ? undefined : qualifiedName(target);
    const isLocal = prefix !== undefined && this.#local(prefix.split('.')[0] ?? '') !== undefined;
    const namespaced =
      prefix === undefined || isLocal ? undefined : library.functions.get(`${prefix}.${name}`);
    if (target === undefined || namespaced !== undefined) {
      const candidates = namespaced ?? library.functions.get(name);
      const types = args.map((arg) => this.check(arg));
      if (candidates === undefined)
        return this.#fault(expression.at, `undeclared reference to '${name}' (in container '')`);
      return this.#resolve(expression, candidates, { types, withTarget: false });
    }
    const targetType = this.check(target);
    const types = [targetType, ...args.map((arg) => this.check(arg))];
    const candidates = library.methods.get(name);
    if (candidates === undefined)
      return this.#fault(expression.at, `undeclared reference to '${name}' (in container '')`);
    return this.#resolve(expression, candidates, { types, withTarget: true });
  }

  #resolve(
    expression: CallExpression,
    candidates: readonly Overload[],
    { types, withTarget }: { types: readonly CelType[]; withTarget: boolean },
  ): CelType {
    const known = types.map((type) => substitute(type, this.#bindings));
    const matching: Overload[] = [];
    let result: CelType | undefined;
    for (const candidate of candidates) {
      const found = this.#try(candidate, known);
      if (found === undefined) continue;
      matching.push(candidate);
      if (result === undefined) result = found;
      else if (formatType(result) !== formatType(found)) result = DYN;
    }
    if (result === undefined) {
      const shown = known.map((type) => formatType(closeType(type, this.#bindings)));
      const signature = withTarget
        ? `${shown[0] ?? ''}.(${shown.slice(1).join(', ')})`
        : `(${shown.join(', ')})`;
      return this.#fault(
        expression.at,
        `found no matching overload for '${expression.name}' applied to '${signature}'`,
      );
    }
    this.#calls.set(expression, { overloads: matching, withTarget });
    const fault = checkLiteralArguments(expression);
    return fault === undefined ? result : this.#fault(fault.at, fault.message);
  }

  /** What a form gives for such arguments, undefined where it does not take them. */
  #try(candidate: Overload, types: readonly CelType[]): CelType | undefined {
    const { parameters } = candidate;
    if (parameters.length !== types.length) return undefined;
    if (parameters.some((parameter, index) => cannotHold(parameter, types[index] ?? DYN))) return undefined;
    this.#fresh += 1;
    const suffix = this.#fresh;
    const trial: Bindings = new Map(this.#bindings);
    const fits = parameters.every((parameter, index) =>
      assign(freshen(parameter, suffix), types[index] ?? DYN, trial),
    );
    if (!fits) return undefined;
    this.#bindings = trial;
    return substitute(freshen(candidate.result, suffix), trial);
  }

  /** The one type of all: literals are not mixed (Kubernetes compiles with homogeneous aggregate literals). */
  #join(before: CelType | undefined, next: CelType, at: number): CelType {
    if (before === undefined) return next;
    const [a, b] = [substitute(before, this.#bindings), substitute(next, this.#bindings)];
    if (formatType(a) === formatType(b)) return a;
    const trial: Bindings = new Map(this.#bindings);
    if (!assign(a, b, trial))
      return this.#fault(at, `expected type '${formatType(a)}' but found '${formatType(b)}'`);
    this.#bindings = trial;
    return a.kind === 'dyn' || b.kind === 'dyn' ? DYN : substitute(a, trial);
  }

  #unwrapped(type: CelType, isOptional: boolean, at: number): CelType {
    if (!isOptional) return type;
    const known = resolve(type, this.#bindings);
    if (known.kind === 'opaque' && known.name === 'optional_type') return known.args[0] ?? DYN;
    if (known.kind === 'dyn') return DYN;
    return this.#fault(at, `expected type 'optional_type(dyn)' but found '${formatType(known)}'`);
  }

  #open(): CelType {
    this.#fresh += 1;
    return { kind: 'variable', name: `_${this.#fresh}` };
  }

  #list({ items }: ListExpression): CelType {
    let item: CelType | undefined;
    for (const { value, optional } of items)
      item = this.#join(item, this.#unwrapped(this.check(value), optional, value.at), value.at);
    return listOf(item ?? this.#open());
  }

  #map({ entries }: MapExpression): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const entry of entries) {
      key = this.#join(key, this.check(entry.key), entry.key.at);
      const type = this.#unwrapped(this.check(entry.value), entry.optional, entry.value.at);
      value = this.#join(value, type, entry.value.at);
    }
    return mapOf(key ?? this.#open(), value ?? this.#open());
  }

  #struct({ at, name, fields }: StructExpression): CelType {
    const type = this.#environment.structs?.(name);
    const types = fields.map((field) => this.#unwrapped(this.check(field.value), field.optional, field.at));
    if (type === undefined) return this.#fault(at, `undeclared reference to '${name}' (in container '')`);
    fields.forEach((field, index) => {
      const wanted = type.fieldOf(field.name)?.type;
      const given = types[index] ?? DYN;
      if (wanted === undefined) this.#fault(field.at, `undefined field '${field.name}'`);
      else if (!assign(wanted, given, this.#bindings))
        this.#fault(
          field.at,
          `expected type of field '${field.name}' is '${formatType(wanted)}' but provided type is '${formatType(closeType(given, this.#bindings))}'`,
        );
    });
    return type;
  }

  #comprehension(expression: ComprehensionExpression): CelType {
    const { form, range, variables, condition, body } = expression;
    const rangeType = resolve(this.check(range), this.#bindings);
    const types = this.#elementTypes(rangeType, range.at, variables.length);
    const depth = this.#locals.length;
    variables.forEach((name, index) => this.#locals.push([name, types[index] ?? DYN]));
    if (condition !== undefined) this.#predicate(condition, '_?_:_');
    const bodyType =
      form === 'map' || form === 'transformMap' || form === 'transformMapEntry'
        ? this.check(body)
        : this.#predicate(body, form === 'all' ? '_&&_' : form === 'exists' ? '_||_' : '_?_:_');
    this.#locals.length = depth;
    switch (form) {
      case 'all':
      case 'exists':
      case 'existsOne':
        return BOOL;
      case 'map':
        return listOf(bodyType);
      case 'filter':
        return listOf(types[0] ?? DYN);
      case 'transformMap':
        return mapOf(types[0] ?? DYN, bodyType);
      case 'transformMapEntry':
        return assign(mapOf(DYN, DYN), bodyType, this.#bindings)
          ? bodyType
          : this.#fault(body.at, `expected type 'map(dyn, dyn)' but found '${formatType(bodyType)}'`);
    }
  }

  /** Types of the variables of a loop over a range. */
  #elementTypes(range: CelType, at: number, count: number): readonly CelType[] {
    switch (range.kind) {
      case 'list':
        return count === 1 ? [range.item] : [INT, range.item];
      case 'map':
        return count === 1 ? [range.key] : [range.key, range.value];
      case 'dyn':
      case 'variable':
        return [DYN, DYN];
      default:
        this.#fault(
          at,
          `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
        return [DYN, DYN];
    }
  }

  #predicate(expression: Expression, operator: string): CelType {
    const type = this.check(expression);
    if (assign(BOOL, type, this.#bindings)) return BOOL;
    const shown = formatType(closeType(type, this.#bindings));
    const others = operator === '_?_:_' ? `(${shown}, dyn, dyn)` : `(bool, ${shown})`;
    return this.#fault(expression.at, `found no matching overload for '${operator}' applied to '${others}'`);
  }

  #bind({ at, form, name, value, body }: BindExpression): CelType {
    const given = resolve(this.check(value), this.#bindings);
    let bound = given;
    if (form !== 'bind') {
      if (given.kind === 'opaque' && given.name === 'optional_type') bound = given.args[0] ?? DYN;
      else if (given.kind === 'dyn') bound = DYN;
      else
        return this.#fault(
          at,
          `found no matching overload for 'hasValue' applied to '${formatType(given)}.()'`,
        );
    }
    this.#locals.push([name, bound]);
    const type = this.check(body);
    this.#locals.pop();
    return form === 'optMap' ? optionalOf(type) : type;
  }
}

/** A quick no, before types are unified: two plain types that differ. */
function cannotHold(parameter: CelType, given: CelType): boolean {
  if (parameter.kind === 'variable' || parameter.kind === 'dyn') return false;
  if (given.kind === 'variable' || given.kind === 'dyn' || given.kind === 'null') return false;
  return parameter.kind !== given.kind;
}

function constantType(value: CelValue): CelType {
  if (value === null) return NULL;
  if (typeof value === 'boolean') return BOOL;
  if (typeof value === 'bigint') return INT;
  if (typeof value === 'number') return DOUBLE;
  if (typeof value === 'string') return STRING;
  if (value instanceof CelUint) return UINT;
  if (value instanceof CelTimestamp) return TIMESTAMP;
  if (value instanceof CelDuration) return DURATION;
  return value instanceof Uint8Array ? BYTES : DYN;
}
