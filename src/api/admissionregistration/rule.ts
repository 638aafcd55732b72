import type { LabelSelector } from '#api/object.ts';

/** `admissionregistration.k8s.io/v1.RuleWithOperations`. */
export interface RuleWithOperations {
  apiGroups?: string[];
  apiVersions?: string[];
  operations?: string[];
  resources?: string[];
  scope?: string;
}

/** `admissionregistration.k8s.io/v1.NamedRuleWithOperations`. */
export interface NamedRuleWithOperations {
  apiGroups?: string[];
  apiVersions?: string[];
  operations?: string[];
  resourceNames?: string[];
  resources?: string[];
  scope?: string;
}

/** `admissionregistration.k8s.io/v1.MatchCondition`. */
export interface MatchCondition {
  expression: string;
  name: string;
}

/** `admissionregistration.k8s.io/v1.MatchResources`. */
export interface MatchResources {
  excludeResourceRules?: NamedRuleWithOperations[];
  matchPolicy?: 'Exact' | 'Equivalent';
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  resourceRules?: NamedRuleWithOperations[];
}

/** `admissionregistration.k8s.io/v1.ParamKind`. */
export interface ParamKind {
  apiVersion?: string;
  kind?: string;
}

/** `admissionregistration.k8s.io/v1.ParamRef`. */
export interface ParamRef {
  name?: string;
  namespace?: string;
  parameterNotFoundAction?: 'Allow' | 'Deny';
  selector?: LabelSelector;
}

/** `admissionregistration.k8s.io/v1.Variable`. */
export interface Variable {
  expression: string;
  name: string;
}
