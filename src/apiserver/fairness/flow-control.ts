import { type FlowSchema, type FlowSchemaSpec, flowSchemaResource } from '#api/flowcontrol/flow-schema.ts';
import {
  type PriorityLevelConfiguration,
  type PriorityLevelConfigurationSpec,
  priorityLevelConfigurationResource,
} from '#api/flowcontrol/priority-level-configuration.ts';
import { MANDATORY_FLOW_SCHEMAS, MANDATORY_LEVELS } from '#apiserver/fairness/default-flow-control.ts';
import type { View } from '#client/view.ts';
import type { Views } from '#client/views.ts';

/** Both kinds, as views. */
export interface FlowControlViews {
  readonly schemas: View<FlowSchema>;
  readonly levels: View<PriorityLevelConfiguration>;
}

/** The views of flow control. To be asked for before the views run. */
export function flowControlViews(views: Views): FlowControlViews {
  return { schemas: views.of(flowSchemaResource), levels: views.of(priorityLevelConfigurationResource) };
}

/** A flow schema or a level as it is in force. */
export interface InForce<T> {
  readonly name: string;
  readonly uid: string;
  readonly spec: T;
}

/** What is in force: schemas in the order in which they are asked, of those that name a level; and the levels. */
export interface FlowControl {
  readonly schemas: readonly InForce<FlowSchemaSpec>[];
  readonly levels: readonly InForce<PriorityLevelConfigurationSpec>[];
}

/** The stored objects, and in place of mandatory ones that are missing or changed what they have to be. */
export function flowControlInForce(views: FlowControlViews): FlowControl {
  const levels = withMandatory(views.levels.list(), MANDATORY_LEVELS);
  const names = new Set(levels.map(({ name }) => name));
  const schemas = withMandatory(views.schemas.list(), MANDATORY_FLOW_SCHEMAS)
    .filter(({ spec }) => names.has(spec.priorityLevelConfiguration.name))
    .toSorted((a, b) => precedence(a) - precedence(b) || (a.name < b.name ? -1 : 1));
  return { schemas, levels };
}

function withMandatory<T>(
  stored: readonly { metadata: { name: string; uid: string }; spec: T }[],
  mandatory: readonly { name: string; spec: T }[],
): InForce<T>[] {
  const found = new Map(
    stored.map(({ metadata: { name, uid }, spec }) => [name, { name, uid, spec }] as const),
  );
  for (const { name, spec } of mandatory) found.set(name, { name, uid: found.get(name)?.uid ?? '', spec });
  return [...found.values()];
}

function precedence({ spec }: InForce<FlowSchemaSpec>): number {
  return spec.matchingPrecedence ?? 0;
}
