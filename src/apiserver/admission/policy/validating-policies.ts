import {
  compileValidatingPolicy,
  type ValidatingPrograms,
} from '#api/admissionregistration/policy-programs.ts';
import {
  type ValidatingAdmissionPolicy,
  type Validation,
  validatingAdmissionPolicyResource,
} from '#api/admissionregistration/validating-admission-policy.ts';
import {
  type ValidatingAdmissionPolicyBinding,
  validatingAdmissionPolicyBindingResource,
} from '#api/admissionregistration/validating-admission-policy-binding.ts';
import type { KubeObject } from '#api/object.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#apiserver/admission/plugin.ts';
import { resourcesMatch } from '#apiserver/admission/policy/match-rules.ts';
import {
  isSubjectToPolicies,
  PoliciesInForce,
  type PolicyInForce,
} from '#apiserver/admission/policy/policies-in-force.ts';
import { ExpressionError, PolicyEvaluation } from '#apiserver/admission/policy/policy-evaluation.ts';
import { PolicyConfigurationError, PolicyParams } from '#apiserver/admission/policy/policy-params.ts';
import { policyRefusal } from '#apiserver/admission/policy/refusal.ts';
import { requestValues } from '#apiserver/admission/policy/request-values.ts';
import type { Authorizer } from '#apiserver/authorize.ts';
import type { Kinds } from '#apiserver/kinds.ts';
import { addAuditAnnotation, addWarning } from '#apiserver/request-notes.ts';
import type { Store } from '#store/store.ts';

export interface PolicyOptions {
  readonly store: Store;
  readonly kinds: Kinds;
  /** What `authorizer` asks. */
  readonly authorizer: Authorizer;
}

type InForce = PolicyInForce<ValidatingAdmissionPolicy, ValidatingPrograms, ValidatingAdmissionPolicyBinding>;

/** What a policy has against a request. */
interface Denial {
  readonly policy: ValidatingAdmissionPolicy;
  readonly binding: ValidatingAdmissionPolicyBinding | undefined;
  readonly message: string;
  readonly reason: string;
  /** Of the validation; 0 where it is none. */
  readonly index: number;
}

/** The longest evaluated message in bytes; a longer one gives way to `message` (Kubernetes). */
const MESSAGE_BYTES_MAX = 5 * 1024;

/** ValidatingAdmissionPolicy. Source: Kubernetes docs, "Validating Admission Policy". */
export function validatingPolicies(options: PolicyOptions): AdmissionPlugin {
  const policies = new PoliciesInForce(options.store, {
    policies: validatingAdmissionPolicyResource,
    bindings: validatingAdmissionPolicyBindingResource,
    compile: ({ spec }) => compileValidatingPolicy(spec),
  });
  const params = new PolicyParams(options);
  return {
    name: 'ValidatingAdmissionPolicy',
    handles: isSubjectToPolicies,
    async validate(request) {
      const inForce = await policies.current();
      if (inForce.length === 0) return;
      const denials: Denial[] = [];
      for (const entry of inForce)
        denials.push(...(await judge(entry, request, { params, authorizer: options.authorizer })));
      const [first] = denials;
      if (first !== undefined) throw refuse(request, first);
    },
  };
}

interface Judging {
  readonly params: PolicyParams;
  readonly authorizer: Authorizer;
}

/** What one policy denies by all its bindings; what it warns of or has to say to the audit log is told on the way. */
async function judge(entry: InForce, request: AdmissionRequest, judging: Judging): Promise<Denial[]> {
  const { policy } = entry;
  const match = policy.spec.matchConstraints;
  if (match === undefined || !(await resourcesMatch(match, request))) return [];
  const denials: Denial[] = [];
  const annotations = new Map<string, string[]>();
  for (const binding of entry.bindings) {
    const { matchResources } = binding.spec;
    if (matchResources !== undefined && !(await resourcesMatch(matchResources, request))) continue;
    try {
      for (const parameter of await judging.params.of(policy.spec.paramKind, binding.spec.paramRef, request))
        denials.push(...(await evaluate(entry, request, { judging, binding, parameter, annotations })));
    } catch (error) {
      if (!(error instanceof PolicyConfigurationError)) throw error;
      if (policy.spec.failurePolicy === 'Ignore') continue;
      const subject = error.subject === 'policy' ? undefined : binding;
      denials.push({ policy, binding: subject, message: error.message, reason: 'Invalid', index: 0 });
    }
  }
  for (const [key, values] of annotations)
    addAuditAnnotation(request.notes, `${policy.metadata.name}/${key}`, values.join(', '));
  return denials;
}

