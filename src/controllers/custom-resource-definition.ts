import {
  CLEANUP_FINALIZER,
  type CustomResourceDefinition,
  type CustomResourceDefinitionStatus,
  customResourceDefinitionResource,
} from '#api/apiextensions/custom-resource-definition.ts';
import { isEstablished } from '#api/apiextensions/definition-state.ts';
import { type KubeObject, objectKey } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import { withCondition } from '#controllers/condition-list.ts';
import { definitionStatus } from '#controllers/custom-resource-definition/accepted-names.ts';
import type { KindRoster } from '#controllers/kind-roster.ts';
import { statusChange } from '#controllers/status-change.ts';
import {
  type Action,
  type Controller,
  type Read,
  read,
  readMetadata,
  type Snapshot,
} from '#reconcile/controller.ts';

/** How long a definition that goes waits for a view of its objects before it looks again, in milliseconds. */
const NO_VIEW_RETRY_MS = 500;

/**
 * Accepts the names of definitions, so that their kinds are served, and lets a definition that is being deleted go once all
 * objects of its kind are gone (Kubernetes' naming, establishing and finalizing controllers of apiextensions). The server
 * itself refuses to let one go while an object is left.
 */
export function definitionController(roster: KindRoster): Controller<CustomResourceDefinition> {
  return {
    name: 'custom-resource-definition-controller',
    for: customResourceDefinitionResource,
    // Who frees a name, or takes it, concerns all definitions of the group.
    reads: [
      read(customResourceDefinitionResource, ({ spec }, lookup) =>
        lookup
          .list(customResourceDefinitionResource)
          .filter((other) => other.spec.group === spec.group)
          .map(objectKey),
      ),
    ],
    writes: [{ type: customResourceDefinitionResource, verbs: ['patch', 'patchStatus'] }],
    laterKinds: {
      read: readInstances,
      write: (type) => ({ type, verbs: ['deleteCollection'] }),
    },
    // Two plans must not give the same name away.
    concurrentKeysMax: 1,
    plan(snapshot, nowMs) {
      const { object } = snapshot;
      if (object === undefined) return [];
      if (object.metadata.deletionTimestamp !== undefined)
        return planCleanup(snapshot, { roster, object, nowMs });
      const others = snapshot.list(customResourceDefinitionResource).filter((each) => each !== object);
      const status = definitionStatus(object, { others, nowMs });
      return statusChange(customResourceDefinitionResource, object, {
        status,
        why: 'its names are looked at',
      });
    },
  };
}

/** An object that goes may be the last one that its definition waits for. */
function readInstances(type: ResourceType): Read {
  const name = type.custom?.definition ?? '';
  return readMetadata(type, (_, lookup) => {
    const definition = lookup.get(customResourceDefinitionResource, { name });
    return definition?.metadata.deletionTimestamp === undefined ? [] : [name];
  });
}

function planCleanup(
  snapshot: Snapshot<CustomResourceDefinition>,
  going: { readonly roster: KindRoster; readonly object: CustomResourceDefinition; readonly nowMs: number },
): Action[] {
  const { roster, object } = going;
  if (object.metadata.finalizers?.includes(CLEANUP_FINALIZER) !== true) return [];
  if (!isEstablished(object)) return [letGo(object, 'it was never established')];
  const { group, names } = object.spec;
  const type = roster.find({ group, plural: object.status?.acceptedNames?.plural ?? names.plural });
  if (type === undefined)
    return [{ type: 'requeue', afterMs: NO_VIEW_RETRY_MS, why: 'nothing is known of its objects yet' }];
  const left = snapshot.list(type);
  if (left.length === 0) return [letGo(object, 'all objects of its kind are gone')];
  return [...report(going), ...deleteInstances(type, left)];
}

function report({
  object,
  nowMs,
}: {
  readonly object: CustomResourceDefinition;
  readonly nowMs: number;
}): Action[] {
  const conditions = withCondition(
    object.status?.conditions,
    {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionInProgress',
      message: 'CustomResource deletion is in progress',
    },
    nowMs,
  );
  const status: CustomResourceDefinitionStatus = { ...object.status, conditions };
  return statusChange(customResourceDefinitionResource, object, {
    status,
    why: 'objects of its kind are left',
  });
}

function deleteInstances(type: ResourceType, left: readonly KubeObject[]): Action[] {
  const untouched = left.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const namespaces = new Set(untouched.map(({ metadata }) => metadata.namespace ?? ''));
  return [...namespaces].map((namespace) => ({
    type: 'deleteCollection',
    resource: type,
    namespace,
    why: 'the definition of their kind is being deleted',
  }));
}

function letGo({ metadata }: CustomResourceDefinition, why: string): Action {
  const finalizers = (metadata.finalizers ?? []).filter((each) => each !== CLEANUP_FINALIZER);
  const { name, resourceVersion } = metadata;
  return {
    type: 'patch',
    resource: customResourceDefinitionResource,
    name: { name },
    patch: { metadata: { resourceVersion, finalizers } },
    why,
  };
}
