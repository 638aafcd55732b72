import type {
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
} from '#api/authorization/subject-access-review.ts';
import type { KubeObject } from '#api/object.ts';

/** `authorization.k8s.io/v1.LocalSubjectAccessReview`. */
export interface LocalSubjectAccessReview extends KubeObject {
  apiVersion: 'authorization.k8s.io/v1';
  kind: 'LocalSubjectAccessReview';
  spec: SubjectAccessReviewSpec;
  status?: SubjectAccessReviewStatus;
}
