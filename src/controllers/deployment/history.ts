import type { ReplicaSet } from '#api/apps/replica-set.ts';
import { byRevision } from '#controllers/deployment/revision.ts';
import { type Rollout, sizeOf } from '#controllers/deployment/rollout.ts';

/** Revisions kept where the Deployment does not say. */
const HISTORY_LIMIT_DEFAULT = 10;

/** Old sets beyond `revisionHistoryLimit`, lowest revision first; one that may still have pods is never among them. */
export function expiredSets({ deployment, old }: Rollout): ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit ?? HISTORY_LIMIT_DEFAULT;
  const alive = old.filter((set) => set.metadata.deletionTimestamp === undefined);
  const excess = Math.max(0, alive.length - limit);
  return alive.toSorted(byRevision).slice(0, excess).filter(isEmpty);
}

function isEmpty(set: ReplicaSet): boolean {
  const isObserved = (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0);
  return sizeOf(set) === 0 && (set.status?.replicas ?? 0) === 0 && isObserved;
}
