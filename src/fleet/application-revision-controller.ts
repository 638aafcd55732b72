import { type Application, applicationResource } from '#api/fleet/application.ts';
import { applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { type ApplicationRevision, applicationRevisionResource } from '#api/fleet/application-revision.ts';
import type { KubeObject } from '#api/object.ts';
import { apiVersionOf, type ResourceType } from '#api/resource.ts';
import { compileLabelSelector } from '#api/selector.ts';
import { type Bundle, bundleOf } from '#fleet/bundle.ts';
import { conditionPatch } from '#fleet/conditions.ts';
import { instancesOfApplication } from '#fleet/instance-groups.ts';
import { manifestFault } from '#fleet/manifest-faults.ts';
import { TEMPLATE_KINDS, templateKindOf } from '#fleet/template-kinds.ts';
import type { BundleSigner } from '#pki/bundle-signature.ts';
import { type Action, type Controller, type Lookup, read, type Snapshot } from '#reconcile/controller.ts';
import { must } from '#system/assert.ts';

/** Revisions of an application that are kept; the oldest beyond it that no instance names are deleted. */
const REVISIONS_KEPT = 10;

/** The largest bundle, in bytes of its canonical text: with the rest of its ApplicationRevision it must fit into one object. */
const BUNDLE_BYTES_MAX = 2 * 1024 * 1024;

/**
 * Makes an application's source into an ApplicationRevision: immutable, named by its digest, signed. The same content is
 * the same revision, so going back is no new one.
 */
export function applicationRevisionController(signer: BundleSigner): Controller<Application> {
  return {
    name: 'application-revision',
    for: applicationResource,
    reads: [
      read(applicationRevisionResource, (revision) => [
        `${revision.metadata.namespace ?? ''}/${revision.spec.application}`,
      ]),
      // Which revisions are wanted is looked at when the application changes: that is soon enough.
      read(applicationInstanceResource, () => []),
      ...TEMPLATE_KINDS.map((type) => read(type, applicationsThatSelect)),
    ],
    writes: [
      { type: applicationResource, verbs: ['patchStatus'] },
      { type: applicationRevisionResource, verbs: ['create', 'delete'] },
    ],
    plan: (snapshot, nowMs) => plan(snapshot, nowMs, signer),
  };
}

/** Every application of the object's namespace whose selector takes it in; a change of labels is told twice, before and after. */
function applicationsThatSelect(object: KubeObject, lookup: Lookup): string[] {
  return lookup.list(applicationResource, { namespace: object.metadata.namespace }).flatMap((application) => {
    const { selector } = application.spec.source;
    const selects =
      selector !== undefined && compileLabelSelector(selector).matches(object.metadata.labels ?? {});
    return selects ? [`${application.metadata.namespace ?? ''}/${application.metadata.name}`] : [];
  });
}

function plan(snapshot: Snapshot<Application>, nowMs: number, signer: BundleSigner): Action[] {
  const application = snapshot.object;
  if (application === undefined || application.metadata.deletionTimestamp !== undefined) return [];
  if (application.spec.suspend === true) return [];
  const source = resolveSource(application, snapshot);
  if (source.type === 'refused') return refuse(application, { ...source, nowMs });
  const { bundle } = source;
  const name = `${application.metadata.name}-${bundle.digest.slice('sha256:'.length, 'sha256:'.length + 10)}`;
  const namespace = application.metadata.namespace ?? '';
  const existing = snapshot.get(applicationRevisionResource, { namespace, name });
  const actions: Action[] = [];
  if (existing === undefined) {
    actions.push({
      type: 'create',
      resource: applicationRevisionResource,
      object: revisionObject(application, { name, bundle, signer }),
      why: `the source of ${namespace}/${application.metadata.name} now has digest ${bundle.digest}`,
    });
  }
  actions.push(
    ...announce(application, {
      revision: { name, digest: bundle.digest },
      count: bundle.objects.length,
      nowMs,
    }),
  );
  return [...actions, ...pruneRevisions(application, { snapshot, current: name })];
}

type Source =
  | { readonly type: 'bundle'; readonly bundle: Bundle }
  | { readonly type: 'refused'; readonly reason: string; readonly message: string };

function resolveSource(application: Application, lookup: Lookup): Source {
  const namespace = application.metadata.namespace ?? '';
  const { inline, selector } = application.spec.source;
  const objects =
    inline === undefined ? selectedObjects(namespace, selector, lookup) : (inline.manifests as KubeObject[]);
  if (objects.length === 0) {
    const message =
      inline === undefined
        ? `no object in namespace "${namespace}" has the labels that spec.source.selector asks for: apply the manifests there, or correct the selector`
        : 'spec.source.inline.manifests is empty';
    return { type: 'refused', reason: 'SourceEmpty', message };
  }
  const foreign = objects.find((object) => templateKindOf(object) === undefined);
  if (foreign !== undefined) {
    const message = `${foreign.apiVersion} ${foreign.kind} "${foreign.metadata.name}" cannot be part of an application: sites take ${TEMPLATE_KINDS.map((type) => type.kind).join(', ')}`;
    return { type: 'refused', reason: 'KindNotAllowed', message };
  }
  const elsewhere = objects.find((object) => (object.metadata.namespace ?? namespace) !== namespace);
  if (elsewhere !== undefined) {
    const message = `${elsewhere.kind} "${elsewhere.metadata.name}" is of namespace "${elsewhere.metadata.namespace ?? ''}": an application holds objects of its own namespace "${namespace}" only`;
    return { type: 'refused', reason: 'NamespaceNotAllowed', message };
  }
  return inlineFault(inline === undefined ? [] : objects, namespace) ?? sizedBundle(objects, namespace);
}

/** What the hub's API has not looked at before: each manifest by itself, and that none stands twice. */
function inlineFault(manifests: readonly KubeObject[], namespace: string): Source | undefined {
  const seen = new Set<string>();
  for (const manifest of manifests) {
    const what = `${manifest.apiVersion} ${manifest.kind} "${manifest.metadata.name}"`;
    if (seen.has(what)) return { type: 'refused', reason: 'ManifestTwice', message: `${what} stands twice` };
    seen.add(what);
    const type = must(templateKindOf(manifest), 'kinds were looked at before');
    const fault = manifestFault(manifest, type, namespace);
    if (fault !== undefined)
      return { type: 'refused', reason: 'ManifestInvalid', message: `${what}: ${fault}` };
  }
  return undefined;
}

function sizedBundle(objects: readonly KubeObject[], namespace: string): Source {
  const bundle = bundleOf(objects, namespace);
  const bytes = Buffer.byteLength(bundle.manifests);
  if (bytes <= BUNDLE_BYTES_MAX) return { type: 'bundle', bundle };
  const message = `the manifests are ${bytes} bytes; at most ${BUNDLE_BYTES_MAX} fit`;
  return { type: 'refused', reason: 'SourceTooLarge', message };
}

/** Objects that a controller made belong to their owner and are no templates. */
function selectedObjects(
  namespace: string,
  selector: Application['spec']['source']['selector'],
  lookup: Lookup,
): KubeObject[] {
  if (selector === undefined) return [];
  const matcher = compileLabelSelector(selector);
  return TEMPLATE_KINDS.flatMap((type: ResourceType) =>
    lookup
      .list(type, { namespace })
      .filter(
        (object) =>
          object.metadata.deletionTimestamp === undefined && matcher.matches(object.metadata.labels ?? {}),
      )
      .filter((object) => !object.metadata.ownerReferences?.some((owner) => owner.controller === true))
      .map((object) => ({ ...object, apiVersion: apiVersionOf(type), kind: type.kind })),
  );
}

function revisionObject(
  application: Application,
  { name, bundle, signer }: { name: string; bundle: Bundle; signer: BundleSigner },
) {
  const { metadata, spec } = application;
  return {
    apiVersion: 'fleet.skerry.io/v1alpha1' as const,
    kind: 'ApplicationRevision' as const,
    metadata: {
      name,
      namespace: metadata.namespace ?? '',
      ownerReferences: [
        {
          apiVersion: application.apiVersion,
          kind: application.kind,
          name: metadata.name,
          uid: metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      application: metadata.name,
      digest: bundle.digest,
      manifests: bundle.manifests,
      objects: [...bundle.objects],
      images: [...bundle.images],
      origin: {
        source: spec.source.inline === undefined ? ('Selector' as const) : ('Inline' as const),
        generation: metadata.generation ?? 1,
      },
      signature: signer.sign(bundle.digest),
    },
  };
}

function refuse(
  application: Application,
  refusal: { reason: string; message: string; nowMs: number },
): Action[] {
  const { reason, message, nowMs } = refusal;
  const condition = { type: 'SourceReady', status: 'False' as const, reason, message };
  const conditions = conditionPatch(application, condition, nowMs);
  if (conditions === undefined) return [];
  return [
    statusPatch(
      application,
      { conditions, observedGeneration: application.metadata.generation ?? 1 },
      message,
    ),
    { type: 'event', regarding: application, eventType: 'Warning', reason, message, why: message },
  ];
}

function announce(
  application: Application,
  { revision, count, nowMs }: { revision: { name: string; digest: string }; count: number; nowMs: number },
): Action[] {
  const message = `${count} objects, digest ${revision.digest}`;
  const conditions = conditionPatch(
    application,
    { type: 'SourceReady', status: 'True', reason: 'Resolved', message },
    nowMs,
  );
  const isSame =
    application.status?.revision?.digest === revision.digest &&
    application.status.revision.name === revision.name;
  if (isSame && conditions === undefined) return [];
  const status = { revision, ...(conditions === undefined ? {} : { conditions }) };
  return [statusPatch(application, status, `the revision to run is ${revision.name}`)];
}

function statusPatch(application: Application, status: object, why: string): Action {
  const { name, namespace, resourceVersion } = application.metadata;
  const patch = { metadata: { resourceVersion }, status };
  return { type: 'patchStatus', resource: applicationResource, name: { namespace, name }, patch, why };
}

function pruneRevisions(
  application: Application,
  { snapshot, current }: { snapshot: Snapshot<Application>; current: string },
): Action[] {
  const namespace = application.metadata.namespace ?? '';
  const older: ApplicationRevision[] = snapshot
    .list(applicationRevisionResource, { ownedBy: application.metadata.uid })
    .filter((revision) => revision.metadata.name !== current)
    .toSorted(newestFirst)
    .slice(REVISIONS_KEPT);
  if (older.length === 0) return [];
  const wanted = new Set(
    instancesOfApplication(snapshot, application.metadata).map(({ spec }) => spec.revision.name),
  );
  return older
    .filter(({ metadata }) => !wanted.has(metadata.name))
    .map(({ metadata: { name, uid } }) => ({
      type: 'delete' as const,
      resource: applicationRevisionResource,
      name: { namespace, name },
      uid,
      why: `${REVISIONS_KEPT} newer revisions of the application are kept`,
    }));
}

function newestFirst({ metadata: a }: ApplicationRevision, { metadata: b }: ApplicationRevision): number {
  if (a.creationTimestamp !== b.creationTimestamp) return a.creationTimestamp < b.creationTimestamp ? 1 : -1;
  return a.name < b.name ? -1 : 1;
}
