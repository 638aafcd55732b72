/**
 * `x-kubernetes-validations` when an object is written: the rules that validation-rules.ts has compiled are evaluated after
 * defaulting and schema validation; errors are returned as field errors from the root. Items of lists are matched with their
 * old selves by `x-kubernetes-list-map-keys`; properties and map entries by their names, unless the map is atomic; items of
 * other lists have no old self. A rule with `oldSelf` is skipped where there is none, unless it says `optionalOldSelf`. A rule
 * without `oldSelf` that fails at a node that has not changed is a warning (validation ratcheting, as Kubernetes since 1.33).
 * Evaluation stops when {@link REQUEST_COST_MAX} is spent.
 */
import type { ValidationRule } from '#api/apiextensions/json-schema-props.ts';
import { EXPRESSION_COST_MAX, evaluateCel, REQUEST_COST_MAX } from '#api/cel/compile.ts';
import { valueOfJson } from '#api/cel/json-value.ts';
import type { CompiledRule, RuleNode } from '#api/cel/validation-rules.ts';
import { CelError, CelOptional, type CelResult } from '#api/cel/value.ts';
import { duplicateValue, forbiddenField, invalidValue, requiredValue } from '#api/field-errors.ts';
import { equalJson, isJsonArray, isJsonObject, propertyOf, scalarKey } from '#api/json.ts';
import type { Json } from '#api/object.ts';
import type { FieldError } from '#api/status.ts';

/** The longest message of an evaluated `messageExpression` in bytes; a longer one gives way to `message` (Kubernetes). */
const MESSAGE_BYTES_MAX = 5 * 1024;

/** What an object's rules say. */
export interface RuleVerdict {
  readonly errors: readonly FieldError[];
  /** Failures at nodes that have not changed: the write is let through, and told. */
  readonly warnings: readonly FieldError[];
}

interface Evaluation {
  readonly errors: FieldError[];
  readonly warnings: FieldError[];
  budget: number;
}

/** One node of an object with what stood there before. */
interface Node {
  readonly field: string;
  readonly value: Json;
  readonly old: Json | undefined;
  /** Whether nothing has changed here or around: then a failure is a warning. */
  readonly unchanged: boolean;
}

/** Evaluates the rules over an object; see the head of this file. `old` is undefined where the object is new. */
export function evaluateRules(
  rules: RuleNode | undefined,
  { object, old }: { readonly object: Json; readonly old: Json | undefined },
): RuleVerdict {
  const evaluation: Evaluation = { errors: [], warnings: [], budget: REQUEST_COST_MAX };
  if (rules !== undefined)
    evaluateNode(evaluation, rules, { field: '', value: object, old, unchanged: false });
  return evaluation;
}

function evaluateNode(evaluation: Evaluation, rules: RuleNode, node: Node): void {
  const { value, old } = node;
  if (value === null || evaluation.budget < 0) return;
  const unchanged = node.unchanged || (old !== undefined && equalJson(value, old));
  const here = { ...node, unchanged };
  if (rules.rules.length > 0) evaluateHere(evaluation, rules, here);
  if (isJsonArray(value) && rules.items !== undefined) evaluateItems(evaluation, rules, here);
  else if (isJsonObject(value)) evaluateFields(evaluation, rules, here);
}

function evaluateFields(
  evaluation: Evaluation,
  rules: RuleNode,
  { field, value, old, unchanged }: Node,
): void {
  if (!isJsonObject(value)) return;
  const isAtomic = rules.schema['x-kubernetes-map-type'] === 'atomic';
  const before = isJsonObject(old) && !isAtomic ? old : {};
  for (const key of Object.keys(value)) {
    const named = rules.properties.get(key);
    const child = named ?? rules.values;
    if (child === undefined) continue;
    const path = named === undefined ? `${field}[${key}]` : joinPath(field, key);
    evaluateNode(evaluation, child, {
      field: path,
      value: value[key] ?? null,
      old: propertyOf(before, key),
      unchanged,
    });
  }
}

function joinPath(field: string, key: string): string {
  return field === '' ? key : `${field}.${key}`;
}

function evaluateItems(
  evaluation: Evaluation,
  rules: RuleNode,
  { field, value, old, unchanged }: Node,
): void {
  if (!isJsonArray(value) || rules.items === undefined) return;
  const keys =
    rules.schema['x-kubernetes-list-type'] === 'map'
      ? (rules.schema['x-kubernetes-list-map-keys'] ?? [])
      : [];
  const keyOf = (item: Json): string | undefined =>
    keys.length > 0 && isJsonObject(item)
      ? keys.map((key) => scalarKey(propertyOf(item, key) ?? null)).join()
      : undefined;
  const before = new Map((isJsonArray(old) ? old : []).map((item) => [keyOf(item), item]));
  for (const [index, item] of value.entries()) {
    const key = keyOf(item);
    const oldItem = key === undefined ? undefined : before.get(key);
    evaluateNode(evaluation, rules.items, {
      field: `${field}[${index}]`,
      value: item,
      old: oldItem,
      unchanged,
    });
  }
}

