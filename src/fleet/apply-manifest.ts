import { type ApplicationInstance, applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { type ApplicationRevision, applicationRevisionResource } from '#api/fleet/application-revision.ts';
import type { JsonObject } from '#api/json.ts';
import type { Draft, Json, KubeObject } from '#api/object.ts';
import type { SchemaSet } from '#api/schema.ts';
import { mergeThreeWay } from '#api/three-way-merge.ts';
import { setStatus } from '#fleet/instance-status.ts';
import { mergePatchOf } from '#fleet/merge-patch-of.ts';
import { templateKindOf } from '#fleet/template-kinds.ts';
import type { Action, Lookup } from '#reconcile/controller.ts';
import { must } from '#system/assert.ts';

/** Label by which an object at a site belongs to an application. */
export const APPLICATION_LABEL = 'fleet.skerry.io/application';

/** Annotation that says from which revision (by digest) an object at a site was last applied. */
export const REVISION_ANNOTATION = 'fleet.skerry.io/revision';

/** When an object that another application has is looked at again, in milliseconds. */
const OWNED_RETRY_MS = 60_000;

/** Instances of a namespace: at a site, one for each application. */
export function instancesOf(lookup: Lookup, namespace: string | undefined): readonly ApplicationInstance[] {
  return lookup.list(applicationInstanceResource, { namespace });
}

/** Parsed once for each revision. */
const parsedManifests = new WeakMap<ApplicationRevision, readonly KubeObject[]>();

/** The objects of a revision. */
export function manifestsOf(revision: ApplicationRevision): readonly KubeObject[] {
  const known = parsedManifests.get(revision);
  if (known !== undefined) return known;
  const manifests = JSON.parse(revision.spec.manifests) as KubeObject[];
  parsedManifests.set(revision, manifests);
  return manifests;
}

export interface ManifestContext {
  readonly instance: ApplicationInstance;
  readonly wanted: ApplicationRevision;
  readonly snapshot: Lookup;
  readonly schemas: SchemaSet;
}

/** What brings one object of the site to the wanted revision. */
export function applyManifest(
  manifest: KubeObject,
  { instance, wanted, snapshot, schemas }: ManifestContext,
): Action[] {
  const type = must(templateKindOf(manifest), `the hub refuses kind ${manifest.kind} in an application`);
  const { name } = manifest.metadata;
  const { namespace } = instance.metadata;
  const desired = marked(manifest, { application: instance.spec.application, digest: wanted.spec.digest });
  const live = snapshot.get(type, { namespace, name });
  const what = `${manifest.kind} ${name}`;
  const refused = (message: string): Action[] =>
    setStatus(instance, {
      ...instance.status,
      phase: 'Failed',
      reason: 'ApplyRefused',
      message: `${what}: ${message}`,
    });
  if (live === undefined) {
    const why = `${what} belongs to revision ${wanted.metadata.name}`;
    return [{ type: 'create', resource: type, object: desired, why, refused }];
  }
  // It is on its way out; once gone it is made anew.
  if (live.metadata.deletionTimestamp !== undefined) return [];
  if (ownerBeside(instance, live, snapshot) !== undefined) {
    return [{ type: 'requeue', afterMs: OWNED_RETRY_MS, why: `${what} belongs to another application` }];
  }
  const applied = live.metadata.annotations?.[REVISION_ANNOTATION];
  if (applied === wanted.spec.digest) return [];
  const base = baseManifest(manifest, { instance, applied, snapshot });
  const merged = mergeThreeWay({
    base: base as JsonObject | undefined,
    desired: desired as unknown as JsonObject,
    live: live as unknown as JsonObject,
    schema: schemas.get(type.schema),
    schemas,
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
      refused,
      why: `${what} goes to revision ${wanted.metadata.name}`,
    },
  ];
}

/** Another application that runs here and has this object: two of them must not take it from each other for ever. */
export function ownerBeside(
  instance: ApplicationInstance,
  live: KubeObject,
  lookup: Lookup,
): string | undefined {
  const owner = live.metadata.labels?.[APPLICATION_LABEL];
  if (owner === undefined || owner === instance.spec.application) return undefined;
  const isHere = instancesOf(lookup, instance.metadata.namespace).some(
    ({ spec }) => spec.application === owner,
  );
  return isHere ? owner : undefined;
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
  if (revision === undefined || before === undefined) return undefined;
  return marked(before, { application: revision.spec.application, digest: applied });
}

/** Whether two manifests are of the same object. */
export function isSameObject(a: KubeObject, b: KubeObject): boolean {
  return a.kind === b.kind && a.apiVersion === b.apiVersion && a.metadata.name === b.metadata.name;
}
