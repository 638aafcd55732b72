/**
 * `x-kubernetes-validations`: rules of a CustomResourceDefinition, each at a node of its schema.
 *
 * **When a definition is written**: `compileRules(schema, field)` for the schema of each version, `field` being where it
 * stands (`spec.versions[0].schema.openAPIV3Schema`). `faults` are what is wrong, worded and placed as Kubernetes does:
 * compile errors, unknown fieldPath, costs. A definition with faults is refused; on an update, rules that stood before and
 * compile may keep an estimate that is over the limit, which is for the caller to decide.
 *
 * **When an object is written**: see rule-evaluation.ts.
 *
 * Rules under `allOf`, `anyOf`, `oneOf` and `not` are refused with the schema that has them: none is structural (Kubernetes).
 */
import type { JSONSchemaProps, ValidationRule } from '#api/apiextensions/json-schema-props.ts';
import { BOOL, type CelType, DYN, optionalOf, STRING } from '#api/cel/cel-type.ts';
import { type CelProgram, compileCel } from '#api/cel/compile.ts';
import { parseFieldPath } from '#api/cel/field-path.ts';
import { STANDARD_LIBRARY } from '#api/cel/library.ts';
import { countInRequest, type SizedSchemaType, sizedType } from '#api/cel/schema-type.ts';
import { forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';

/** The most that a rule may cost at all its places together, in units, by estimate; more is refused (Kubernetes). */
const RULE_ESTIMATE_MAX = 10_000_000;
/** The most that all rules of a schema may cost, in units, by estimate; more is refused (Kubernetes). */
const SCHEMA_ESTIMATE_MAX = 100_000_000;
/** Where costs stop to grow, in units. */
const COST_CEILING = 2 ** 64;

/** The rules of one node of a schema and of the nodes below it; undefined where there are none. */
export interface RuleNode {
  readonly schema: JSONSchemaProps;
  readonly type: CelType;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly items: RuleNode | undefined;
  readonly values: RuleNode | undefined;
}

/** One rule, ready to be evaluated. */
export interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: CelProgram;
  readonly message: CelProgram | undefined;
  readonly usesOldSelf: boolean;
  /** `.spec.replicas`, as field errors go on; empty for the node itself. */
  readonly path: string;
}

interface Compilation {
  readonly faults: FieldError[];
  readonly expensive: { readonly field: string; readonly cost: number }[];
  total: number;
}

/** The most expensive rules that are named where all of them together cost too much. */
const EXPENSIVE_NAMED_MAX = 4;

function expensiveFields({ expensive }: Compilation): string[] {
  return expensive
    .filter(({ cost }) => cost >= SCHEMA_ESTIMATE_MAX / 100)
    .toSorted((a, b) => b.cost - a.cost)
    .slice(0, EXPENSIVE_NAMED_MAX)
    .map((each) => each.field);
}

