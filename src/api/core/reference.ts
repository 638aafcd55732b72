/** `core/v1.LocalObjectReference`. */
export interface LocalObjectReference {
  name?: string;
}

/** `core/v1.ObjectReference`. */
export interface ObjectReference {
  apiVersion?: string;
  fieldPath?: string;
  kind?: string;
  name?: string;
  namespace?: string;
  resourceVersion?: string;
  uid?: string;
}

/** `core/v1.SecretReference`. */
export interface SecretReference {
  name?: string;
  namespace?: string;
}

/** `core/v1.TypedLocalObjectReference`. */
export interface TypedLocalObjectReference {
  apiGroup?: string;
  kind: string;
  name: string;
}

/** `core/v1.TypedObjectReference`. */
export interface TypedObjectReference {
  apiGroup?: string;
  kind: string;
  name: string;
  namespace?: string;
}
