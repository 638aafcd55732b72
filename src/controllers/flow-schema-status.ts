import { type FlowSchema, flowSchemaResource } from '#api/flowcontrol/flow-schema.ts';
import { priorityLevelConfigurationResource } from '#api/flowcontrol/priority-level-configuration.ts';
import type { Condition } from '#api/object.ts';
import { withCondition } from '#controllers/condition-list.ts';
import { statusChange } from '#controllers/status-change.ts';
import { type Controller, read } from '#reconcile/controller.ts';

/**
 * Says in the condition `Dangling` of each FlowSchema whether there is the priority level that it names: what `MissingPL` of
 * `kubectl get flowschemas` shows.
 */
export const flowSchemaStatusController: Controller<FlowSchema> = {
  name: 'api-priority-and-fairness-config-consumer-v1',
  for: flowSchemaResource,
  reads: [
    read(priorityLevelConfigurationResource, ({ metadata: { name } }, lookup) =>
      lookup
        .list(flowSchemaResource)
        .filter(({ spec }) => spec.priorityLevelConfiguration.name === name)
        .map(({ metadata }) => metadata.name),
    ),
  ],
  writes: [{ type: flowSchemaResource, verbs: ['patchStatus'] }],
  plan({ object: schema, get }, nowMs) {
    if (schema === undefined || schema.metadata.deletionTimestamp !== undefined) return [];
    const { name } = schema.spec.priorityLevelConfiguration;
    const isThere = get(priorityLevelConfigurationResource, { name }) !== undefined;
    const about = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(name)}`;
    const wanted = isThere
      ? { status: 'False' as const, reason: 'Found', message: `${about} and it exists` }
      : { status: 'True' as const, reason: 'NotFound', message: `${about} but there is no such object` };
    const before = schema.status?.conditions as Condition[] | undefined;
    const conditions = withCondition(before, { type: 'Dangling', ...wanted }, nowMs);
    return statusChange(flowSchemaResource, schema, {
      status: { ...schema.status, conditions },
      why: 'whether its priority level is there is told',
    });
  },
};