interface Evaluating {
  readonly judging: Judging;
  readonly binding: ValidatingAdmissionPolicyBinding;
  readonly parameter: KubeObject | undefined;
  /** Values of the policy's audit annotations, of all bindings. */
  readonly annotations: Map<string, string[]>;
}

async function evaluate(entry: InForce, request: AdmissionRequest, at: Evaluating): Promise<Denial[]> {
  const { policy, compiled } = entry;
  const namespace = request.type.namespaced ? await request.namespaceObject() : undefined;
  const values = requestValues(request, namespace, at.judging.authorizer);
  const evaluation = new PolicyEvaluation(values, { variables: compiled.variables, params: at.parameter });
  const deny = (message: string, { reason = 'Invalid', index = 0 } = {}): Denial => ({
    policy,
    binding: at.binding,
    message,
    reason,
    index,
  });
  const isClosed = policy.spec.failurePolicy !== 'Ignore';
  try {
    if (!evaluation.matches(compiled.matchConditions)) return [];
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return isClosed ? act([deny(error.message)], at, request) : [];
  }
  const failures = compiled.validations.flatMap((expression, index): Denial[] => {
    const validation = policy.spec.validations?.[index];
    try {
      if (evaluation.value(expression) === true) return [];
      return [deny(messageOf(entry, evaluation, index), { reason: validation?.reason ?? 'Invalid', index })];
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      return isClosed ? [deny(error.message, { index })] : [];
    }
  });
  const faults = annotate(entry, evaluation, at.annotations).map((message) => deny(message));
  return [...act(failures, at, request), ...(isClosed ? faults : [])];
}

/** Carries out a binding's actions; what it denies is given back. */
function act(failures: readonly Denial[], { binding }: Evaluating, request: AdmissionRequest): Denial[] {
  const { validationActions } = binding.spec;
  for (const { policy, message, index } of failures) {
    const { name } = policy.metadata;
    if (validationActions.includes('Warn'))
      addWarning(
        request.notes,
        `Validation failed for ValidatingAdmissionPolicy '${name}' with binding '${binding.metadata.name}': ${message}`,
      );
    if (validationActions.includes('Audit')) {
      const failure = {
        message,
        policy: name,
        binding: binding.metadata.name,
        expressionIndex: index,
        validationActions,
      };
      const key = 'validation.policy.admission.k8s.io/validation_failure';
      addAuditAnnotation(request.notes, key, JSON.stringify([failure]));
    }
  }
  return validationActions.includes('Deny') ? [...failures] : [];
}

/** The evaluated message where there is a usable one, else the written one, else the expression. */
function messageOf({ policy, compiled }: InForce, evaluation: PolicyEvaluation, index: number): string {
  const validation: Validation | undefined = policy.spec.validations?.[index];
  const expression = compiled.messages.get(index);
  const evaluated = expression === undefined ? undefined : evaluatedMessage(evaluation, expression);
  if (evaluated !== undefined) return evaluated;
  const message = (validation?.message ?? '').trim();
  return message === '' ? `failed expression: ${(validation?.expression ?? '').trim()}` : message;
}

function evaluatedMessage(
  evaluation: PolicyEvaluation,
  expression: Parameters<PolicyEvaluation['value']>[0],
): string | undefined {
  try {
    const value = evaluation.value(expression);
    const text = typeof value === 'string' ? value.trim() : '';
    return text === '' || text.includes('\n') || Buffer.byteLength(text) > MESSAGE_BYTES_MAX
      ? undefined
      : text;
  } catch (error) {
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
}

/** Gathers the audit annotations; gives back what went wrong with them. */
function annotate(
  { policy, compiled }: InForce,
  evaluation: PolicyEvaluation,
  annotations: Map<string, string[]>,
): string[] {
  return compiled.auditAnnotations.flatMap((expression, index) => {
    const { key = '', valueExpression = '' } = policy.spec.auditAnnotations?.[index] ?? {};
    try {
      const value = evaluation.value(expression);
      if (value === null) return [];
      if (typeof value !== 'string')
        return [
          `valueExpression '${valueExpression}' resulted in unsupported return type. Return type must be either string or null.`,
        ];
      const text = value.trim();
      const known = annotations.get(key) ?? [];
      if (text !== '' && !known.includes(text)) annotations.set(key, [...known, text]);
      return [];
    } catch (error) {
      if (error instanceof ExpressionError) return [error.message];
      throw error;
    }
  });
}

function refuse(request: AdmissionRequest, { policy, binding, message, reason }: Denial): Error {
  const by = binding === undefined ? '' : ` with binding '${binding.metadata.name}'`;
  const text = `ValidatingAdmissionPolicy '${policy.metadata.name}'${by} denied request: ${message}`;
  return policyRefusal(request, text, reason);
}
