import { type Deployment, deploymentResource } from '#api/apps/deployment.ts';
import { type ConfigMap, configMapResource } from '#api/core/config-map.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { type Application, applicationResource } from '#api/fleet/application.ts';
import { type ApplicationInstance, applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { type Site, siteResource } from '#api/fleet/site.ts';
import { equalJson } from '#api/json.ts';
import type { KubeObject } from '#api/object.ts';
import { kindPrefix } from '#apiserver/stored-object.ts';
import type { SiteProcess } from '#simulation/site-process.ts';
import { storedObject } from '#simulation/stored-object-view.ts';
import type { World } from '#simulation/world.ts';
import type { Store } from '#store/store.ts';

/**
 * Why the world is not yet as it shall be after all faults have ended; undefined once it is. It is when the hub says that
 * every application runs on every selected site, when every site has what the hub has, and runs it exactly.
 */
export async function unconverged(world: World): Promise<string | undefined> {
  const { running: hub } = world.hub;
  if (hub === undefined) return 'the hub does not run';
  const sites = await all<Site>(hub.store, siteResource);
  const { connectedSites } = hub.core.link;
  if (connectedSites.size !== sites.length)
    return `${connectedSites.size} of ${sites.length} sites have a link`;
  const offline = sites.find(({ status }) => status?.connectivity?.state !== 'Connected');
  if (offline !== undefined)
    return `the hub says that ${offline.metadata.name} is ${offline.status?.connectivity?.state ?? 'unknown'}`;
  const applications = await all<Application>(hub.store, applicationResource);
  const instances = await all<ApplicationInstance>(hub.store, applicationInstanceResource);
  for (const application of applications) {
    const why = unready(application, { sites, instances });
    if (why !== undefined) return why;
  }
  const stray = instances.find(
    ({ spec, metadata }) =>
      !applications.some((application) => application.metadata.name === spec.application) ||
      metadata.deletionTimestamp !== undefined,
  );
  if (stray !== undefined) return `the hub still has instance ${stray.metadata.name}`;
  for (const site of world.sites) {
    const why = await siteDiffers(site, { hub: hub.store, instances });
    if (why !== undefined) return `${site.name}: ${why}`;
  }
  return undefined;
}

function unready(
  application: Application,
  { sites, instances }: { sites: readonly Site[]; instances: readonly ApplicationInstance[] },
): string | undefined {
  const { metadata, spec, status } = application;
  if (spec.suspend === true) return undefined;
  const source = status?.conditions?.find(({ type }) => type === 'SourceReady');
  // An application that was created while its templates were not, or are not any more, runs nowhere: as it says itself.
  if (source?.reason === 'SourceEmpty') return undefined;
  const tier = spec.placement.siteSelector?.matchLabels?.tier;
  const wanted = sites
    .filter(({ metadata: { labels } }) => labels?.tier === tier)
    .map((site) => site.metadata.name);
  const counts = status?.sites;
  if (counts?.wanted !== wanted.length || counts.running !== wanted.length) {
    return `application ${metadata.name} runs on ${counts?.running ?? 0} of ${counts?.wanted ?? 0} sites, ${wanted.length} are selected`;
  }
  const lacking = wanted.find(
    (site) =>
      !instances.some(
        (instance) =>
          instance.spec.application === metadata.name &&
          instance.spec.site === site &&
          instance.spec.revision.digest === status?.revision?.digest,
      ),
  );
  return lacking === undefined
    ? undefined
    : `application ${metadata.name} has no instance of its revision for ${lacking}`;
}

async function siteDiffers(
  site: SiteProcess,
  { hub, instances }: { hub: Store; instances: readonly ApplicationInstance[] },
): Promise<string | undefined> {
  const { running, machine } = site;
  if (running === undefined) return 'does not run';
  const { store } = running;
  const wanted = instances.filter(({ spec }) => spec.site === site.name);
  const here = await all<ApplicationInstance>(store, applicationInstanceResource);
  if (here.length !== wanted.length) return `has ${here.length} instances, the hub wants ${wanted.length}`;
  for (const instance of wanted) {
    const known = here.find(({ metadata }) => metadata.name === instance.metadata.name);
    if (known === undefined) return `lacks instance ${instance.metadata.name}`;
    if (known.spec.revision.digest !== instance.spec.revision.digest)
      return `has another revision of ${instance.metadata.name}`;
    const { lastReportTime: _, ...reported } = instance.status ?? {};
    if (!equalJson(reported as never, (known.status ?? {}) as never))
      return `says of ${instance.metadata.name} what the hub does not`;
  }
  return (
    (await contentDiffers(store, { hub, wanted })) ??
    (await workloadDiffers(store, machine.containers.values()))
  );
}

/** Pages and images are those of the hub, unless the application is suspended there. */
async function contentDiffers(
  store: Store,
  { hub, wanted }: { hub: Store; wanted: readonly ApplicationInstance[] },
): Promise<string | undefined> {
  const suspended = new Set(
    (await all<Application>(hub, applicationResource))
      .filter(({ spec }) => spec.suspend === true)
      .map(({ metadata }) => metadata.name),
  );
  const applicationOf = (object: KubeObject): string =>
    object.metadata.labels?.['app.kubernetes.io/part-of'] ?? '';
  const isMeant = (object: KubeObject): boolean =>
    wanted.some(({ spec }) => spec.application === applicationOf(object));
  const isFresh = (object: KubeObject): boolean => isMeant(object) && !suspended.has(applicationOf(object));
  const byName = <T extends KubeObject>(objects: readonly T[]): Map<string, T> =>
    new Map(objects.map((object) => [object.metadata.name, object]));
  const pages = byName(await all<ConfigMap>(store, configMapResource));
  for (const page of (await all<ConfigMap>(hub, configMapResource)).filter(isFresh)) {
    if (!equalJson((pages.get(page.metadata.name)?.data ?? {}) as never, (page.data ?? {}) as never))
      return `page ${page.metadata.name} is not the hub's`;
  }
  const deployments = byName(await all<Deployment>(store, deploymentResource));
  const templates = (await all<Deployment>(hub, deploymentResource)).filter(isMeant);
  for (const template of templates.filter(isFresh)) {
    const image = deployments.get(template.metadata.name)?.spec.template.spec.containers[0]?.image;
    if (image !== template.spec.template.spec.containers[0]?.image)
      return `Deployment ${template.metadata.name} runs ${image ?? 'nothing'}`;
  }
  const stray = [...deployments.values()].find(
    (deployment) =>
      !suspended.has(applicationOf(deployment)) &&
      !templates.some(({ metadata }) => metadata.name === deployment.metadata.name),
  );
  return stray === undefined ? undefined : `Deployment ${stray.metadata.name} is not the hub's`;
}

/** Every Deployment has its replicas, and the runtime runs exactly their containers. */
async function workloadDiffers(
  store: Store,
  containers: Iterable<{
    readonly state: { readonly type: string };
    readonly sandbox: { readonly pod: { readonly uid: string } };
    readonly config: { readonly name: string };
  }>,
): Promise<string | undefined> {
  const deployments = await all<Deployment>(store, deploymentResource);
  for (const { metadata, spec, status } of deployments) {
    const replicas = spec.replicas ?? 1;
    const isDone =
      status?.observedGeneration === metadata.generation &&
      [status?.replicas, status?.updatedReplicas, status?.readyReplicas].every(
        (count) => (count ?? 0) === replicas,
      );
    if (!isDone)
      return `Deployment ${metadata.name} has ${status?.readyReplicas ?? 0} of ${replicas} replicas ready`;
  }
  const pods = await all<Pod>(store, podResource);
  const replicas = deployments.reduce((sum, { spec }) => sum + (spec.replicas ?? 1), 0);
  if (pods.length !== replicas) return `has ${pods.length} pods for ${replicas} replicas`;
  const wanted = new Set(
    pods.flatMap((pod) => pod.spec.containers.map(({ name }) => `${pod.metadata.uid}/${name}`)),
  );
  for (const { state, sandbox, config } of containers) {
    if (state.type === 'running' && !wanted.delete(`${sandbox.pod.uid}/${config.name}`))
      return `runs container "${config.name}" of pod ${sandbox.pod.uid.slice(0, 8)} that is not wanted, or twice`;
  }
  return wanted.size === 0 ? undefined : `${wanted.size} containers do not run`;
}

async function all<T extends KubeObject>(
  store: Store,
  type: { group: string; plural: string },
): Promise<T[]> {
  const { entries } = await store.list(kindPrefix(type));
  return entries.map(({ value }) => storedObject<T>(value));
}
