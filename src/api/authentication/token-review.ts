import type { KubeObject } from '#api/object.ts';

/** `authentication.k8s.io/v1.TokenReview`. */
export interface TokenReview extends KubeObject {
  apiVersion: 'authentication.k8s.io/v1';
  kind: 'TokenReview';
  spec: TokenReviewSpec;
  status?: TokenReviewStatus;
}

/** `authentication.k8s.io/v1.TokenReviewSpec`. */
export interface TokenReviewSpec {
  audiences?: string[];
  token: string;
}

/** `authentication.k8s.io/v1.TokenReviewStatus`. */
export interface TokenReviewStatus {
  audiences?: string[];
  authenticated?: boolean;
  error?: string;
  user?: UserInfo;
}

/** `authentication.k8s.io/v1.UserInfo`. */
export interface UserInfo {
  extra?: Record<string, string[]>;
  groups?: string[];
  uid?: string;
  username?: string;
}
