import type { ObjectReference } from '#api/core/reference.ts';
import type { KubeObject } from '#api/object.ts';

/** `core/v1.Binding`. */
export interface Binding extends KubeObject {
  apiVersion: 'v1';
  kind: 'Binding';
  target: ObjectReference;
}
