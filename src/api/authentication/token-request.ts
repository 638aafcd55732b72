import type { KubeObject } from '#api/object.ts';

/** `authentication.k8s.io/v1.TokenRequest`. */
export interface TokenRequest extends KubeObject {
  apiVersion: 'authentication.k8s.io/v1';
  kind: 'TokenRequest';
  spec: TokenRequestSpec;
  status?: TokenRequestStatus;
}

/** `authentication.k8s.io/v1.TokenRequestSpec`. */
export interface TokenRequestSpec {
  audiences?: string[];
  boundObjectRef?: BoundObjectReference;
  expirationSeconds?: number;
}

/** `authentication.k8s.io/v1.BoundObjectReference`. */
export interface BoundObjectReference {
  apiVersion?: string;
  kind?: string;
  name?: string;
  uid?: string;
}

/** `authentication.k8s.io/v1.TokenRequestStatus`. */
export interface TokenRequestStatus {
  expirationTimestamp?: string;
  token?: string;
}
