import { SourceError } from '#api/cel/source-error.ts';
import type { CallExpression, ComprehensionForm, Expression } from '#api/cel/syntax.ts';

/** A call, or what it stands for where it is a macro of CEL's: `has`, `all`, `exists`, `map`, `cel.bind`, `optMap`, … */
export function expandMacro(call: CallExpression): Expression {
  const { name, target, args } = call;
  if (target === undefined) return name === 'has' && args.length === 1 ? expandHas(call) : call;
  if (target.kind === 'identifier' && target.name === 'cel')
    return name === 'bind' && args.length === 3 ? expandBind(call) : call;
  if ((name === 'optMap' || name === 'optFlatMap') && args.length === 2) {
    const [variable, body] = args;
    if (variable === undefined || body === undefined) return call;
    const simple = simpleName(variable, `${name}() variable name must be a simple identifier`);
    return { kind: 'bind', at: call.at, form: name, name: simple, value: target, body };
  }
  return expandComprehension(call, target);
}

function expandHas(call: CallExpression): Expression {
  const [operand] = call.args;
  if (operand?.kind !== 'select' || operand.form !== 'value')
    throw new SourceError(operand?.at ?? call.at, 'invalid argument to has() macro');
  return { ...operand, at: call.at, form: 'test' };
}

function expandBind(call: CallExpression): Expression {
  const [variable, value, body] = call.args;
  if (variable === undefined || value === undefined || body === undefined) return call;
  const name = simpleName(variable, 'cel.bind() variable names must be simple identifiers');
  return { kind: 'bind', at: call.at, form: 'bind', name, value, body };
}

/** Forms by `name/number of arguments`: how many variables, whether there is a condition before the body. */
const COMPREHENSIONS: Readonly<
  Record<string, { form: ComprehensionForm; variables: number; condition: boolean }>
> = {
  'all/2': { form: 'all', variables: 1, condition: false },
  'all/3': { form: 'all', variables: 2, condition: false },
  'exists/2': { form: 'exists', variables: 1, condition: false },
  'exists/3': { form: 'exists', variables: 2, condition: false },
  'exists_one/2': { form: 'existsOne', variables: 1, condition: false },
  'existsOne/2': { form: 'existsOne', variables: 1, condition: false },
  'exists_one/3': { form: 'existsOne', variables: 2, condition: false },
  'existsOne/3': { form: 'existsOne', variables: 2, condition: false },
  'map/2': { form: 'map', variables: 1, condition: false },
  'map/3': { form: 'map', variables: 1, condition: true },
  'filter/2': { form: 'filter', variables: 1, condition: false },
  'transformList/3': { form: 'map', variables: 2, condition: false },
  'transformList/4': { form: 'map', variables: 2, condition: true },
  'transformMap/3': { form: 'transformMap', variables: 2, condition: false },
  'transformMap/4': { form: 'transformMap', variables: 2, condition: true },
  'transformMapEntry/3': { form: 'transformMapEntry', variables: 2, condition: false },
  'transformMapEntry/4': { form: 'transformMapEntry', variables: 2, condition: true },
};

function expandComprehension(call: CallExpression, range: Expression): Expression {
  const known = COMPREHENSIONS[`${call.name}/${call.args.length}`];
  const body = call.args.at(-1);
  if (known === undefined || body === undefined) return call;
  const variables = call.args
    .slice(0, known.variables)
    .map((variable) => simpleName(variable, 'argument must be a simple name'));
  if (variables[0] === variables[1])
    throw new SourceError(call.at, `duplicate variable name: ${variables[0]}`);
  return {
    kind: 'comprehension',
    at: call.at,
    form: known.form,
    range,
    variables,
    condition: known.condition ? call.args[known.variables] : undefined,
    body,
  };
}

function simpleName(expression: Expression, message: string): string {
  if (expression.kind === 'identifier') return expression.name;
  throw new SourceError(expression.at, message);
}
