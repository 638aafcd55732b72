import { type Deployment, deploymentResource } from '#api/apps/deployment.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { type ApplicationInstance, applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { type ApplicationRevision, applicationRevisionResource } from '#api/fleet/application-revision.ts';
import { controllerOf } from '#api/object.ts';
import { objectStoreKey } from '#apiserver/stored-object.ts';
import type { SimulatedContainer } from '#cri/simulated-machine.ts';
import { DeploymentHistory } from '#simulation/deployment-history.ts';
import type { InvariantMaker } from '#simulation/invariant.ts';
import { nameOfStoreKey, storedObject } from '#simulation/stored-object-view.ts';
import type { World } from '#simulation/world.ts';

/**
 * Nothing is stopped because the hub is absent, slow, empty or back. A chain of causes stands behind every stop:
 *
 * 1. a site's agent stops a running container only where the site's own store has its pod no more, has it terminating, or
 *    has a newer container in its place;
 * 2. a pod begins to terminate only where a person at the site deleted it, or its Deployment is gone, leaving, or not yet
 *    settled since its last change;
 * 3. a Deployment's spec changes or goes only by a person at the site, or together with the revision that it is
 *    applied from, which changes as `desired-from-hub` says.
 *
 * A container that merely runs across an outage of the hub has no such cause: it is neither stopped nor restarted.
 */
export const stopsHaveCauses: InvariantMaker = (world, broken) => {
  const history = new DeploymentHistory();
  const terminating = new Set<string>();

  const takeDeployment = (place: string, name: string, deployment: Deployment): void => {
    const change = history.take(place, name, deployment);
    if (change === 'removed') checkRemoval(place, name);
    if (change === 'local' && !world.localCauses.has(`${place} deployment ${name}`)) {
      broken(`${place}: Deployment ${name} changed, and nobody at the site nor a new revision changed it`);
    }
  };

  const checkRemoval = (place: string, name: string): void => {
    const application = history.applicationOf(place, name);
    if (application === undefined || world.localCauses.has(`${place} deployment ${name}`)) return;
    void isUnwanted(world, { site: place, deployment: name, application }).then((isMeant) => {
      if (!isMeant)
        broken(
          `${place}: Deployment ${name} is deleted, and the site's accepted revision of "${application}" has it`,
        );
    });
  };

  const takePod = (place: string, name: string, pod: Pod): void => {
    const { uid, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp === undefined || terminating.has(uid)) return;
    terminating.add(uid);
    const deployment = deploymentOf(pod);
    if (deployment === undefined || !history.isSettled(place, deployment)) return;
    if (!world.localCauses.has(`${place} pod ${name}`))
      broken(`${place}: pod ${name} is deleted, and its Deployment wants it`);
  };

  return {
    name: 'stops-have-causes',
    committed(place, operations) {
      if (place === 'hub') return;
      for (const operation of operations) {
        const deployment = nameOfStoreKey(deploymentResource, operation.key);
        if (deployment !== undefined && operation.type === 'delete') {
          checkRemoval(place, deployment);
          history.forget(place, deployment);
        }
        if (deployment !== undefined && operation.type === 'put')
          takeDeployment(place, deployment, storedObject(operation.value));
        const pod = nameOfStoreKey(podResource, operation.key);
        if (pod !== undefined && operation.type === 'put' && isTerminating(operation.value))
          takePod(place, pod, storedObject(operation.value));
      }
    },
    opened(place, { entries }) {
      if (place === 'hub') return;
      for (const { key, value } of entries) {
        const deployment = nameOfStoreKey(deploymentResource, key);
        if (deployment !== undefined) history.take(place, deployment, storedObject(value));
        if (nameOfStoreKey(podResource, key) !== undefined && isTerminating(value))
          terminating.add(storedObject(value).metadata.uid);
      }
    },
    stopping(site, container) {
      void stopIsMeant(world, { site, container }).then((isMeant) => {
        if (!isMeant)
          broken(
            `${site}: container "${container.config.name}" of pod ${container.sandbox.pod.name} is stopped, and the site wants it`,
          );
      });
    },
  };
};

/** `namespace/name` of the Deployment that a pod's ReplicaSet belongs to: the set's name is the Deployment's and a hash. */
function deploymentOf(pod: Pod): string | undefined {
  const owner = controllerOf(pod);
  if (owner?.kind !== 'ReplicaSet') return undefined;
  return `${pod.metadata.namespace ?? ''}/${owner.name.slice(0, owner.name.lastIndexOf('-'))}`;
}

function isTerminating(value: Uint8Array): boolean {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes('"deletionTimestamp"');
}

async function stopIsMeant(
  world: World,
  { site, container }: { site: string; container: SimulatedContainer },
): Promise<boolean> {
  const { machine, running } = world.site(site);
  if (running === undefined) return true;
  const { pod } = container.sandbox;
  const newer = [...machine.containers.values()].some(
    ({ sandbox, config, createdMs }) =>
      sandbox.pod.uid === pod.uid && config.name === container.config.name && createdMs > container.createdMs,
  );
  if (newer) return true;
  const entry = await running.store.get(objectStoreKey(podResource, pod));
  if (entry === undefined) return true;
  const stored = storedObject<Pod>(entry.value);
  return stored.metadata.uid !== pod.uid || stored.metadata.deletionTimestamp !== undefined;
}

/** Whether the site's own accepted state has no such Deployment. */
async function isUnwanted(
  world: World,
  { site, deployment, application }: { site: string; deployment: string; application: string },
): Promise<boolean> {
  const { running } = world.site(site);
  if (running === undefined) return true;
  const slash = deployment.indexOf('/');
  const [namespace, name] = [deployment.slice(0, slash), deployment.slice(slash + 1)];
  const entry = await running.store.get(
    objectStoreKey(applicationInstanceResource, { namespace, name: `${application}.${site}` }),
  );
  if (entry === undefined) return true;
  const { metadata, spec } = storedObject<ApplicationInstance>(entry.value);
  if (metadata.deletionTimestamp !== undefined) return true;
  const bundle = await running.store.get(
    objectStoreKey(applicationRevisionResource, { namespace, name: spec.revision.name }),
  );
  if (bundle === undefined) return false;
  return !storedObject<ApplicationRevision>(bundle.value).spec.objects.some(
    (object) => object.kind === 'Deployment' && object.name === name,
  );
}
