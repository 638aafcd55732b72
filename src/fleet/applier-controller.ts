import { podResource } from '#api/core/pod.ts';
import {
  type ApplicationInstance,
  type ApplicationInstanceStatus,
  applicationInstanceResource,
  CLEANUP_FINALIZER,
} from '#api/fleet/application-instance.ts';
import { type ApplicationRevision, applicationRevisionResource } from '#api/fleet/application-revision.ts';
import type { KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import type { SchemaSet } from '#api/schema.ts';
import {
  APPLICATION_LABEL,
  applyManifest,
  instancesOf,
  isSameObject,
  manifestsOf,
  ownerBeside,
  REVISION_ANNOTATION,
} from '#fleet/apply-manifest.ts';
import { type ResourceHealth, resourceHealth, summarise } from '#fleet/health.ts';
import { setStatus } from '#fleet/instance-status.ts';
import { TEMPLATE_KINDS, templateKindOf } from '#fleet/template-kinds.ts';
import { type Action, type Controller, type Lookup, read, type Snapshot } from '#reconcile/controller.ts';
import { must } from '#system/assert.ts';

/** Revisions of an application that a site keeps, the running ones not counted: to merge from, and to go back to. */
const REVISIONS_KEPT = 2;

/**
 * Makes a site run what its ApplicationInstances want. An object is touched only when the revision changes, and then only
 * in the fields that differ between the two revisions: what was changed on the spot stays (a scale, say) until the
 * hub changes that very field. Objects that the new revision lacks are deleted; those deleted on the spot come back.
 */
export function applierController(schemas: SchemaSet): Controller<ApplicationInstance> {
  return {
    name: 'applier',
    for: applicationInstanceResource,
    reads: [
      read(applicationRevisionResource, (revision, lookup) =>
        instancesOf(lookup, revision.metadata.namespace)
          .filter((instance) => instance.spec.application === revision.spec.application)
          .map(keyOf),
      ),
      ...TEMPLATE_KINDS.filter((type) => type.kind !== 'Pod').map((type) => read(type, instanceOfObject)),
      // What keeps a pod from running is told in the status of the application: its pods do not carry its label.
      read(podResource, (pod, lookup) => instancesOf(lookup, pod.metadata.namespace).map(keyOf)),
    ],
    writes: [
      { type: applicationInstanceResource, verbs: ['patch', 'patchStatus'] },
      { type: applicationRevisionResource, verbs: ['delete'] },
      ...TEMPLATE_KINDS.map((type) => ({ type, verbs: ['create', 'patch', 'delete'] as const })),
    ],
    plan: (snapshot) => plan(snapshot, schemas),
  };
}

function keyOf({ metadata }: ApplicationInstance): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function instanceOfObject(object: KubeObject, lookup: Lookup): string[] {
  const application = object.metadata.labels?.[APPLICATION_LABEL];
  if (application === undefined) return [];
  return instancesOf(lookup, object.metadata.namespace)
    .filter((instance) => instance.spec.application === application)
    .map(keyOf);
}

function plan(snapshot: Snapshot<ApplicationInstance>, schemas: SchemaSet): Action[] {
  const instance = snapshot.object;
  if (instance === undefined) return [];
  if (instance.metadata.deletionTimestamp !== undefined) return removeAll(instance, snapshot);
  const wanted = snapshot.get(applicationRevisionResource, {
    namespace: instance.metadata.namespace,
    name: instance.spec.revision.name,
  });
  if (wanted === undefined || wanted.spec.digest !== instance.spec.revision.digest) {
    return setStatus(instance, {
      ...instance.status,
      phase: 'Pending',
      reason: 'WaitingForBundle',
      message: 'the bundle of the wanted revision is not here yet',
    });
  }
  const manifests = manifestsOf(wanted);
  const planned = manifests.flatMap((manifest) =>
    applyManifest(manifest, { instance, wanted, snapshot, schemas }),
  );
  const changes = planned.filter(({ type }) => type !== 'requeue');
  const waits = planned.filter(({ type }) => type === 'requeue');
  // What is left over goes only once everything new is there.
  const leftovers = changes.length > 0 ? [] : prune(instance, { manifests, snapshot });
  const statusActions = setStatus(
    instance,
    statusOf(instance, { manifests, snapshot, isApplied: changes.length === 0 && leftovers.length === 0 }),
  );
  return [...changes, ...leftovers, ...statusActions, ...pruneRevisions(instance, snapshot), ...waits];
}

/** Every object at the site that belongs to the application. Objects that a controller made go with their owners. */
function ownedObjects(
  instance: ApplicationInstance,
  lookup: Lookup,
): { type: ResourceType; object: KubeObject }[] {
  return TEMPLATE_KINDS.flatMap((type) =>
    lookup
      .list(type, { namespace: instance.metadata.namespace })
      .filter((object) => object.metadata.labels?.[APPLICATION_LABEL] === instance.spec.application)
      .filter((object) => object.metadata.annotations?.[REVISION_ANNOTATION] !== undefined)
      .map((object) => ({ type, object })),
  );
}

function deletion({ type, object }: { type: ResourceType; object: KubeObject }, why: string): Action[] {
  const { namespace, name, uid, deletionTimestamp } = object.metadata;
  return deletionTimestamp === undefined
    ? [{ type: 'delete', resource: type, name: { namespace, name }, uid, why }]
    : [];
}

function prune(
  instance: ApplicationInstance,
  { manifests, snapshot }: { manifests: readonly KubeObject[]; snapshot: Lookup },
): Action[] {
  return ownedObjects(instance, snapshot)
    .filter(
      ({ type, object }) =>
        !manifests.some((manifest) =>
          isSameObject(manifest, { ...object, kind: type.kind, apiVersion: apiVersionOf(type) }),
        ),
    )
    .toReversed()
    .flatMap((owned) =>
      deletion(owned, `${owned.type.kind} ${owned.object.metadata.name} is no part of the wanted revision`),
    );
}

function removeAll(instance: ApplicationInstance, snapshot: Lookup): Action[] {
  const owned = ownedObjects(instance, snapshot);
  if (owned.length > 0) {
    const deletions = owned
      .toReversed()
      .flatMap((entry) =>
        deletion(entry, `application ${instance.spec.application} is removed from this site`),
      );
    return [
      ...deletions,
      ...setStatus(instance, {
        ...instance.status,
        phase: 'Removing',
        message: `${owned.length} objects are still here`,
      }),
    ];
  }
  const { namespace, name, resourceVersion, finalizers = [] } = instance.metadata;
  const left = finalizers.filter((finalizer) => finalizer !== CLEANUP_FINALIZER);
  if (left.length === finalizers.length) return [];
  const patch = { metadata: { resourceVersion, finalizers: left } };
  const revisions = revisionsOf(instance, snapshot).map((revision) =>
    revisionDeletion(revision, 'its application was removed'),
  );
  return [
    ...revisions,
    {
      type: 'patch',
      resource: applicationInstanceResource,
      name: { namespace, name },
      patch,
      why: 'nothing of the application is left here',
    },
  ];
}

function revisionsOf(instance: ApplicationInstance, lookup: Lookup): ApplicationRevision[] {
  return lookup
    .list(applicationRevisionResource, { namespace: instance.metadata.namespace })
    .filter((revision) => revision.spec.application === instance.spec.application);
}

function revisionDeletion(revision: ApplicationRevision, why: string): Action {
  const { namespace, name, uid } = revision.metadata;
  return { type: 'delete', resource: applicationRevisionResource, name: { namespace, name }, uid, why };
}

/** Old revisions go, but never one from which an object here was applied. */
function pruneRevisions(instance: ApplicationInstance, snapshot: Lookup): Action[] {
  const inUse = new Set(
    ownedObjects(instance, snapshot).map(({ object }) => object.metadata.annotations?.[REVISION_ANNOTATION]),
  );
  return revisionsOf(instance, snapshot)
    .filter(
      (revision) =>
        revision.spec.digest !== instance.spec.revision.digest && !inUse.has(revision.spec.digest),
    )
    .toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1))
    .slice(REVISIONS_KEPT)
    .map((revision) => revisionDeletion(revision, `${REVISIONS_KEPT} newer revisions are kept`));
}

