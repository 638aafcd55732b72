import type { MutatingAdmissionPolicySpec } from '#api/admissionregistration/mutating-admission-policy.ts';
import type { MatchCondition, Variable } from '#api/admissionregistration/rule.ts';
import type { ValidatingAdmissionPolicySpec } from '#api/admissionregistration/validating-admission-policy.ts';
import { BOOL, type CelType, DYN, formatType, NULL, STRING } from '#api/cel/cel-type.ts';
import { type CelProgram, compileCel } from '#api/cel/compile.ts';
import { MUTATION_TYPES, type PolicyVariables, policyEnvironment } from '#api/cel/policy-environment.ts';
import { invalidValue } from '#api/field-errors.ts';
import type { FieldError } from '#api/status.ts';

/** One expression of a policy: where it stands, and what it became. */
export interface PolicyExpression {
  readonly field: string;
  readonly source: string;
  /** Undefined where it has a fault. */
  readonly program: CelProgram | undefined;
  readonly fault: FieldError | undefined;
}

/** A variable that later expressions may use. */
export interface PolicyVariable extends PolicyExpression {
  readonly name: string;
}

/** Types that are known of what a policy looks at, beside what every policy knows. */
export type KnownTypes = Pick<PolicyVariables, 'object' | 'paramsType'>;

/** The expressions of a ValidatingAdmissionPolicy. */
export interface ValidatingPrograms {
  readonly matchConditions: readonly PolicyExpression[];
  readonly variables: readonly PolicyVariable[];
  readonly validations: readonly PolicyExpression[];
  /** Message expressions, by the index of their validation. */
  readonly messages: ReadonlyMap<number, PolicyExpression>;
  readonly auditAnnotations: readonly PolicyExpression[];
}

/** The expressions of a MutatingAdmissionPolicy. */
export interface MutatingPrograms {
  readonly matchConditions: readonly PolicyExpression[];
  readonly variables: readonly PolicyVariable[];
  readonly mutations: readonly PolicyExpression[];
}

interface Wanted {
  readonly field: string;
  readonly source: string;
  readonly has: PolicyVariables;
  /** Types that it may give. Any where absent. */
  readonly types?: readonly CelType[];
}

function compile({ field, source, has, types }: Wanted): PolicyExpression {
  const compiled = compileCel(source, policyEnvironment(has));
  if (compiled.type === 'faulty') {
    const fault = invalidValue(field, source, `compilation failed: ${compiled.message}`);
    return { field, source, program: undefined, fault };
  }
  const { program } = compiled;
  const given = formatType(program.resultType);
  const fits =
    types === undefined ||
    program.resultType.kind === 'dyn' ||
    types.some((type) => formatType(type) === given);
  const fault = fits ? undefined : invalidValue(field, source, `${mustBe(types ?? [])} but got ${given}`);
  return { field, source, program: fits ? program : undefined, fault };
}

function mustBe(types: readonly CelType[]): string {
  const names = types.map((type) => (type.kind === 'null' ? 'null_type' : formatType(type)));
  return names.length === 1
    ? `must evaluate to ${names[0] ?? ''}`
    : `must evaluate to one of [${names.join(' ')}]`;
}

/** Match conditions of a policy, or of a webhook (which has no params and no variables). */
export function compileMatchConditions(
  field: string,
  conditions: readonly MatchCondition[],
  has: Partial<PolicyVariables> = {},
): PolicyExpression[] {
  const full = {
    params: false,
    mutating: false,
    ...has,
    authorizer: true,
    composed: undefined,
  };
  return conditions.map(({ expression }, index) =>
    compile({ field: `${field}[${index}].expression`, source: expression, has: full, types: [BOOL] }),
  );
}

/** Variables see those before them. */
function compileVariables(
  variables: readonly Variable[],
  has: PolicyVariables,
): [PolicyVariable[], PolicyVariables] {
  if (variables.length === 0) return [[], has];
  const composed = new Map(has.composed);
  const compiled = variables.map(({ name, expression }, index): PolicyVariable => {
    const field = `spec.variables[${index}].expression`;
    const made = compile({ field, source: expression, has: { ...has, composed: new Map(composed) } });
    // What refers to a variable that is wrong is not wrong for that.
    if (expression.trim() !== '') composed.set(name, made.program?.resultType ?? DYN);
    return { ...made, name };
  });
  return [compiled, { ...has, composed }];
}

function policyHas(paramKind: unknown, known: KnownTypes, mutating: boolean): PolicyVariables {
  return { params: paramKind !== undefined, authorizer: true, composed: undefined, mutating, ...known };
}

/** Compiles the expressions of a policy; faults stand with each. Total. */
export function compileValidatingPolicy(
  spec: ValidatingAdmissionPolicySpec,
  known: KnownTypes = {},
): ValidatingPrograms {
  const { matchConditions = [], validations = [], auditAnnotations = [] } = spec;
  const base = policyHas(spec.paramKind, known, false);
  const [variables, has] = compileVariables(spec.variables ?? [], base);
  // Messages have no authorizer (Kubernetes).
  const plain = { ...has, authorizer: false };
  return {
    matchConditions: compileMatchConditions('spec.matchConditions', matchConditions, base),
    variables,
    validations: validations.map(({ expression }, index) =>
      compile({ field: `spec.validations[${index}].expression`, source: expression, has, types: [BOOL] }),
    ),
    messages: new Map(
      validations.flatMap(({ messageExpression = '' }, index) => {
        if (messageExpression.trim() === '') return [];
        const field = `spec.validations[${index}].messageExpression`;
        return [[index, compile({ field, source: messageExpression, has: plain, types: [STRING] })] as const];
      }),
    ),
    auditAnnotations: auditAnnotations.map(({ valueExpression }, index) =>
      compile({
        field: `spec.auditAnnotations[${index}].valueExpression`,
        source: valueExpression,
        has,
        types: [STRING, NULL],
      }),
    ),
  };
}

/** As {@link compileValidatingPolicy}, of a policy that mutates. */
export function compileMutatingPolicy(spec: MutatingAdmissionPolicySpec): MutatingPrograms {
  const base = policyHas(spec.paramKind, {}, true);
  const [variables, has] = compileVariables(spec.variables ?? [], base);
  return {
    matchConditions: compileMatchConditions('spec.matchConditions', spec.matchConditions ?? [], base),
    variables,
    mutations: (spec.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }, index) => {
      const isPatch = patchType === 'JSONPatch';
      const source = (isPatch ? jsonPatch : applyConfiguration)?.expression ?? '';
      const field = `spec.mutations[${index}].${isPatch ? 'jsonPatch' : 'applyConfiguration'}.expression`;
      const type = MUTATION_TYPES[isPatch ? 'JSONPatch' : 'ApplyConfiguration'];
      return compile({ field, source, has, types: [type] });
    }),
  };
}

/** What is wrong with an expression. */
export function faultsOf(expression: PolicyExpression | undefined): FieldError[] {
  return expression?.fault === undefined ? [] : [expression.fault];
}
