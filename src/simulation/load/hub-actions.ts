import { deploymentResource } from '#api/apps/deployment.ts';
import { configMapResource } from '#api/core/config-map.ts';
import { type Application, applicationResource } from '#api/fleet/application.ts';
import { type Site, siteResource } from '#api/fleet/site.ts';
import type { Client } from '#client/client.ts';
import { between, happens, oneOf } from '#simulation/chance.ts';
import type { Action } from '#simulation/load/action.ts';
import { applicationDraft, deploymentDraft, NAMESPACE, pageDraft } from '#simulation/load/manifests.ts';
import type { World } from '#simulation/world.ts';
import type { Random } from '#system/random.ts';

/** The most applications at the same time. */
const APPLICATIONS_MAX = 3;

const IMAGES = ['nginx:1.27', 'nginx:1.28', 'redis:7', 'registry.example/shop:1', 'registry.example/shop:2'];

const TIERS = ['edge', 'core'];

/** An action at the hub, while it runs. */
function atHub(
  name: string,
  weight: number,
  act: (client: Client, random: Random) => Promise<string | undefined>,
): Action {
  return {
    name,
    weight,
    async act(world: World, random) {
      const { running } = world.hub;
      const text = running === undefined ? undefined : await act(running.client, random);
      return text === undefined ? undefined : { where: 'hub', text };
    },
  };
}

async function anyApplication(client: Client, random: Random): Promise<Application | undefined> {
  const { items } = await client.list(applicationResource, { namespace: NAMESPACE });
  return items.length === 0 ? undefined : oneOf(random, items);
}

async function anyDeployment(client: Client, random: Random) {
  const { items } = await client.list(deploymentResource, { namespace: NAMESPACE });
  return items.length === 0 ? undefined : oneOf(random, items);
}

const createApplication = atHub('create application', 3, async (client, random) => {
  const { items } = await client.list(applicationResource, { namespace: NAMESPACE });
  if (items.length >= APPLICATIONS_MAX) return undefined;
  const name = `app${between(random, 1, 9)}`;
  const [image, replicas, tier] = [oneOf(random, IMAGES), between(random, 1, 2), oneOf(random, TIERS)];
  if (items.some(({ metadata }) => metadata.name === name)) return undefined;
  await client.create(configMapResource, pageDraft(name, `page ${between(random, 1, 1000)}`));
  await client.create(deploymentResource, deploymentDraft(name, { name: `${name}-web`, image, replicas }));
  await client.create(applicationResource, applicationDraft(name, tier));
  return `${name} created for tier ${tier}: ${image}, ${replicas} replicas`;
});

const deleteApplication = atHub('delete application', 1, async (client, random) => {
  const application = await anyApplication(client, random);
  if (application === undefined) return undefined;
  const { name } = application.metadata;
  await client.delete(applicationResource, { namespace: NAMESPACE, name });
  const labelSelector = `app.kubernetes.io/part-of=${name}`;
  for (const type of [deploymentResource, configMapResource] as const) {
    const { items } = await client.list(type as typeof deploymentResource, {
      namespace: NAMESPACE,
      labelSelector,
    });
    for (const { metadata } of items) await client.delete(type as typeof deploymentResource, metadata);
  }
  return `${name} deleted with its templates`;
});

const changePage = atHub('change page', 3, async (client, random) => {
  const application = await anyApplication(client, random);
  if (application === undefined) return undefined;
  const text = `page ${between(random, 1, 1000)}`;
  const name = { namespace: NAMESPACE, name: `${application.metadata.name}-page` };
  await client.patch(configMapResource, name, {
    patchType: 'merge',
    patch: { data: { 'index.html': text } },
  });
  return `${name.name} says "${text}"`;
});

const changeImage = atHub('change image', 3, async (client, random) => {
  const deployment = await anyDeployment(client, random);
  if (deployment === undefined) return undefined;
  const image = oneOf(random, IMAGES);
  const patch = { spec: { template: { spec: { containers: [{ name: 'server', image }] } } } };
  await client.patch(deploymentResource, deployment.metadata, { patchType: 'strategic', patch });
  return `${deployment.metadata.name} runs ${image}`;
});

const scale = atHub('scale at the hub', 3, async (client, random) => {
  const deployment = await anyDeployment(client, random);
  if (deployment === undefined) return undefined;
  const replicas = between(random, 0, 3);
  await client.patch(deploymentResource, deployment.metadata, {
    patchType: 'merge',
    patch: { spec: { replicas } },
  });
  return `${deployment.metadata.name} has ${replicas} replicas`;
});

const changeServers = atHub('add or remove a server', 2, async (client, random) => {
  const application = await anyApplication(client, random);
  if (application === undefined) return undefined;
  const { name } = application.metadata;
  const second = { namespace: NAMESPACE, name: `${name}-cache` };
  if ((await client.find(deploymentResource, second)) !== undefined) {
    await client.delete(deploymentResource, second);
    return `${second.name} deleted`;
  }
  await client.create(
    deploymentResource,
    deploymentDraft(name, { name: second.name, image: oneOf(random, IMAGES), replicas: 1 }),
  );
  return `${second.name} created`;
});

const relabelSite = atHub('relabel a site', 2, async (client, random) => {
  const { items } = await client.list<Site>(siteResource);
  const site = oneOf(random, items);
  const tier = oneOf(random, TIERS);
  await client.patch(siteResource, site.metadata, {
    patchType: 'merge',
    patch: { metadata: { labels: { tier } } },
  });
  return `${site.metadata.name} is of tier ${tier}`;
});

const suspend = atHub('suspend or resume', 1, async (client, random) => {
  const application = await anyApplication(client, random);
  if (application === undefined) return undefined;
  const isSuspended = application.spec.suspend !== true && happens(random, 50);
  await client.patch(applicationResource, application.metadata, {
    patchType: 'merge',
    patch: { spec: { suspend: isSuspended } },
  });
  return `${application.metadata.name} is ${isSuspended ? 'suspended' : 'not suspended'}`;
});

/** What people do at the hub. */
export const HUB_ACTIONS: readonly Action[] = [
  createApplication,
  deleteApplication,
  changePage,
  changeImage,
  scale,
  changeServers,
  relabelSite,
  suspend,
];
