import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import type { Toleration } from '#api/core/affinity.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkName, checkUnchanged } from '#api/field-checks.ts';
import { labelNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `node.k8s.io/v1.RuntimeClass`. */
export interface RuntimeClass extends KubeObject {
  apiVersion: 'node.k8s.io/v1';
  kind: 'RuntimeClass';
  handler: string;
  overhead?: Overhead;
  scheduling?: Scheduling;
}

/** `node.k8s.io/v1.Overhead`. */
export interface Overhead {
  podFixed?: Record<string, string>;
}

/** `node.k8s.io/v1.Scheduling`. */
export interface Scheduling {
  nodeSelector?: Record<string, string>;
  tolerations?: Toleration[];
}

/** `runtimeclasses.node.k8s.io`. */
export const runtimeClassResource: ResourceType<RuntimeClass> = defineResource<RuntimeClass>({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  namespaced: false,
  schema: 'node/v1.RuntimeClass',
  hasGeneration: false,
  validate: ({ handler }, old) => [
    ...checkName('handler', handler, labelNameErrors),
    ...(old === undefined ? [] : checkUnchanged('handler', handler, old.handler)),
  ],
  columns: [
    NAME_COLUMN,
    textColumn('Handler', 'Configuration of the container runtime.', ({ handler }) => handler),
    AGE_COLUMN,
  ],
});
