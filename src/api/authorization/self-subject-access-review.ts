import type {
  NonResourceAttributes,
  ResourceAttributes,
  SubjectAccessReviewStatus,
} from '#api/authorization/subject-access-review.ts';
import type { KubeObject } from '#api/object.ts';

/** `authorization.k8s.io/v1.SelfSubjectAccessReview`. */
export interface SelfSubjectAccessReview extends KubeObject {
  apiVersion: 'authorization.k8s.io/v1';
  kind: 'SelfSubjectAccessReview';
  spec: SelfSubjectAccessReviewSpec;
  status?: SubjectAccessReviewStatus;
}

/** `authorization.k8s.io/v1.SelfSubjectAccessReviewSpec`. */
export interface SelfSubjectAccessReviewSpec {
  nonResourceAttributes?: NonResourceAttributes;
  resourceAttributes?: ResourceAttributes;
}
