import type { KubeObject } from '#api/object.ts';

/** `authorization.k8s.io/v1.SelfSubjectRulesReview`. */
export interface SelfSubjectRulesReview extends KubeObject {
  apiVersion: 'authorization.k8s.io/v1';
  kind: 'SelfSubjectRulesReview';
  spec: SelfSubjectRulesReviewSpec;
  status?: SubjectRulesReviewStatus;
}

/** `authorization.k8s.io/v1.SelfSubjectRulesReviewSpec`. */
export interface SelfSubjectRulesReviewSpec {
  namespace?: string;
}

/** `authorization.k8s.io/v1.SubjectRulesReviewStatus`. */
export interface SubjectRulesReviewStatus {
  evaluationError?: string;
  incomplete: boolean;
  nonResourceRules: NonResourceRule[];
  resourceRules: ResourceRule[];
}

/** `authorization.k8s.io/v1.ResourceRule`. */
export interface ResourceRule {
  apiGroups?: string[];
  resourceNames?: string[];
  resources?: string[];
  verbs: string[];
}

/** `authorization.k8s.io/v1.NonResourceRule`. */
export interface NonResourceRule {
  nonResourceURLs?: string[];
  verbs: string[];
}
