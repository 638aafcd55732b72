import { isDeepStrictEqual } from 'node:util';
import {
  type MutatingAdmissionPolicy,
  mutatingAdmissionPolicyResource,
} from '#api/admissionregistration/mutating-admission-policy.ts';
import {
  type MutatingAdmissionPolicyBinding,
  mutatingAdmissionPolicyBindingResource,
} from '#api/admissionregistration/mutating-admission-policy-binding.ts';
import { compileMutatingPolicy, type MutatingPrograms } from '#api/admissionregistration/policy-programs.ts';
import type { JsonObject, MutableJsonObject } from '#api/json.ts';
import { type KubeObject, objectKey } from '#api/object.ts';
import type { SchemaSet } from '#api/schema.ts';
import { StatusError } from '#api/status.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#apiserver/admission/plugin.ts';
import {
  applyConfiguration,
  applyPatchOf,
  MutationError,
} from '#apiserver/admission/policy/apply-configuration.ts';
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
import type { PolicyOptions } from '#apiserver/admission/policy/validating-policies.ts';
import { decodeObjectBody } from '#apiserver/decode-object.ts';

type InForce = PolicyInForce<MutatingAdmissionPolicy, MutatingPrograms, MutatingAdmissionPolicyBinding>;

/** What is remembered of a request between the passes of its mutating phase. */
interface Passes {
  /** Policies (with binding and parameter) that ran and may run again. */
  readonly reinvocable: Set<string>;
  /** Those of them after which something was changed. */
  readonly due: Set<string>;
  /** The object as the policies left it. */
  output: KubeObject | undefined;
}

interface Mutating extends PolicyOptions {
  readonly params: PolicyParams;
  readonly passes: WeakMap<AdmissionRequest, Passes>;
}

/**
 * MutatingAdmissionPolicy: each policy changes the object in turn, ordered by name. A policy that says `IfNeeded` runs once
 * more where something was changed after it. Source: Kubernetes docs, "Mutating Admission Policy".
 */
export function mutatingPolicies(options: PolicyOptions): AdmissionPlugin {
  const policies = new PoliciesInForce(options.store, {
    policies: mutatingAdmissionPolicyResource,
    bindings: mutatingAdmissionPolicyBindingResource,
    compile: ({ spec }) => compileMutatingPolicy(spec),
  });
  const mutating: Mutating = { ...options, params: new PolicyParams(options), passes: new WeakMap() };
  return {
    name: 'MutatingAdmissionPolicy',
    handles: (target) => isSubjectToPolicies(target) && target.operation !== 'delete',
    async mutate(request) {
      const inForce = await policies.current();
      if (inForce.length === 0) return;
      const passes = beginPass(mutating, request);
      for (const entry of inForce) await invoke(entry, request, { mutating, passes });
      passes.output = structuredClone(request.object);
    },
  };
}

function beginPass({ passes }: Mutating, request: AdmissionRequest): Passes {
  const known = passes.get(request);
  if (known === undefined) {
    const fresh: Passes = { reinvocable: new Set(), due: new Set(), output: undefined };
    passes.set(request, fresh);
    return fresh;
  }
  // Another plugin has changed what the policies had left.
  if (!isDeepStrictEqual(known.output, request.object))
    for (const key of known.reinvocable) known.due.add(key);
  return known;
}

interface Invoking {
  readonly mutating: Mutating;
  readonly passes: Passes;
}

async function invoke(entry: InForce, request: AdmissionRequest, invoking: Invoking): Promise<void> {
  const { policy } = entry;
  const match = policy.spec.matchConstraints;
  if (match === undefined || !(await resourcesMatch(match, request))) return;
  for (const binding of entry.bindings) {
    const { matchResources } = binding.spec;
    if (matchResources !== undefined && !(await resourcesMatch(matchResources, request))) continue;
    try {
      const { params } = invoking.mutating;
      for (const parameter of await params.of(policy.spec.paramKind, binding.spec.paramRef, request))
        await mutateOnce(entry, request, { ...invoking, binding, parameter });
    } catch (error) {
      if (!isPolicyFault(error)) throw error;
      if (policy.spec.failurePolicy === 'Ignore') continue;
      const by = `policy '${policy.metadata.name}' with binding '${binding.metadata.name}'`;
      throw policyRefusal(request, `${by} denied request: ${error.message}`);
    }
  }
}

