import { type Deployment, deploymentResource } from '#api/apps/deployment.ts';
import type { ReplicaSet } from '#api/apps/replica-set.ts';
import type { Draft } from '#api/object.ts';
import { currentAnnotations, nextRevision } from '#controllers/deployment/revision.ts';
import { currentSize } from '#controllers/deployment/rolling-update.ts';
import type { Rollout } from '#controllers/deployment/rollout.ts';
import { controllerReference } from '#controllers/ownership.ts';
import { POD_TEMPLATE_HASH, templateHash } from '#controllers/template-hash.ts';

/** The name of the set for a Deployment's present template. */
export function currentSetName(deployment: Deployment): string {
  return `${deployment.metadata.name}-${hashOf(deployment)}`;
}

/** The set for a Deployment's present template, of the size that it may have at once. */
export function newReplicaSet(rollout: Rollout): Draft<ReplicaSet> {
  const { deployment } = rollout;
  const { spec, metadata } = deployment;
  const hash = { [POD_TEMPLATE_HASH]: hashOf(deployment) };
  const labels = { ...spec.template.metadata?.labels, ...hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      namespace: metadata.namespace ?? '',
      name: currentSetName(deployment),
      labels,
      annotations: currentAnnotations(deployment, {
        existing: undefined,
        revision: nextRevision(rollout.old),
      }),
      ownerReferences: [controllerReference(deploymentResource, deployment)],
    },
    spec: {
      replicas: currentSize(rollout),
      ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, ...hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  };
}

/** The patch that keeps the existing current set in line with its Deployment; undefined where it is. */
export function currentSetPatch({ deployment, current, old }: Rollout): object | undefined {
  if (current === undefined) return undefined;
  const annotations = currentAnnotations(deployment, { existing: current, revision: nextRevision(old) });
  const changed = Object.entries(annotations).filter(
    ([key, value]) => current.metadata.annotations?.[key] !== value,
  );
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  const isReadyTimeOther = minReadySeconds !== (current.spec.minReadySeconds ?? 0);
  if (changed.length === 0 && !isReadyTimeOther) return undefined;
  return {
    metadata: { resourceVersion: current.metadata.resourceVersion, annotations: Object.fromEntries(changed) },
    ...(isReadyTimeOther ? { spec: { minReadySeconds } } : {}),
  };
}

function hashOf({ spec, status }: Deployment): string {
  return templateHash(spec.template, status?.collisionCount ?? 0);
}