function evaluateHere(evaluation: Evaluation, node: RuleNode, at: Node): void {
  const self = valueOfJson(at.value, node.type);
  const oldSelf = at.old === undefined || at.old === null ? undefined : valueOfJson(at.old, node.type);
  for (const compiled of node.rules) {
    if (evaluation.budget <= 0) return outOfBudget(evaluation, node, at);
    const { rule, program, usesOldSelf } = compiled;
    if (usesOldSelf && oldSelf === undefined && rule.optionalOldSelf !== true) continue;
    const variables = new Map([
      ['self', self],
      ['oldSelf', rule.optionalOldSelf === true ? optionalOldSelf(oldSelf) : (oldSelf ?? null)],
    ]);
    const outcome = evaluateCel(program, {
      variables,
      costMax: Math.min(EXPRESSION_COST_MAX, evaluation.budget),
    });
    evaluation.budget -= outcome.cost;
    if (evaluation.budget < 0) return outOfBudget(evaluation, node, at);
    if (outcome.exceeded) {
      evaluation.budget = -1;
      evaluation.errors.push(
        failure(
          node,
          at,
          `'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${ruleText(rule)}`,
        ),
      );
      return;
    }
    report(evaluation, node, { at, compiled, value: outcome.value, variables });
  }
}

function optionalOldSelf(oldSelf: CelResult | undefined): CelResult {
  if (oldSelf === undefined) return CelOptional.none;
  return oldSelf instanceof CelError ? oldSelf : new CelOptional(oldSelf);
}

function outOfBudget(evaluation: Evaluation, node: RuleNode, at: Node): void {
  evaluation.budget = -1;
  evaluation.errors.push(
    failure(
      node,
      at,
      'validation failed due to running out of cost budget, no further validation rules will be run',
    ),
  );
}

/** The value in messages is the type of the node (Kubernetes): the object itself may be large. */
function failure({ schema }: RuleNode, { field }: Node, detail: string): FieldError {
  return invalidValue(field, schema.type ?? '', detail);
}

function ruleText({ message = '', rule }: ValidationRule): string {
  return (message === '' ? rule : message).trim();
}

function report(
  evaluation: Evaluation,
  node: RuleNode,
  {
    at,
    compiled,
    value,
    variables,
  }: { at: Node; compiled: CompiledRule; value: CelResult; variables: ReadonlyMap<string, CelResult> },
): void {
  const { rule } = compiled;
  if (value === true) return;
  if (value instanceof CelError) {
    const detail = value.message.startsWith('no such overload')
      ? `'${value.message}': call arguments did not match a supported operator, function or macro signature for rule: ${ruleText(rule)}`
      : `${value.message} evaluating rule: ${ruleText(rule)}`;
    evaluation.errors.push(failure(node, at, detail));
    return;
  }
  const detail = evaluateMessage(evaluation, compiled, variables) ?? defaultMessage(rule);
  const error = errorForReason(node, {
    field: `${at.field}${compiled.path}`.replace(/^\./, ''),
    detail,
    rule,
  });
  (!compiled.usesOldSelf && at.unchanged ? evaluation.warnings : evaluation.errors).push(error);
}

function defaultMessage(rule: ValidationRule): string {
  const message = (rule.message ?? '').trim();
  return message === '' ? `failed rule: ${ruleText(rule)}` : message;
}

/** The text that `messageExpression` gives; undefined where it gives none that can be shown. */
function evaluateMessage(
  evaluation: Evaluation,
  { message }: CompiledRule,
  variables: ReadonlyMap<string, CelResult>,
): string | undefined {
  if (message === undefined || evaluation.budget <= 0) return undefined;
  const costMax = Math.min(EXPRESSION_COST_MAX, evaluation.budget);
  const { value, cost } = evaluateCel(message, { variables, costMax });
  evaluation.budget -= cost;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return text === '' || text.includes('\n') || Buffer.byteLength(text) > MESSAGE_BYTES_MAX ? undefined : text;
}

function errorForReason(
  { schema }: RuleNode,
  { field, detail, rule }: { field: string; detail: string; rule: ValidationRule },
): FieldError {
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbiddenField(field, detail);
    case 'FieldValueRequired':
      return requiredValue(field, detail);
    case 'FieldValueDuplicate':
      return duplicateValue(field, schema.type ?? '');
    default:
      return invalidValue(field, schema.type ?? '', detail);
  }
}
