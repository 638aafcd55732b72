import { expandMacro } from '#api/cel/macros.ts';
import { SourceError } from '#api/cel/source-error.ts';
import { childrenOf, type Expression, type MapEntry, type StructField } from '#api/cel/syntax.ts';
import { type Token, tokenize } from '#api/cel/tokens.ts';
import type { CelValue } from '#api/cel/value.ts';

/** The longest expression in characters; a longer one is refused (cel-go: code points of a source). */
const EXPRESSION_CHARS_MAX = 100_000;
/** The deepest nesting of an expression; a deeper one is refused (cel-go's parser has 250). */
const EXPRESSION_DEPTH_MAX = 250;
/** The deepest tree, chains of operators included; a deeper one is refused. */
const TREE_DEPTH_MAX = 600;
/** The most nodes of an expression; more is refused. */
const EXPRESSION_NODES_MAX = 20_000;

/** Names that CEL keeps for itself: no variable has them, a field may (`self.namespace`). */
const RESERVED = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(
    ' ',
  ),
);

const COMPARISONS = new Set(['<', '<=', '>', '>=', '==', '!=', 'in']);

/** The tree of an expression, macros expanded. Throws SourceError. */
export function parseExpression(source: string): Expression {
  if (source.length > EXPRESSION_CHARS_MAX)
    throw new SourceError(
      0,
      `expression code point size exceeds limit: size: ${source.length}, limit ${EXPRESSION_CHARS_MAX}`,
    );
  const parser = new Parser(tokenize(source));
  return parser.whole();
}

/** What an operand can begin with. */
const OPERAND =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const OPERAND_OPERATORS = ['[', '{', '(', '.', '-', '!'];

/** Whether a token is one of what was expected: a list as in messages, or a single token. */
function couldBe({ kind, text }: Token, expected: string): boolean {
  if (expected !== OPERAND) return expected === `'${text}'` || expected === text;
  return kind === 'operator' ? OPERAND_OPERATORS.includes(text) : kind !== 'end';
}