/** Compiles the rules of a schema; see the head of this file. */
export function compileRules(
  schema: JSONSchemaProps,
  field: string,
): { readonly rules: RuleNode | undefined; readonly faults: readonly FieldError[] } {
  const compilation: Compilation = { faults: [], expensive: [], total: 0 };
  const rules = compileNode(compilation, schema, { field, isRoot: true, cardinality: 1 });
  if (compilation.total > SCHEMA_ESTIMATE_MAX)
    compilation.faults.push(
      ...expensiveFields(compilation).map((expensive) =>
        forbiddenField(
          expensive,
          'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
        ),
      ),
      forbiddenField(
        field,
        `x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of ${factorOf(compilation.total, SCHEMA_ESTIMATE_MAX)} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
      ),
    );
  return { rules, faults: compilation.faults };
}

interface NodePlace {
  readonly field: string;
  readonly isRoot: boolean;
  /** How often the node may stand in one object by the limits of the lists and maps it is in; undefined where one has none. */
  readonly cardinality: number | undefined;
}

function compileNode(
  compilation: Compilation,
  schema: JSONSchemaProps,
  place: NodePlace,
): RuleNode | undefined {
  const { field, cardinality } = place;
  const sized = sizedType(schema, place.isRoot);
  const type = sized?.type;
  const sources = schema['x-kubernetes-validations'] ?? [];
  const rules = sources.flatMap((rule, index) =>
    compileRule(compilation, rule, {
      schema,
      sized,
      cardinality: cardinality ?? (sized === undefined ? COST_CEILING : countInRequest(sized)),
      field: `${field}.x-kubernetes-validations[${index}]`,
    }),
  );
  const properties = new Map<string, RuleNode>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const child = { field: `${field}.properties[${name}]`, isRoot: false, cardinality };
    const node = compileNode(compilation, property, child);
    if (node !== undefined) properties.set(name, node);
  }
  const inner = { isRoot: false, cardinality: innerCardinality(schema, cardinality) };
  const items =
    schema.items === undefined
      ? undefined
      : compileNode(compilation, schema.items, { ...inner, field: `${field}.items` });
  const values =
    typeof schema.additionalProperties === 'object'
      ? compileNode(compilation, schema.additionalProperties, {
          ...inner,
          field: `${field}.additionalProperties`,
        })
      : undefined;
  if (rules.length === 0 && properties.size === 0 && items === undefined && values === undefined)
    return undefined;
  return { schema, type: type ?? DYN, rules, properties, items, values };
}

/** How often what is in a list or map may stand. */
function innerCardinality(
  { type, maxItems, maxProperties }: JSONSchemaProps,
  cardinality: number | undefined,
): number | undefined {
  const limit = type === 'array' ? maxItems : maxProperties;
  return cardinality === undefined || limit === undefined
    ? undefined
    : multiplied(cardinality, Math.max(0, limit));
}

function multiplied(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : Math.min(a * b, COST_CEILING);
}

interface RulePlace {
  readonly schema: JSONSchemaProps;
  readonly sized: SizedSchemaType | undefined;
  /** How often the rule may be evaluated for one object. */
  readonly cardinality: number;
  readonly field: string;
}

function compileRule(compilation: Compilation, rule: ValidationRule, at: RulePlace): CompiledRule[] {
  const { schema, sized, field } = at;
  const type = sized?.type;
  const fault = (error: FieldError): CompiledRule[] => {
    compilation.faults.push(error);
    return [];
  };
  if (rule.rule.trim() === '') return fault(requiredValue(`${field}.rule`, 'rule is not specified'));
  if (type === undefined)
    return fault(
      invalidValue(
        `${field}.rule`,
        rule.rule,
        `rule declared on schema that does not support validation rules type: '${schema.type ?? ''}' x-kubernetes-preserve-unknown-fields: '${schema['x-kubernetes-preserve-unknown-fields'] === true}'`,
      ),
    );
  checkRuleWords(compilation, rule, field);
  const oldType = rule.optionalOldSelf === true ? optionalOf(type) : type;
  const environment = {
    variables: new Map([
      ['self', type],
      ['oldSelf', oldType],
    ]),
    library: STANDARD_LIBRARY,
  };
  const compiled = compileCel(rule.rule, environment);
  if (compiled.type === 'faulty')
    return fault(invalidValue(`${field}.rule`, rule.rule, `compilation failed: ${compiled.message}`));
  const { program } = compiled;
  if (program.resultType.kind !== BOOL.kind)
    return fault(invalidValue(`${field}.rule`, rule.rule, 'cel expression must evaluate to a bool'));
  const usesOldSelf = program.variables.has('oldSelf');
  if (rule.optionalOldSelf !== undefined && !usesOldSelf)
    compilation.faults.push(
      invalidValue(
        `${field}.optionalOldSelf`,
        rule.optionalOldSelf,
        'may not be set if oldSelf is not used in rule',
      ),
    );
  checkCost(compilation, program, { field: `${field}.rule`, cardinality: at.cardinality });
  const path = compilePath(compilation, rule, at);
  const message = compileMessage(compilation, rule, { ...at, environment });
  return [{ rule, program, message, usesOldSelf, path }];
}

const REASONS = ['FieldValueRequired', 'FieldValueInvalid', 'FieldValueForbidden', 'FieldValueDuplicate'];

function checkRuleWords({ faults }: Compilation, rule: ValidationRule, field: string): void {
  const { message = '', messageExpression, reason } = rule;
  if (message !== '' && message.trim() === '')
    faults.push(invalidValue(`${field}.message`, message, 'message must be non-empty if specified'));
  else if (/[\n\r]/.test(message.trim()))
    faults.push(invalidValue(`${field}.message`, message, 'message must not contain line breaks'));
  else if (message === '' && /[\n\r]/.test(rule.rule.trim()) && (messageExpression ?? '') === '')
    faults.push(requiredValue(`${field}.message`, 'message must be specified if rule contains line breaks'));
  if (messageExpression !== undefined && messageExpression !== '' && messageExpression.trim() === '')
    faults.push(
      requiredValue(`${field}.messageExpression`, 'messageExpression must be non-empty if specified'),
    );
  if (reason !== undefined && !REASONS.includes(reason))
    faults.push({
      type: 'NotSupported',
      field: `${field}.reason`,
      value: reason,
      detail: `supported values: ${REASONS.map((known) => `"${known}"`).join(', ')}`,
    });
}

function checkCost(
  compilation: Compilation,
  program: CelProgram,
  { field, cardinality }: { field: string; cardinality: number },
): void {
  const cost = multiplied(program.estimatedCost, cardinality);
  compilation.expensive.push({ field, cost });
  compilation.total = Math.min(compilation.total + cost, COST_CEILING);
  if (cost <= RULE_ESTIMATE_MAX) return;
  const name = field.endsWith('.messageExpression') ? 'messageExpression' : 'rule';
  compilation.faults.push(
    forbiddenField(
      field,
      `estimated ${name} cost exceeds budget by factor of ${factorOf(cost, RULE_ESTIMATE_MAX)} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
    ),
  );
}

function factorOf(cost: number, limit: number): string {
  const factor = cost / limit;
  return factor > 100 ? 'more than 100x' : `${Math.round(factor * 10) / 10}x`;
}

function compilePath(
  { faults }: Compilation,
  { fieldPath }: ValidationRule,
  { schema, field }: RulePlace,
): string {
  if (fieldPath === undefined || fieldPath === '') return '';
  const path = parseFieldPath(fieldPath, schema);
  if (path.type === 'path') return path.path;
  faults.push(
    invalidValue(`${field}.fieldPath`, fieldPath, `fieldPath must be a valid path: ${path.message}`),
  );
  return '';
}

function compileMessage(
  compilation: Compilation,
  { messageExpression }: ValidationRule,
  at: RulePlace & { readonly environment: Parameters<typeof compileCel>[1] },
): CelProgram | undefined {
  if (messageExpression === undefined || messageExpression.trim() === '') return undefined;
  const field = `${at.field}.messageExpression`;
  const compiled = compileCel(messageExpression, at.environment);
  if (compiled.type === 'faulty') {
    const detail = `messageExpression compilation failed: ${compiled.message}`;
    compilation.faults.push(invalidValue(field, messageExpression, detail));
    return undefined;
  }
  if (compiled.program.resultType.kind !== STRING.kind)
    compilation.faults.push(
      invalidValue(field, messageExpression, 'messageExpression must evaluate to a string'),
    );
  // Only a rule that fails is told of, and only one at a time.
  checkCost(compilation, compiled.program, { field, cardinality: 1 });
  return compiled.program;
}
