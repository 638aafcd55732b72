import type { KubeObject, LabelSelectorRequirement } from '#api/object.ts';

/** `authorization.k8s.io/v1.SubjectAccessReview`. */
export interface SubjectAccessReview extends KubeObject {
  apiVersion: 'authorization.k8s.io/v1';
  kind: 'SubjectAccessReview';
  spec: SubjectAccessReviewSpec;
  status?: SubjectAccessReviewStatus;
}

/** `authorization.k8s.io/v1.SubjectAccessReviewSpec`. */
export interface SubjectAccessReviewSpec {
  extra?: Record<string, string[]>;
  groups?: string[];
  nonResourceAttributes?: NonResourceAttributes;
  resourceAttributes?: ResourceAttributes;
  uid?: string;
  user?: string;
}

/** `authorization.k8s.io/v1.SubjectAccessReviewStatus`. */
export interface SubjectAccessReviewStatus {
  allowed: boolean;
  denied?: boolean;
  evaluationError?: string;
  reason?: string;
}

/** `authorization.k8s.io/v1.ResourceAttributes`. */
export interface ResourceAttributes {
  fieldSelector?: FieldSelectorAttributes;
  group?: string;
  labelSelector?: LabelSelectorAttributes;
  name?: string;
  namespace?: string;
  resource?: string;
  subresource?: string;
  verb?: string;
  version?: string;
}

/** `authorization.k8s.io/v1.NonResourceAttributes`. */
export interface NonResourceAttributes {
  path?: string;
  verb?: string;
}

/** `authorization.k8s.io/v1.FieldSelectorAttributes`. */
export interface FieldSelectorAttributes {
  rawSelector?: string;
  requirements?: FieldSelectorRequirement[];
}

/** `authorization.k8s.io/v1.FieldSelectorRequirement`. */
export interface FieldSelectorRequirement {
  key: string;
  operator: string;
  values?: string[];
}

/** `authorization.k8s.io/v1.LabelSelectorAttributes`. */
export interface LabelSelectorAttributes {
  rawSelector?: string;
  requirements?: LabelSelectorRequirement[];
}
