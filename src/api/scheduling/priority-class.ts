import { AGE_COLUMN, NAME_COLUMN, numberColumn, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkOneOf, checkUnchanged } from '#api/field-checks.ts';
import { forbiddenField } from '#api/field-errors.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';

/** `scheduling.k8s.io/v1.PriorityClass`. */
export interface PriorityClass extends KubeObject {
  apiVersion: 'scheduling.k8s.io/v1';
  kind: 'PriorityClass';
  description?: string;
  globalDefault?: boolean;
  preemptionPolicy?: 'PreemptLowerPriority' | 'Never';
  value?: number;
}

/** The highest priority that a user may define. */
export const USER_PRIORITY_MAX = 1_000_000_000;

/** The priorities of the system's own classes. */
const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

/** `priorityclasses.scheduling.k8s.io`. */
export const priorityClassResource: ResourceType<PriorityClass> = defineResource<PriorityClass>({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  shortNames: ['pc'],
  namespaced: false,
  schema: 'scheduling/v1.PriorityClass',
  applyDefaults: (priorityClass) => {
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validate: ({ metadata, value = 0, preemptionPolicy }, old) => [
    ...(metadata.name.startsWith('system-') && SYSTEM_PRIORITIES[metadata.name] !== value
      ? [
          forbiddenField(
            'metadata.name',
            "priority class names with 'system-' prefix are reserved for system use only",
          ),
        ]
      : []),
    ...(!metadata.name.startsWith('system-') && value > USER_PRIORITY_MAX
      ? [forbiddenField('value', `maximum allowed value of a user defined priority is ${USER_PRIORITY_MAX}`)]
      : []),
    ...checkOneOf('preemptionPolicy', preemptionPolicy, ['Never', 'PreemptLowerPriority']),
    ...(old === undefined
      ? []
      : [
          ...checkUnchanged('value', value, old.value ?? 0),
          ...checkUnchanged('preemptionPolicy', preemptionPolicy, old.preemptionPolicy),
        ]),
  ],
  columns: [
    NAME_COLUMN,
    numberColumn('Value', 'The priority: higher goes first.', ({ value }) => value ?? 0),
    {
      name: 'Global-Default',
      type: 'boolean',
      description: 'Whether pods without a class get it.',
      priority: 0,
      cell: ({ globalDefault }) => globalDefault ?? false,
    },
    AGE_COLUMN,
    textColumn(
      'PreemptionPolicy',
      'Whether it may displace others.',
      ({ preemptionPolicy }) => preemptionPolicy ?? '',
    ),
  ],
});
