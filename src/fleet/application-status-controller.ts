import { type Application, type ApplicationSites, applicationResource } from '#api/fleet/application.ts';
import { type ApplicationInstance, applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { type Site, siteResource } from '#api/fleet/site.ts';
import type { Condition } from '#api/object.ts';
import { conditionPatch, withCondition } from '#fleet/conditions.ts';
import { instancesOfApplication, instancesOfSite } from '#fleet/instance-groups.ts';
import { type Action, type Controller, read, type Snapshot } from '#reconcile/controller.ts';

/** How one application fares at one site, as its summary counts it. */
type SiteState = Exclude<keyof ApplicationSites, 'wanted'>;

/** Counts an application's sites by state, and says in conditions what that amounts to. */
export const applicationStatusController: Controller<Application> = {
  name: 'application-status',
  for: applicationResource,
  reads: [
    read(applicationInstanceResource, (instance) => [
      `${instance.metadata.namespace ?? ''}/${instance.spec.application}`,
    ]),
    read(siteResource, (site, lookup) =>
      instancesOfSite(lookup, site.metadata.name).map(
        (instance) => `${instance.metadata.namespace ?? ''}/${instance.spec.application}`,
      ),
    ),
  ],
  writes: [{ type: applicationResource, verbs: ['patchStatus'] }],
  plan,
};

function plan(snapshot: Snapshot<Application>, nowMs: number): Action[] {
  const application = snapshot.object;
  if (application === undefined || application.metadata.deletionTimestamp !== undefined) return [];
  const instances = instancesOfApplication(snapshot, application.metadata).filter(
    (instance) => instance.metadata.deletionTimestamp === undefined,
  );
  const states = instances.map((instance) => ({
    instance,
    state: stateOf(instance, snapshot.get(siteResource, { name: instance.spec.site })),
  }));
  const sites = countSites(states.map(({ state }) => state));
  const conditions = conditionsOf(application, { sites, states, nowMs });
  const observedGeneration = application.metadata.generation ?? 1;
  const isSame =
    conditions === undefined &&
    application.status?.observedGeneration === observedGeneration &&
    JSON.stringify(application.status.sites) === JSON.stringify(sites);
  if (isSame) return [];
  const { name, namespace, resourceVersion } = application.metadata;
  const status = { observedGeneration, sites, ...(conditions === undefined ? {} : { conditions }) };
  const patch = { metadata: { resourceVersion }, status };
  const why = `${sites.running} of ${sites.wanted} sites run it, ${sites.offline} are offline`;
  return [{ type: 'patchStatus', resource: applicationResource, name: { namespace, name }, patch, why }];
}

/** An absent site is offline, whatever it said last: neither a failure nor a success. */
function stateOf(instance: ApplicationInstance, site: Site | undefined): SiteState {
  if (site?.status?.connectivity?.state !== 'Connected') return 'offline';
  const { status, spec } = instance;
  if (status?.phase === 'Failed') return 'failed';
  const isWanted = status?.runningRevision?.digest === spec.revision.digest;
  return isWanted && status?.phase === 'Running' ? 'running' : 'updating';
}

function countSites(states: readonly SiteState[]): ApplicationSites {
  const count = (wanted: SiteState): number => states.filter((state) => state === wanted).length;
  return {
    wanted: states.length,
    running: count('running'),
    updating: count('updating'),
    failed: count('failed'),
    offline: count('offline'),
  };
}

function conditionsOf(
  application: Application,
  {
    sites,
    states,
    nowMs,
  }: {
    sites: ApplicationSites;
    states: readonly { instance: ApplicationInstance; state: SiteState }[];
    nowMs: number;
  },
): Condition[] | undefined {
  const worst =
    states.find(({ state }) => state === 'failed') ??
    states.find(({ state, instance }) => state === 'updating' && instance.status?.message !== undefined);
  const detail =
    worst?.instance.status?.message === undefined
      ? ''
      : `; ${worst.instance.spec.site}: ${worst.instance.status.message}`;
  const available = { ...availability(sites, detail), type: 'Available' };
  const ready = { ...available, type: 'Ready' };
  const first = conditionPatch(application, available, nowMs);
  const known = first ?? application.status?.conditions ?? [];
  const both = withCondition(known, ready, { nowMs, observedGeneration: application.metadata.generation });
  return both === (application.status?.conditions ?? both) && first === undefined ? undefined : both;
}

function availability(
  sites: ApplicationSites,
  detail: string,
): Pick<Condition, 'status' | 'reason' | 'message'> {
  const { wanted, running, updating, failed, offline } = sites;
  const counts = `${running} of ${wanted} sites run the wanted revision, ${updating} are updating, ${failed} failed, ${offline} are offline`;
  if (wanted === 0)
    return { status: 'False', reason: 'NoSites', message: 'the application is placed on no site' };
  if (failed > 0) return { status: 'False', reason: 'SitesFailed', message: `${counts}${detail}` };
  if (updating > 0) return { status: 'False', reason: 'SitesUpdating', message: `${counts}${detail}` };
  if (running === 0) return { status: 'Unknown', reason: 'SitesOffline', message: counts };
  return {
    status: 'True',
    reason: offline > 0 ? 'ConnectedSitesRunning' : 'AllSitesRunning',
    message: counts,
  };
}
