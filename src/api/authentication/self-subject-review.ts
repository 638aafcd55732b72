import type { UserInfo } from '#api/authentication/token-review.ts';
import type { KubeObject } from '#api/object.ts';

/** `authentication.k8s.io/v1.SelfSubjectReview`. */
export interface SelfSubjectReview extends KubeObject {
  apiVersion: 'authentication.k8s.io/v1';
  kind: 'SelfSubjectReview';
  status?: SelfSubjectReviewStatus;
}

/** `authentication.k8s.io/v1.SelfSubjectReviewStatus`. */
export interface SelfSubjectReviewStatus {
  userInfo?: UserInfo;
}
