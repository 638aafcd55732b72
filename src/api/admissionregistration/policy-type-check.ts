import {
  compileValidatingPolicy,
  type PolicyExpression,
} from '#api/admissionregistration/policy-programs.ts';
import type {
  ExpressionWarning,
  ValidatingAdmissionPolicySpec,
} from '#api/admissionregistration/validating-admission-policy.ts';
import type { CelType } from '#api/cel/cel-type.ts';
import { compactSchemaType } from '#api/cel/compact-schema-type.ts';
import { schemaType } from '#api/cel/schema-type.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';

/** The most kinds that a policy is checked against (Kubernetes); the others are not looked at. */
const CHECKED_KINDS_MAX = 10;

/**
 * What a policy says of `object` and `params` that the kinds which it matches do not have: warnings in Kubernetes' words, for
 * `status.typeChecking`. Rules with wildcards name no kinds.
 */
export function typeCheckPolicy(
  spec: ValidatingAdmissionPolicySpec,
  types: readonly ResourceType[],
): ExpressionWarning[] {
  const paramsType = types.find(
    (type) => apiVersionOf(type) === spec.paramKind?.apiVersion && type.kind === spec.paramKind.kind,
  );
  const warnings = new Map<string, string>();
  for (const type of matchedTypes(spec, types)) {
    const object = typeOfKind(type);
    const params = paramsType === undefined ? undefined : typeOfKind(paramsType);
    if (object === undefined) continue;
    const known = { object, ...(params === undefined ? {} : { paramsType: params }) };
    const { validations, messages } = compileValidatingPolicy(spec, known);
    for (const expression of [...validations, ...messages.values()]) {
      const text = warningOf(expression, type);
      if (text !== undefined)
        warnings.set(expression.field, `${warnings.get(expression.field) ?? ''}${text}`);
    }
  }
  return [...warnings].map(([fieldRef, warning]) => ({ fieldRef, warning }));
}

function warningOf({ fault }: PolicyExpression, type: ResourceType): string | undefined {
  if (fault === undefined) return undefined;
  return `${apiVersionOf(type)}, Kind=${type.kind}: ${fault.detail.replace(/^compilation failed: /, '')}\n`;
}

function matchedTypes(
  { matchConstraints }: ValidatingAdmissionPolicySpec,
  types: readonly ResourceType[],
): readonly ResourceType[] {
  const rules = matchConstraints?.resourceRules ?? [];
  const names = new Set(
    rules.flatMap(({ apiGroups = [], apiVersions = [], resources = [] }) =>
      apiGroups.flatMap((group) =>
        apiVersions.flatMap((version) => resources.map((resource) => `${group}/${version}/${resource}`)),
      ),
    ),
  );
  return types
    .filter(({ group, version, plural }) => names.has(`${group}/${version}/${plural}`))
    .slice(0, CHECKED_KINDS_MAX);
}

function typeOfKind({ custom, schema }: ResourceType): CelType | undefined {
  if (custom !== undefined)
    return custom.schema === undefined ? undefined : schemaType(custom.schema, { isRoot: true });
  return compactSchemaType({ type: 'ref', ref: schema }, BUILTIN_SCHEMAS);
}