/** The grammar of the CEL specification, one method a rule. */
class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  #nodes = 0;
  readonly #depths = new WeakMap<Expression, number>();

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#expression();
    if (this.#peek().kind !== 'end') throw this.#unexpected('<EOF>');
    return expression;
  }

  #peek(): Token {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw new SourceError(0, 'Syntax error: the expression ends too early');
    return token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  #is(text: string): boolean {
    const token = this.#peek();
    if (token.text !== text) return false;
    return token.kind === 'operator' || (token.kind === 'name' && !token.quoted && text === 'in');
  }

  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#next += 1;
    return true;
  }

  #expect(text: string): Token {
    if (!this.#is(text)) throw this.#unexpected(`'${text}'`);
    return this.#take();
  }

  /** In the words of Kubernetes' parser, to which a token is extraneous where the next one would do. */
  #unexpected(expected = OPERAND): SourceError {
    const { at, text } = this.#peek();
    const following = this.#tokens[this.#next + 1];
    const isExtraneous = following !== undefined && couldBe(following, expected);
    const what = isExtraneous ? 'extraneous' : 'mismatched';
    return new SourceError(at, `Syntax error: ${what} input '${text}' expecting ${expected}`);
  }

  #made<T extends Expression>(expression: T): T {
    this.#nodes += 1;
    if (this.#nodes > EXPRESSION_NODES_MAX)
      throw new SourceError(expression.at, `the expression has more than ${EXPRESSION_NODES_MAX} parts`);
    // `a + b + c` nests as deep as it is long: what walks the tree must be able to walk it.
    const depth = 1 + Math.max(0, ...childrenOf(expression).map((child) => this.#depths.get(child) ?? 0));
    if (depth > TREE_DEPTH_MAX)
      throw new SourceError(expression.at, `max recursion depth exceeded: ${TREE_DEPTH_MAX}`);
    this.#depths.set(expression, depth);
    return expression;
  }

  #call(at: number, name: string, args: readonly Expression[]): Expression {
    return this.#made({ kind: 'call', at, name, target: undefined, args });
  }

  #expression(): Expression {
    this.#depth += 1;
    if (this.#depth > EXPRESSION_DEPTH_MAX)
      throw new SourceError(this.#peek().at, `max recursion depth exceeded: ${EXPRESSION_DEPTH_MAX}`);
    const condition = this.#logical('||');
    let result = condition;
    if (this.#is('?')) {
      const { at } = this.#take();
      const yes = this.#logical('||');
      this.#expect(':');
      result = this.#call(at, '_?_:_', [condition, yes, this.#expression()]);
    }
    this.#depth -= 1;
    return result;
  }

  /** `a || b || c`, as a balanced tree: a long chain is not a deep one. */
  #logical(operator: '||' | '&&'): Expression {
    const operand = (): Expression => (operator === '||' ? this.#logical('&&') : this.#relation());
    const operands = [operand()];
    const places: number[] = [];
    while (this.#is(operator)) {
      places.push(this.#take().at);
      operands.push(operand());
    }
    const build = (from: number, to: number): Expression => {
      const single = operands[from];
      if (from === to && single !== undefined) return single;
      const middle = (from + to) >> 1;
      const at = places[middle] ?? 0;
      return this.#call(at, `_${operator}_`, [build(from, middle), build(middle + 1, to)]);
    };
    return build(0, operands.length - 1);
  }

  #relation(): Expression {
    let left = this.#sum();
    while (COMPARISONS.has(this.#peek().text) && this.#is(this.#peek().text)) {
      const { at, text } = this.#take();
      left = this.#call(at, text === 'in' ? '@in' : `_${text}_`, [left, this.#sum()]);
    }
    return left;
  }

  #sum(): Expression {
    let left = this.#product();
    while (this.#is('+') || this.#is('-')) {
      const { at, text } = this.#take();
      left = this.#call(at, `_${text}_`, [left, this.#product()]);
    }
    return left;
  }

  #product(): Expression {
    let left = this.#unary();
    while (this.#is('*') || this.#is('/') || this.#is('%')) {
      const { at, text } = this.#take();
      left = this.#call(at, `_${text}_`, [left, this.#unary()]);
    }
    return left;
  }

  #unary(): Expression {
    const { at, text } = this.#peek();
    if (!this.#is('!') && !this.#is('-')) return this.#member();
    let count = 0;
    while (this.#accept(text)) count += 1;
    // A minus sign before a number is part of it.
    const literal = this.#peek();
    if (text === '-' && count % 2 === 1 && literal.kind === 'literal') {
      const negative = negated(literal.value);
      if (negative !== undefined) {
        this.#next += 1;
        return this.#members(this.#made({ kind: 'constant', at, value: negative }));
      }
    }
    const operand = this.#member();
    if (count % 2 === 0) return operand;
    return this.#call(at, text === '!' ? '!_' : '-_', [operand]);
  }

  #member(): Expression {
    return this.#members(this.#primary());
  }

  /** What follows a value: `.field`, `.?field`, `.method(…)`, `[index]`, `[?index]`, `{field: value}`. */
  #members(start: Expression): Expression {
    let expression = start;
    for (;;) {
      if (this.#is('.')) expression = this.#field(expression);
      else if (this.#is('[')) expression = this.#index(expression);
      else if (this.#is('{')) {
        const name = qualifiedName(expression);
        if (name === undefined) return expression;
        expression = this.#struct(expression.at, name);
      } else return expression;
    }
  }

  #field(operand: Expression): Expression {
    const { at } = this.#expect('.');
    const isOptional = this.#accept('?');
    const token = this.#take();
    if (token.kind !== 'name' || (!token.quoted && ['in', 'true', 'false', 'null'].includes(token.text))) {
      this.#next -= 1;
      throw this.#unexpected('IDENTIFIER');
    }
    if (!isOptional && !token.quoted && this.#is('(')) {
      const open = this.#take();
      const args = this.#arguments();
      return this.#made(expandMacro({ kind: 'call', at: open.at, name: token.text, target: operand, args }));
    }
    return this.#made({
      kind: 'select',
      at,
      operand,
      field: token.text,
      form: isOptional ? 'optional' : 'value',
    });
  }

  #index(operand: Expression): Expression {
    const { at } = this.#expect('[');
    const isOptional = this.#accept('?');
    const index = this.#expression();
    this.#expect(']');
    return this.#call(at, isOptional ? '_[?_]' : '_[_]', [operand, index]);
  }

  #primary(): Expression {
    const token = this.#take();
    const { at } = token;
    if (token.kind === 'literal') {
      if (typeof token.value === 'bigint' && token.value >= 2n ** 63n)
        throw new SourceError(at, 'invalid int literal');
      return this.#made({ kind: 'constant', at, value: token.value });
    }
    if (token.kind === 'name' && !token.quoted) return this.#name(token);
    if (token.kind === 'operator') {
      if (token.text === '(') {
        const inner = this.#expression();
        this.#expect(')');
        return inner;
      }
      if (token.text === '[') return this.#list(at);
      if (token.text === '{') return this.#map(at);
      const next = this.#peek();
      if (token.text === '.' && next.kind === 'name' && !next.quoted) {
        this.#next += 1;
        return this.#name(next);
      }
    }
    this.#next -= 1;
    throw this.#unexpected();
  }

  #name({ at, text }: Token): Expression {
    if (text === 'true' || text === 'false')
      return this.#made({ kind: 'constant', at, value: text === 'true' });
    if (text === 'null') return this.#made({ kind: 'constant', at, value: null });
    if (RESERVED.has(text)) {
      if (text === 'in') {
        this.#next -= 1;
        throw this.#unexpected();
      }
      throw new SourceError(at, `reserved identifier: ${text}`);
    }
    if (this.#is('(')) {
      const open = this.#take();
      const args = this.#arguments();
      return this.#made(expandMacro({ kind: 'call', at: open.at, name: text, target: undefined, args }));
    }
    return this.#made({ kind: 'identifier', at, name: text });
  }

  #arguments(): Expression[] {
    const args: Expression[] = [];
    while (!this.#is(')')) {
      args.push(this.#expression());
      if (!this.#accept(',')) break;
    }
    this.#expect(')');
    return args;
  }

  #list(at: number): Expression {
    const items: { value: Expression; optional: boolean }[] = [];
    while (!this.#is(']')) {
      const optional = this.#accept('?');
      items.push({ value: this.#expression(), optional });
      if (!this.#accept(',')) break;
    }
    this.#expect(']');
    return this.#made({ kind: 'list', at, items });
  }

  #map(at: number): Expression {
    const entries: MapEntry[] = [];
    while (!this.#is('}')) {
      const optional = this.#accept('?');
      const key = this.#expression();
      const colon = this.#expect(':');
      entries.push({ at: colon.at, key, value: this.#expression(), optional });
      if (!this.#accept(',')) break;
    }
    this.#expect('}');
    return this.#made({ kind: 'map', at, entries });
  }

  #struct(at: number, name: string): Expression {
    this.#expect('{');
    const fields: StructField[] = [];
    while (!this.#is('}')) {
      const optional = this.#accept('?');
      const token = this.#take();
      if (token.kind !== 'name') {
        this.#next -= 1;
        throw this.#unexpected('IDENTIFIER');
      }
      const colon = this.#expect(':');
      fields.push({ at: colon.at, name: token.text, value: this.#expression(), optional });
      if (!this.#accept(',')) break;
    }
    this.#expect('}');
    return this.#made({ kind: 'struct', at, name, fields });
  }
}

function negated(value: CelValue): CelValue | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return -value;
  return undefined;
}

/** `a.b.c` of nothing but names, undefined for anything else. */
export function qualifiedName(expression: Expression): string | undefined {
  if (expression.kind === 'identifier') return expression.name;
  if (expression.kind !== 'select' || expression.form !== 'value') return undefined;
  const operand = qualifiedName(expression.operand);
  return operand === undefined ? undefined : `${operand}.${expression.field}`;
}
