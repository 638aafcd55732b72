import { type Namespace, type NamespaceCondition, namespaceResource } from '#api/core/namespace.ts';
import { type KubeObject, objectKey } from '#api/object.ts';
import { type ResourceType, resourceName } from '#api/resource.ts';
import { withCondition } from '#controllers/condition-list.ts';
import type { KindRoster } from '#controllers/kind-roster.ts';
import { statusChange } from '#controllers/status-change.ts';
import {
  type Action,
  type Controller,
  type Lookup,
  type Read,
  readMetadata,
  type Write,
} from '#reconcile/controller.ts';

/**
 * Empties a namespace that is being deleted and lets it go: pods first, so that what protects them (policies, quotas)
 * outlives them, then all else (KEP-5080). What is left is told in its conditions. `roster` has all kinds; the server lets no
 * namespace go while anything is in it, of those kinds or others.
 */
export function namespaceController(roster: KindRoster): Controller<Namespace> {
  const namespaced = roster.types.filter((type) => type.namespaced);
  // Events are many and nobody waits for them: they go unseen, at the very end.
  const events = namespaced.filter(isEvent);
  const watched = namespaced.filter((type) => !isEvent(type));
  const readOf = (type: ResourceType): Read => readMetadata(type, concernedNamespace);
  const writeOf = (type: ResourceType): Write => ({ type, verbs: ['deleteCollection'] });
  return {
    name: 'namespace-controller',
    for: namespaceResource,
    reads: watched.map(readOf),
    writes: [{ type: namespaceResource, verbs: ['finalize', 'patchStatus'] }, ...namespaced.map(writeOf)],
    laterKinds: { read: readOf, write: writeOf },
    plan(snapshot, nowMs) {
      const { object: namespace } = snapshot;
      if (namespace?.metadata.deletionTimestamp === undefined) return [];
      const { name } = namespace.metadata;
      const contents = contentsOf(snapshot, {
        namespace: name,
        types: roster.types.filter((type) => type.namespaced && !isEvent(type)),
      });
      if (contents.length > 0) {
        return [...deleteContents(namespace, contents), ...reportContents(namespace, { contents, nowMs })];
      }
      const why = 'the namespace is being deleted and nothing is left in it';
      return [
        ...events.map((resource) => ({ type: 'deleteCollection', resource, namespace: name, why }) as const),
        { type: 'finalize', resource: namespaceResource, name: { name }, why },
      ];
    },
  };
}

function isEvent({ group, kind }: ResourceType): boolean {
  return kind === 'Event' && (group === '' || group === 'events.k8s.io');
}

/** What is left of one kind; never nothing. */
interface Content {
  readonly type: ResourceType;
  readonly objects: readonly KubeObject[];
}

function concernedNamespace({ metadata }: Pick<KubeObject, 'metadata'>, lookup: Lookup): readonly string[] {
  const namespace = lookup.get(namespaceResource, { name: metadata.namespace ?? '' });
  return namespace?.metadata.deletionTimestamp === undefined ? [] : [objectKey(namespace)];
}

function contentsOf(
  lookup: Lookup,
  { namespace, types }: { namespace: string; types: readonly ResourceType[] },
): Content[] {
  return types
    .map((type) => ({ type, objects: lookup.list(type, { namespace }) }))
    .filter(({ objects }) => objects.length > 0);
}

function deleteContents(namespace: Namespace, contents: readonly Content[]): Action[] {
  const pods = contents.filter(({ type }) => resourceName(type) === 'pods');
  const isUntouched = ({ objects }: Content): boolean =>
    objects.some(({ metadata }) => metadata.deletionTimestamp === undefined);
  return (pods.length > 0 ? pods : contents).filter(isUntouched).map(({ type }) => ({
    type: 'deleteCollection',
    resource: type,
    namespace: namespace.metadata.name,
    why: 'the namespace is being deleted',
  }));
}

/** The conditions by which a user sees why a namespace does not go. */
function reportContents(
  namespace: Namespace,
  { contents, nowMs }: { contents: readonly Content[]; nowMs: number },
): Action[] {
  const remaining = contents.map(
    ({ type, objects }) => `${resourceName(type)} has ${objects.length} resource instances`,
  );
  const finalizers = countFinalizers(contents).map(
    ([finalizer, count]) => `${finalizer} in ${count} resource instances`,
  );
  const wanted: Omit<NamespaceCondition, 'lastTransitionTime'>[] = [
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: `Some resources are remaining: ${remaining.toSorted().join(', ')}`,
    },
    {
      type: 'NamespaceFinalizersRemaining',
      ...(finalizers.length > 0
        ? {
            status: 'True',
            reason: 'SomeFinalizersRemain',
            message: `Some content in the namespace has finalizers remaining: ${finalizers.toSorted().join(', ')}`,
          }
        : {
            status: 'False',
            reason: 'ContentHasNoFinalizers',
            message: 'All content-preserving finalizers finished',
          }),
    },
  ];
  const conditions = wanted.reduce(
    (list, condition) => withCondition(list, condition, nowMs),
    namespace.status?.conditions ?? [],
  );
  const why = 'something is left in the namespace';
  return statusChange(namespaceResource, namespace, { status: { ...namespace.status, conditions }, why });
}

function countFinalizers(contents: readonly Content[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const finalizer of contents.flatMap(({ objects }) =>
    objects.flatMap(({ metadata }) => metadata.finalizers ?? []),
  )) {
    counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1);
  }
  return [...counts];
}
