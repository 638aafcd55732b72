import { podResource } from '#api/core/pod.ts';
import {
  type ApplicationInstance,
  type ApplicationInstanceStatus,
  applicationInstanceResource,
  CLEANUP_FINALIZER,
} from '#api/fleet/application-instance.ts';
import { type ApplicationRevision, applicationRevisionResource } from '#api/fleet/application-revision.ts';
import { equalJson, type JsonObject } from '#api/json.ts';
import type { Draft, Json, KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import type { SchemaSet } from '#api/schema.ts';
import { mergeThreeWay } from '#api/three-way-merge.ts';
import { type ResourceHealth, resourceHealth, summarise } from '#fleet/health.ts';
import { mergePatchOf } from '#fleet/merge-patch-of.ts';
import { TEMPLATE_KINDS, templateKindOf } from '#fleet/template-kinds.ts';
import { type Action, type Controller, type Lookup, read, type Snapshot } from '#reconcile/controller.ts';
import { must } from '#system/assert.ts';

/** Label by which an object at a site belongs to an application. */
export const APPLICATION_LABEL = 'fleet.skerry.io/application';

/** Annotation that says from which revision (by digest) an object at a site was last applied. */
export const REVISION_ANNOTATION = 'fleet.skerry.io/revision';

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
    plan: (snapshot, nowMs) => plan(snapshot, { nowMs, schemas }),
  };
}

function keyOf({ metadata }: ApplicationInstance): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function instancesOf(lookup: Lookup, namespace: string | undefined): readonly ApplicationInstance[] {
  return lookup.list(applicationInstanceResource, { namespace });
}

function instanceOfObject(object: KubeObject, lookup: Lookup): string[] {
  const application = object.metadata.labels?.[APPLICATION_LABEL];
  if (application === undefined) return [];
  return instancesOf(lookup, object.metadata.namespace)
    .filter((instance) => instance.spec.application === application)
    .map(keyOf);
}

interface PlanContext {
  readonly nowMs: number;
  readonly schemas: SchemaSet;
}

function plan(snapshot: Snapshot<ApplicationInstance>, context: PlanContext): Action[] {
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
  const changes = manifests.flatMap((manifest) =>
    applyManifest(manifest, { instance, wanted, snapshot, context }),
  );
  // What is left over goes only once everything new is there.
  const leftovers = changes.length > 0 ? [] : prune(instance, { manifests, snapshot });
  const statusActions = setStatus(
    instance,
    statusOf(instance, { manifests, snapshot, isApplied: changes.length === 0 && leftovers.length === 0 }),
  );
  return [...changes, ...leftovers, ...statusActions, ...pruneRevisions(instance, snapshot)];
}

/** The objects of a revision; parsed once for each. */
const parsedManifests = new WeakMap<ApplicationRevision, readonly KubeObject[]>();

function manifestsOf(revision: ApplicationRevision): readonly KubeObject[] {
  const known = parsedManifests.get(revision);
  if (known !== undefined) return known;
  const manifests = JSON.parse(revision.spec.manifests) as KubeObject[];
  parsedManifests.set(revision, manifests);
  return manifests;
}

interface ManifestContext {
  readonly instance: ApplicationInstance;
  readonly wanted: ApplicationRevision;
  readonly snapshot: Lookup;
  readonly context: PlanContext;
}

function applyManifest(
  manifest: KubeObject,
  { instance, wanted, snapshot, context }: ManifestContext,
): Action[] {
  const type = must(templateKindOf(manifest), `the hub refuses kind ${manifest.kind} in an application`);
  const { name } = manifest.metadata;
  const { namespace } = instance.metadata;
  const desired = marked(manifest, { application: instance.spec.application, digest: wanted.spec.digest });
  const live = snapshot.get(type, { namespace, name });
  const what = `${manifest.kind} ${name}`;
  if (live === undefined) {
    return [
      {
        type: 'create',
        resource: type,
        object: desired,
        why: `${what} belongs to revision ${wanted.metadata.name}`,
      },
    ];
  }
  // It is on its way out; once gone it is made anew.
  if (live.metadata.deletionTimestamp !== undefined) return [];
  const applied = live.metadata.annotations?.[REVISION_ANNOTATION];
  if (applied === wanted.spec.digest) return [];
  const base = baseManifest(manifest, { instance, applied, snapshot });
  const merged = mergeThreeWay({
    base: base as JsonObject | undefined,
    desired: desired as unknown as JsonObject,
    live: live as unknown as JsonObject,
    schema: context.schemas.get(type.schema),
    schemas: context.schemas,
  });
  const patch = mergePatchOf(live as unknown as JsonObject, merged as { readonly [key: string]: Json });
  if (patch === undefined) return [];
  const conditional = {
    ...patch,
    metadata: { ...(patch.metadata as object), resourceVersion: live.metadata.resourceVersion },
  };
  return [
    {
      type: 'patch',
      resource: type,
      name: { namespace, name },
      patch: conditional,
      why: `${what} goes to revision ${wanted.metadata.name}`,
    },
  ];
}

/** The manifest with the marks by which the site knows it again. */
function marked(
  manifest: KubeObject,
  { application, digest }: { application: string; digest: string },
): Draft {
  const { metadata } = manifest;
  return {
    ...manifest,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [APPLICATION_LABEL]: application },
      annotations: { ...metadata.annotations, [REVISION_ANNOTATION]: digest },
    },
  };
}

/** The object as the revision had it that was applied last; an object that was here before the application has no base. */
function baseManifest(
  manifest: KubeObject,
  {
    instance,
    applied,
    snapshot,
  }: { instance: ApplicationInstance; applied: string | undefined; snapshot: Lookup },
): Draft | undefined {
  if (applied === undefined) return undefined;
  const revision = snapshot
    .list(applicationRevisionResource, { namespace: instance.metadata.namespace })
    .find((candidate) => candidate.spec.digest === applied);
  const before =
    revision === undefined
      ? undefined
      : manifestsOf(revision).find((object) => isSameObject(object, manifest));
  return before === undefined
    ? undefined
    : marked(before, { application: instance.spec.application, digest: applied });
}

function isSameObject(a: KubeObject, b: KubeObject): boolean {
  return a.kind === b.kind && a.apiVersion === b.apiVersion && a.metadata.name === b.metadata.name;
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
    return resourceHealth(
      manifest,
      snapshot.get(type, { namespace: instance.metadata.namespace, name: manifest.metadata.name }),
      pods,
    );
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

function setStatus(instance: ApplicationInstance, status: ApplicationInstanceStatus): Action[] {
  if (equalJson((instance.status ?? {}) as Json, status as Json)) return [];
  const { namespace, name, resourceVersion } = instance.metadata;
  const absent = Object.fromEntries(
    Object.keys(instance.status ?? {})
      .filter((field) => !(field in status))
      .map((field) => [field, null]),
  );
  const patch = { metadata: { resourceVersion }, status: { ...status, ...absent } };
  return [
    {
      type: 'patchStatus',
      resource: applicationInstanceResource,
      name: { namespace, name },
      patch,
      why: `the application is ${status.phase ?? 'unknown'} here`,
    },
  ];
}
