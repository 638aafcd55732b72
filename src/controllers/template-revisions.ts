import { type ControllerRevision, controllerRevisionResource } from '#api/apps/controller-revision.ts';
import { canonicalJson } from '#api/canonical-json.ts';
import type { PodTemplateSpec } from '#api/core/pod-template.ts';
import {
  controllerOf,
  type Json,
  type KubeObject,
  type LabelSelector,
  type OwnerReference,
} from '#api/object.ts';
import { encodeHash, hashText } from '#controllers/name-suffix.ts';
import { matcherOf } from '#controllers/selector-matcher.ts';
import type { Action, Lookup } from '#reconcile/controller.ts';
import { labelIndex, selectObjects } from '#reconcile/label-index.ts';

/** The label by which a pod says of which revision it is. */
export const REVISION_LABEL = 'controller-revision-hash';
/** The label of a revision that holds its hash alone, without the owner's name. */
export const HASH_LABEL = 'controller.kubernetes.io/hash';

/** A StatefulSet or DaemonSet: what keeps the history of its template in ControllerRevisions. */
export interface RevisionedWorkload extends KubeObject {
  spec: { selector: LabelSelector; template: PodTemplateSpec; revisionHistoryLimit?: number };
  status?: { collisionCount?: number };
}

/** The revisions of a workload's template. */
export interface TemplateHistory {
  /** Those that are there, oldest first; the one of the present template is among them, even if it is yet to be made. */
  readonly revisions: readonly TemplateRevision[];
  readonly update: TemplateRevision;
  /** Creation, or renumbering, of the revision of the present template. */
  readonly actions: readonly Action[];
  /** The name of the new revision is taken by something else: the workload counts a collision, which changes the name. */
  readonly collides: boolean;
}

export interface TemplateRevision {
  readonly name: string;
  readonly hash: string;
  readonly number: number;
  /** Undefined where it is yet to be made. */
  readonly object: ControllerRevision | undefined;
  readonly template: PodTemplateSpec;
}

/** The history of a workload's template, and what brings it up to date (Kubernetes "controller history"). */
export function templateHistory(
  lookup: Lookup,
  { workload, owner }: { workload: RevisionedWorkload; owner: OwnerReference },
): TemplateHistory {
  const stored = storedRevisions(lookup, workload);
  const highest = stored.reduce((most, { number }) => Math.max(most, number), 0);
  const text = textOf(workload.spec.template);
  const same = stored.findLast(({ template }) => textOf(template) === text);
  if (same?.object !== undefined) {
    if (same.number === highest) return { revisions: stored, update: same, actions: [], collides: false };
    const update = { ...same, number: highest + 1 };
    const others = stored.filter((revision) => revision !== same);
    return {
      revisions: [...others, update],
      update,
      actions: [renumber(same.object, highest + 1)],
      collides: false,
    };
  }
  const update = newRevision(workload, { number: highest + 1, text });
  const { namespace } = workload.metadata;
  const isTaken = lookup.get(controllerRevisionResource, { namespace, name: update.name }) !== undefined;
  const actions = isTaken ? [] : [createRevision(update, { workload, owner })];
  return { revisions: [...stored, update], update, actions, collides: isTaken };
}

/** Deletes the oldest revisions beyond the limit that no pod is of, and that are not `live`. */
export function deleteOldRevisions(
  { revisions }: TemplateHistory,
  { limit, isLive }: { limit: number; isLive: (revision: TemplateRevision) => boolean },
): Action[] {
  const dead = revisions.filter((revision) => revision.object !== undefined && !isLive(revision));
  return dead.slice(0, Math.max(0, dead.length - limit)).flatMap(({ object }): Action[] => {
    if (object === undefined) return [];
    const { namespace, name, uid } = object.metadata;
    const why = 'it is older than revisionHistoryLimit keeps, and no pod is of it';
    return [{ type: 'delete', resource: controllerRevisionResource, name: { namespace, name }, uid, why }];
  });
}

function storedRevisions(lookup: Lookup, workload: RevisionedWorkload): TemplateRevision[] {
  const { namespace = '', uid } = workload.metadata;
  const matcher = matcherOf(workload.spec.selector);
  const matching = selectObjects(lookup, labelIndex(controllerRevisionResource), { namespace, matcher });
  const own = matching.filter((revision) => controllerOf(revision)?.uid === uid);
  return own
    .flatMap((object) => describeRevision(object) ?? [])
    .toSorted((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1));
}

/** Stored objects never change: each is read, and each template written out, once. */
const described = new WeakMap<ControllerRevision, TemplateRevision>();
const texts = new WeakMap<PodTemplateSpec, string>();

function textOf(template: PodTemplateSpec): string {
  const known = texts.get(template);
  if (known !== undefined) return known;
  const text = canonicalJson(template);
  texts.set(template, text);
  return text;
}

/** Undefined where the data of a revision is not a template: somebody else's. */
function describeRevision(object: ControllerRevision): TemplateRevision | undefined {
  const known = described.get(object);
  if (known !== undefined) return known;
  const data = object.data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | undefined;
  if (data?.spec?.template === undefined) return undefined;
  const { $patch: _directive, ...template } = data.spec.template;
  const { name, labels } = object.metadata;
  const revision = { name, hash: labels?.[HASH_LABEL] ?? '', number: object.revision, object, template };
  described.set(object, revision);
  return revision;
}

function newRevision(
  workload: RevisionedWorkload,
  { number, text }: { number: number; text: string },
): TemplateRevision {
  const hash = encodeHash(hashText(`${text}/${workload.status?.collisionCount ?? 0}`));
  const name = `${workload.metadata.name}-${hash}`;
  return { name, hash, number, object: undefined, template: workload.spec.template };
}

/** Its data is a strategic merge patch of the workload: `kubectl rollout undo` applies it as it is. */
function createRevision(
  { name, hash, number, template }: TemplateRevision,
  { workload, owner }: { workload: RevisionedWorkload; owner: OwnerReference },
): Action {
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash, [REVISION_LABEL]: hash };
  const metadata = { namespace: workload.metadata.namespace ?? '', name, labels, ownerReferences: [owner] };
  const data = { spec: { template: { ...template, $patch: 'replace' } } } as unknown as Json;
  const object = { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata, data, revision: number };
  return {
    type: 'create',
    resource: controllerRevisionResource,
    object,
    why: 'the template has not been kept as a revision yet',
  };
}

function renumber(
  { metadata: { namespace, name, resourceVersion } }: ControllerRevision,
  revision: number,
): Action {
  const patch = { metadata: { resourceVersion }, revision };
  const why = 'an earlier template is the present one again';
  return { type: 'patch', resource: controllerRevisionResource, name: { namespace, name }, patch, why };
}
