import type { DeleteOptions } from '#api/meta/delete-options.ts';
import type { KubeObject } from '#api/object.ts';

/** `policy/v1.Eviction`. */
export interface Eviction extends KubeObject {
  apiVersion: 'policy/v1';
  kind: 'Eviction';
  deleteOptions?: DeleteOptions;
}
