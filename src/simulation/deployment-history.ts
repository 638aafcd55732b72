import type { Deployment } from '#api/apps/deployment.ts';
import { APPLICATION_LABEL, REVISION_ANNOTATION } from '#fleet/apply-manifest.ts';

/** What is known of one Deployment of one site. */
interface Known {
  readonly uid: string;
  readonly generation: number;
  /** From which revision it was last applied. */
  readonly digest: string | undefined;
  readonly application: string | undefined;
  /** All of its pods are those of its newest spec, and ready, and its controller has said so. */
  readonly isSettled: boolean;
}

/** How a Deployment came to change. */
export type DeploymentChange = 'none' | 'applied' | 'local' | 'removed';

/** The Deployments of all sites, as their stores say: which are settled, and what unsettles them. */
export class DeploymentHistory {
  readonly #known = new Map<string, Known>();

  /** Takes a Deployment's new state, and says what has changed of what is wanted. */
  take(place: string, name: string, { metadata, spec, status }: Deployment): DeploymentChange {
    const key = `${place} ${name}`;
    const before = this.#known.get(key);
    const { uid, generation = 1 } = metadata;
    const digest = metadata.annotations?.[REVISION_ANNOTATION];
    const application = metadata.labels?.[APPLICATION_LABEL];
    if (metadata.deletionTimestamp !== undefined) {
      this.#known.set(key, { uid, generation, digest, application, isSettled: false });
      return 'removed';
    }
    const isSame = before?.uid === uid && before.generation === generation;
    const replicas = spec.replicas ?? 1;
    const counts = [
      status?.replicas ?? 0,
      status?.updatedReplicas ?? 0,
      status?.readyReplicas ?? 0,
      status?.availableReplicas ?? 0,
    ];
    const isDone = status?.observedGeneration === generation && counts.every((count) => count === replicas);
    this.#known.set(key, {
      uid,
      generation,
      digest,
      application,
      isSettled: isDone || (isSame && before.isSettled),
    });
    if (isSame) return 'none';
    return before?.uid === uid && before.digest === digest ? 'local' : 'applied';
  }

  /** It is gone: nothing that belonged to it has a reason to stay. */
  forget(place: string, name: string): void {
    this.#known.delete(`${place} ${name}`);
  }

  /** The application of a Deployment that is there. */
  applicationOf(place: string, name: string): string | undefined {
    return this.#known.get(`${place} ${name}`)?.application;
  }

  /** Whether a Deployment is there whose pods all are as wanted: none of them has a reason to go. */
  isSettled(place: string, name: string): boolean {
    return this.#known.get(`${place} ${name}`)?.isSettled === true;
  }
}
