import { isDeepStrictEqual } from 'node:util';
import { flowSchemaResource } from '#api/flowcontrol/flow-schema.ts';
import { priorityLevelConfigurationResource } from '#api/flowcontrol/priority-level-configuration.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { isStatus } from '#api/status.ts';
import {
  DEFAULT_FLOW_SCHEMAS,
  DEFAULT_LEVELS,
  MANDATORY_FLOW_SCHEMAS,
  MANDATORY_LEVELS,
} from '#apiserver/fairness/default-flow-control.ts';
import type { Client } from '#client/client.ts';

/** A default object that it says "false" of is left as it is; the mandatory ones are not asked. */
const AUTO_UPDATE_ANNOTATION = 'apf.kubernetes.io/autoupdate-spec';

/**
 * Makes the default flow schemas and priority levels, and gives back their spec to those that have another one (Kubernetes
 * docs, "API Priority and Fairness", maintenance of the mandatory and suggested objects). To be called at every start.
 */
export async function ensureFlowControl(client: Client): Promise<void> {
  const mandatory = new Set([...MANDATORY_LEVELS, ...MANDATORY_FLOW_SCHEMAS]);
  await ensureAll(client, priorityLevelConfigurationResource, DEFAULT_LEVELS, mandatory);
  await ensureAll(client, flowSchemaResource, DEFAULT_FLOW_SCHEMAS, mandatory);
}

async function ensureAll<T extends KubeObject & { spec: unknown }>(
  client: Client,
  type: ResourceType<T>,
  defaults: readonly { name: string; spec: T['spec'] }[],
  mandatory: ReadonlySet<object>,
): Promise<void> {
  const { items } = await client.list(type);
  const found = new Map(items.map((item) => [item.metadata.name, item]));
  await Promise.all(
    defaults.map(async (wanted) => {
      const { name, spec } = wanted;
      const annotations = { [AUTO_UPDATE_ANNOTATION]: 'true' };
      const existing = found.get(name);
      const object = {
        apiVersion: apiVersionOf(type),
        kind: type.kind,
        metadata: { name, annotations },
        spec,
      };
      try {
        if (existing === undefined) await client.create(type, object as unknown as Draft<T>);
        else if (mandatory.has(wanted) || existing.metadata.annotations?.[AUTO_UPDATE_ANNOTATION] !== 'false')
          await bringBack(client, type, existing, spec);
      } catch (error) {
        // Another replica that starts at the same moment does the same.
        if (!isStatus(error, 'AlreadyExists') && !isStatus(error, 'Conflict')) throw error;
      }
    }),
  );
}

async function bringBack<T extends KubeObject & { spec: unknown }>(
  client: Client,
  type: ResourceType<T>,
  existing: T,
  spec: T['spec'],
): Promise<void> {
  const wanted = { ...existing, spec: structuredClone(spec) };
  type.applyDefaults(wanted);
  if (!isDeepStrictEqual(wanted.spec, existing.spec)) await client.update(type, wanted);
}