function isPolicyFault(error: unknown): error is Error {
  return (
    error instanceof ExpressionError ||
    error instanceof MutationError ||
    error instanceof PolicyConfigurationError
  );
}

async function mutateOnce(
  { policy, compiled }: InForce,
  request: AdmissionRequest,
  at: Invoking & {
    readonly binding: MutatingAdmissionPolicyBinding;
    readonly parameter: KubeObject | undefined;
  },
): Promise<void> {
  const { passes, mutating } = at;
  const parameter = at.parameter === undefined ? '' : objectKey(at.parameter);
  const key = `${policy.metadata.name}/${at.binding.metadata.name}/${parameter}`;
  if (request.pass > 1 && !passes.due.has(key)) return;
  passes.due.delete(key);
  const namespace = request.type.namespaced ? await request.namespaceObject() : undefined;
  const evaluationOf = (): PolicyEvaluation =>
    new PolicyEvaluation(requestValues(request, namespace, mutating.authorizer), {
      variables: compiled.variables,
      params: at.parameter,
    });
  if (!evaluationOf().matches(compiled.matchConditions)) return;
  const before = structuredClone(request.object);
  try {
    compiled.mutations.forEach((expression, index) => {
      // Each mutation sees what the one before it has made.
      const value = evaluationOf().value(expression);
      const isPatch = policy.spec.mutations?.[index]?.patchType === 'JSONPatch';
      const object = request.object as unknown as JsonObject;
      const { schemas } = mutating.kinds.current;
      const next = isPatch
        ? applyPatchOf(object, value)
        : applyConfiguration(object, value, { schema: schemas.get(request.type.schema), schemas });
      replaceObject(request, next);
      shapeObject(request, schemas);
    });
  } catch (error) {
    // A policy that fails open leaves nothing half done.
    replaceObject(request, before as unknown as MutableJsonObject);
    throw error;
  }
  if (!isDeepStrictEqual(before, request.object)) {
    for (const earlier of passes.reinvocable) passes.due.add(earlier);
    request.reinvoke();
  }
  if (policy.spec.reinvocationPolicy === 'IfNeeded') passes.reinvocable.add(key);
}

/** A mutated object is as good as one that a client sends: of its kind's schema, and defaulted. Throws MutationError. */
function shapeObject({ object, type, kind, subresource }: AdmissionRequest, schemas: SchemaSet): void {
  if (kind.kind !== type.kind) return;
  try {
    const decoded = { value: object as unknown as JsonObject, duplicateFields: [] };
    const input = { body: new Uint8Array(), headers: {}, decoded };
    decodeObjectBody(input, { type, schemas, fieldValidation: 'Strict' });
  } catch (error) {
    if (error instanceof StatusError) throw new MutationError(error.message);
    throw error;
  }
  if (subresource !== 'status' || type.custom !== undefined) type.applyDefaults(object);
}

/** What no policy changes: which object it is. */
const IDENTITY = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'generation',
  'deletionTimestamp',
];

function replaceObject({ object, kind }: AdmissionRequest, next: MutableJsonObject): void {
  const { apiVersion, metadata } = object;
  const identity = IDENTITY.flatMap((name) => {
    const value = (metadata as unknown as Record<string, unknown>)[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const fields = next['metadata'];
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw new StatusError('Invalid', 'a mutation may not take away the metadata of an object');
  for (const name of IDENTITY) delete fields[name];
  const target = object as unknown as Record<string, unknown>;
  for (const name of Object.keys(target)) delete target[name];
  Object.assign(target, next, {
    apiVersion,
    kind: kind.kind,
    metadata: { ...fields, ...Object.fromEntries(identity) },
  });
}
