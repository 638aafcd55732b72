import { deploymentResource } from '#api/apps/deployment.ts';
import { podResource } from '#api/core/pod.ts';
import type { Client } from '#client/client.ts';
import { between, oneOf } from '#simulation/chance.ts';
import type { Action } from '#simulation/load/action.ts';
import { NAMESPACE } from '#simulation/load/manifests.ts';
import type { World } from '#simulation/world.ts';
import type { Random } from '#system/random.ts';

/** An action at any site whose process runs, whether it has a link or not. */
function atSite(
  name: string,
  weight: number,
  act: (at: { site: string; client: Client; world: World }, random: Random) => Promise<string | undefined>,
): Action {
  return {
    name,
    weight,
    async act(world, random) {
      const { name: site, running } = oneOf(random, world.sites);
      const text =
        running === undefined ? undefined : await act({ site, client: running.client, world }, random);
      return text === undefined ? undefined : { where: site, text };
    },
  };
}

const scaleOnTheSpot = atSite('scale on the spot', 2, async ({ site, client, world }, random) => {
  const { items } = await client.list(deploymentResource, { namespace: NAMESPACE });
  if (items.length === 0) return undefined;
  const { metadata } = oneOf(random, items);
  const replicas = between(random, 0, 4);
  world.announce(`${site} deployment ${NAMESPACE}/${metadata.name}`);
  await client.patch(deploymentResource, metadata, { patchType: 'merge', patch: { spec: { replicas } } });
  return `${metadata.name} has ${replicas} replicas here`;
});

const deletePod = atSite('delete a pod', 2, async ({ site, client, world }, random) => {
  const { items } = await client.list(podResource, { namespace: NAMESPACE });
  if (items.length === 0) return undefined;
  const { metadata } = oneOf(random, items);
  world.announce(`${site} pod ${NAMESPACE}/${metadata.name}`);
  await client.delete(podResource, metadata);
  return `pod ${metadata.name} deleted`;
});

const deleteDeployment = atSite('delete a Deployment', 1, async ({ site, client, world }, random) => {
  const { items } = await client.list(deploymentResource, { namespace: NAMESPACE });
  if (items.length === 0) return undefined;
  const { metadata } = oneOf(random, items);
  world.announce(`${site} deployment ${NAMESPACE}/${metadata.name}`);
  await client.delete(deploymentResource, metadata);
  return `Deployment ${metadata.name} deleted here`;
});

const read = atSite('read', 3, async ({ client }) => {
  const { items } = await client.list(podResource);
  return `${items.length} pods listed`;
});

/** What people do at sites. */
export const SITE_ACTIONS: readonly Action[] = [scaleOnTheSpot, deletePod, deleteDeployment, read];
