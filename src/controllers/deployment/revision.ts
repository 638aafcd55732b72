import type { Deployment } from '#api/apps/deployment.ts';
import type { ReplicaSet } from '#api/apps/replica-set.ts';
import { rollingLimits } from '#controllers/deployment/rolling-limits.ts';
import { replicasOf } from '#controllers/deployment/rollout.ts';

/** The number of a revision; on the Deployment that of the current one, which `kubectl rollout` reads. */
export const REVISION = 'deployment.kubernetes.io/revision';
/** Earlier numbers of a revision that came back by a rollback, joined by commas. */
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
/** How many pods the Deployment wanted, and at most allowed, when it sized the set: the base of proportional scaling. */
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** The longest history kept in an annotation, in characters; above it the oldest numbers are dropped. */
const HISTORY_CHARS_MAX = 2000;

/** Annotations of a Deployment that its sets do not take over. */
const OWN_ANNOTATIONS = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
]);

/** The revision of a set, an int64 as Kubernetes counts them; 0 where it has none. */
export function revisionOf(set: ReplicaSet): bigint {
  const text = set.metadata.annotations?.[REVISION] ?? '';
  return /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
}

/** For sorting: the lowest revision first. */
export function byRevision(a: ReplicaSet, b: ReplicaSet): number {
  const difference = revisionOf(a) - revisionOf(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The revision of the current set: one more than that of any old one. */
export function nextRevision(old: readonly ReplicaSet[]): bigint {
  return old.map(revisionOf).reduce((highest, each) => (each > highest ? each : highest), 0n) + 1n;
}

/** Annotations of the current set: those of the Deployment, and its revision, which never falls. */
export function currentAnnotations(
  deployment: Deployment,
  { existing, revision }: { existing: ReplicaSet | undefined; revision: bigint },
): Record<string, string> {
  const inherited = Object.entries(deployment.metadata.annotations ?? {}).filter(
    ([key]) => !OWN_ANNOTATIONS.has(key),
  );
  const annotations = { ...existing?.metadata.annotations, ...Object.fromEntries(inherited) };
  if (existing === undefined)
    return { ...annotations, ...sizeAnnotations(deployment), [REVISION]: String(revision) };
  const before = revisionOf(existing);
  if (before >= revision) return annotations;
  const history = before === 0n ? {} : { [REVISION_HISTORY]: historyWith(existing, before) };
  return { ...annotations, ...history, [REVISION]: String(revision) };
}

/** The annotations that a set gets whenever it is sized. */
export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const replicas = replicasOf(deployment);
  return {
    [DESIRED_REPLICAS]: String(replicas),
    [MAX_REPLICAS]: String(replicas + rollingLimits(deployment).maxSurge),
  };
}

/** A count in an annotation of a set; undefined where it is absent or not a count. */
export function countAnnotation(set: ReplicaSet, key: string): number | undefined {
  const text = set.metadata.annotations?.[key] ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function historyWith(set: ReplicaSet, revision: bigint): string {
  const known = set.metadata.annotations?.[REVISION_HISTORY];
  const numbers = [...(known === undefined || known === '' ? [] : known.split(',')), String(revision)];
  while (numbers.join(',').length > HISTORY_CHARS_MAX) numbers.shift();
  return numbers.join(',');
}
