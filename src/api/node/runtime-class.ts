import { AGE_COLUMN, NAME_COLUMN, textColumn } from '#api/columns.ts';
import type { Toleration } from '#api/core/affinity.ts';
import { validateTolerations } from '#api/core/affinity-validation.ts';
import { nodeLabelWarnings } from '#api/core/node-labels.ts';
import { validateOverhead } from '#api/core/resources-validation.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkLabels, checkName, checkUnchanged } from '#api/field-checks.ts';
import { duplicateValue } from '#api/field-errors.ts';
import { labelNameErrors } from '#api/name-syntax.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

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
  fillsZeros: true,
  validate: (runtimeClass, old) => [
    ...validateRuntimeClass(runtimeClass),
    ...(old === undefined ? [] : checkUnchanged('handler', runtimeClass.handler, old.handler)),
  ],
  warnings: ({ scheduling }) => nodeLabelWarnings('scheduling.nodeSelector', scheduling?.nodeSelector),
  columns: [
    NAME_COLUMN,
    textColumn('Handler', 'Configuration of the container runtime.', ({ handler }) => handler),
    AGE_COLUMN,
  ],
});

function validateRuntimeClass({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  return [
    ...checkName('handler', handler, labelNameErrors),
    ...validateOverhead('overhead', overhead?.podFixed),
    ...checkLabels('scheduling.nodeSelector', scheduling?.nodeSelector),
    ...validateSchedulingTolerations(scheduling?.tolerations ?? []),
  ];
}

function validateSchedulingTolerations(tolerations: readonly Toleration[]): FieldError[] {
  const field = 'scheduling.tolerations';
  const keys = tolerations.map(({ key, operator, value, effect }) =>
    JSON.stringify([key ?? '', operator ?? '', value ?? '', effect ?? '']),
  );
  return [
    ...validateTolerations(`${field}.tolerations`, tolerations),
    ...tolerations.flatMap((toleration, index) =>
      keys.indexOf(keys[index] ?? '') < index ? [duplicateValue(`${field}[${index}]`, toleration)] : [],
    ),
  ];
}
