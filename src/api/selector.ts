import { labelKeyErrors, labelValueErrors } from '#api/label-syntax.ts';
import type { LabelSelector } from '#api/object.ts';
import { badRequest, type FieldError, fieldErrorMessage } from '#api/status.ts';

/** The operators of a label requirement, as Kubernetes writes them in messages. */
export type SelectorOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'gt' | 'lt' | 'exists' | '!';

/** One condition of a label selector; all of a selector's must hold. */
export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  /** One value for `=`, `==`, `!=`, `gt`, `lt`; at least one for `in`, `notin`; else none. */
  readonly values: readonly string[];
}

/** A compiled label selector. */
export interface LabelMatcher {
  /** Sorted by key. */
  readonly requirements: readonly Requirement[];
  readonly matches: (labels: Readonly<Record<string, string>> | undefined) => boolean;
}

/** Matches every object. */
export const EVERYTHING: LabelMatcher = { requirements: [], matches: () => true };
/** Matches no object: what an absent (not an empty) `metav1.LabelSelector` means. */
export const NOTHING: LabelMatcher = { requirements: [], matches: () => false };

const OPERATORS_OF_OBJECT = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const;
/** The largest number that `gt` and `lt` compare with; a larger one is refused. */
const INT64_MAX = 2n ** 63n - 1n;

/**
 * Compiles a `metav1.LabelSelector`. Absent matches nothing, empty matches everything.
 * Throws BadRequest where it is not valid: an object that holds one is validated when it is written.
 */
export function compileLabelSelector(selector: LabelSelector | undefined): LabelMatcher {
  if (selector === undefined) return NOTHING;
  const exact = Object.entries(selector.matchLabels ?? {}).map(([key, value]) =>
    requirement(key, '=', [value]),
  );
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    if (!Object.hasOwn(OPERATORS_OF_OBJECT, operator)) {
      throw badRequest(`${JSON.stringify(operator)} is not a valid label selector operator`);
    }
    return requirement(key, OPERATORS_OF_OBJECT[operator], values ?? []);
  });
  return compileRequirements([...exact, ...expressions]);
}

/** Compiles a plain map, as `spec.selector` of a Service: every label must be equal. Empty matches everything. */
export function compileLabelSet(labels: Readonly<Record<string, string>>): LabelMatcher {
  return compileRequirements(
    Object.entries(labels).map(([key, value]): Requirement => ({ key, operator: '=', values: [value] })),
  );
}

/** Compiles checked requirements. */
export function compileRequirements(requirements: readonly Requirement[]): LabelMatcher {
  if (requirements.length === 0) return EVERYTHING;
  const sorted = requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const tests = sorted.map(compileRequirement);
  return {
    requirements: sorted,
    matches: (labels = {}) => tests.every((test) => test(labels)),
  };
}

type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

function compileRequirement({ key, operator, values }: Requirement): LabelTest {
  const valueOf = (labels: Readonly<Record<string, string>>): string | undefined =>
    Object.hasOwn(labels, key) ? labels[key] : undefined;
  const [first = ''] = values;
  switch (operator) {
    case '=':
    case '==':
      return (labels) => valueOf(labels) === first;
    case '!=':
      return (labels) => valueOf(labels) !== first;
    case 'in':
    case 'notin': {
      const wanted = new Set(values);
      const inside = (labels: Readonly<Record<string, string>>): boolean => {
        const value = valueOf(labels);
        return value !== undefined && wanted.has(value);
      };
      return operator === 'in' ? inside : (labels) => !inside(labels);
    }
    case 'exists':
      return (labels) => valueOf(labels) !== undefined;
    case '!':
      return (labels) => valueOf(labels) === undefined;
    case 'gt':
    case 'lt': {
      const bound = parseInt64(first) ?? 0n;
      return (labels) => {
        const value = parseInt64(valueOf(labels) ?? '');
        return value !== undefined && (operator === 'gt' ? value > bound : value < bound);
      };
    }
  }
}

/**
 * A checked requirement. Throws BadRequest with Kubernetes' wording, e.g.
 * `values[0][app]: Invalid value: "b_": a valid label must be …`.
 */
export function requirement(key: string, operator: SelectorOperator, values: readonly string[]): Requirement {
  const errors = [...keyErrors(key), ...countErrors(operator, values), ...valueErrors(key, values)].map(
    fieldErrorMessage,
  );
  if (errors.length > 0) throw badRequest(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`);
  return { key, operator, values };
}

function keyErrors(key: string): FieldError[] {
  const errors = labelKeyErrors(key);
  return errors.length === 0
    ? []
    : [{ type: 'Invalid', field: 'key', value: key, detail: errors.join('; ') }];
}

function valueErrors(key: string, values: readonly string[]): FieldError[] {
  return values.flatMap((value, index): FieldError[] => {
    const errors = labelValueErrors(value);
    return errors.length === 0
      ? []
      : [{ type: 'Invalid', field: `values[${index}][${key}]`, value, detail: errors.join('; ') }];
  });
}

function countErrors(operator: SelectorOperator, values: readonly string[]): FieldError[] {
  const wrong = (detail: string): FieldError[] => [
    { type: 'Invalid', field: 'values', value: values, detail },
  ];
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length > 0 ? [] : wrong("for 'in', 'notin' operators, values set can't be empty");
    case '=':
    case '==':
    case '!=':
      return values.length === 1 ? [] : wrong('exact-match compatibility requires one single value');
    case 'exists':
    case '!':
      return values.length === 0 ? [] : wrong('values set must be empty for exists and does not exist');
    case 'gt':
    case 'lt':
      if (values.length !== 1) return wrong("for 'Gt', 'Lt' operators, exactly one value is required");
      return parseInt64(values[0] ?? '') !== undefined
        ? []
        : [
            {
              type: 'Invalid',
              field: 'values[0]',
              value: values[0],
              detail: "for 'Gt', 'Lt' operators, the value must be an integer",
            },
          ];
  }
}

function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return value > INT64_MAX || value < -INT64_MAX - 1n ? undefined : value;
}

/** The string form of a selector, as kubectl sends it: `app=web,tier in (a,b),!canary`. */
export function formatSelector(requirements: readonly Requirement[]): string {
  return requirements.map(formatRequirement).join(',');
}

function formatRequirement({ key, operator, values }: Requirement): string {
  const [first = ''] = values;
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.toSorted().join(',')})`;
    case 'gt':
      return `${key}>${first}`;
    case 'lt':
      return `${key}<${first}`;
    case '=':
    case '==':
    case '!=':
      return `${key}${operator}${first}`;
  }
}