function statusOf(
  instance: ApplicationInstance,
  {
    manifests,
    snapshot,
    isApplied,
  }: { manifests: readonly KubeObject[]; snapshot: Lookup; isApplied: boolean },
): ApplicationInstanceStatus {
  const pods = snapshot.list(podResource, { namespace: instance.metadata.namespace });
  const resources = manifests.map((manifest): ResourceHealth => {
    const type = must(templateKindOf(manifest), 'checked when it was applied');
    const { kind, apiVersion } = manifest;
    const { name } = manifest.metadata;
    const live = snapshot.get(type, { namespace: instance.metadata.namespace, name });
    const owner = live === undefined ? undefined : ownerBeside(instance, live, snapshot);
    if (owner === undefined) return resourceHealth(manifest, live, pods);
    return {
      apiVersion,
      kind,
      name,
      health: 'Degraded',
      message: `belongs to application ${owner}, which runs here too`,
    };
  });
  const summary = summarise(resources);
  const running = isApplied ? instance.spec.revision : instance.status?.runningRevision;
  return {
    observedGeneration: instance.metadata.generation ?? 1,
    ...(running === undefined ? {} : { runningRevision: running }),
    ...(isApplied
      ? summary
      : {
          phase: 'Progressing',
          reason: 'Applying',
          message: 'the objects of the wanted revision are being applied',
        }),
    resources,
  };
}
