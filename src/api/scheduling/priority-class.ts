import { AGE_COLUMN, NAME_COLUMN, numberColumn, textColumn } from '#api/columns.ts';
import { defineResource } from '#api/define-resource.ts';
import { checkOneOf, checkUnchanged } from '#api/field-checks.ts';
import { forbiddenField, requiredValue } from '#api/field-errors.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import type { FieldError } from '#api/status.ts';

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
/** Begins the names of the system's own classes. */
const SYSTEM_PREFIX = 'system-';

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
  fillsZeros: true,
  validate: (priorityClass, old) =>
    old === undefined ? validateNew(priorityClass) : validateChange(priorityClass, old),
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

function validateNew({
  metadata: { name },
  value = 0,
  globalDefault,
  preemptionPolicy,
}: PriorityClass): FieldError[] {
  const isSystem = name.startsWith(SYSTEM_PREFIX);
  const fault = isSystem ? systemClassFault(name, value, globalDefault) : undefined;
  return [
    ...(fault === undefined
      ? []
      : [
          forbiddenField(
            'metadata.name',
            `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${fault}`,
          ),
        ]),
    ...(!isSystem && value > USER_PRIORITY_MAX
      ? [forbiddenField('value', `maximum allowed value of a user defined priority is ${USER_PRIORITY_MAX}`)]
      : []),
    ...((preemptionPolicy as string | undefined) === ''
      ? [requiredValue('preemptionPolicy')]
      : checkOneOf('preemptionPolicy', preemptionPolicy, ['PreemptLowerPriority', 'Never'])),
  ];
}

/** Why a class is none of the system's own. */
function systemClassFault(name: string, value: number, globalDefault = false): string | undefined {
  const priority = SYSTEM_PRIORITIES[name];
  if (priority === undefined) return `${name} is not a known system priority class`;
  if (priority !== value) return `value of ${name} PriorityClass must be ${priority}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

function validateChange({ value = 0, preemptionPolicy }: PriorityClass, old: PriorityClass): FieldError[] {
  return [
    ...(value === (old.value ?? 0) ? [] : [forbiddenField('value', 'may not be changed in an update.')]),
    ...checkUnchanged('preemptionPolicy', preemptionPolicy, old.preemptionPolicy),
  ];
}
