import { type Application, applicationResource } from '#api/fleet/application.ts';
import {
  type ApplicationInstance,
  applicationInstanceResource,
  REMOVAL_FINALIZER,
} from '#api/fleet/application-instance.ts';
import { type Site, siteResource } from '#api/fleet/site.ts';
import { compileLabelSelector } from '#api/selector.ts';
import { conditionPatch } from '#fleet/conditions.ts';
import { instancesOfApplication } from '#fleet/instance-groups.ts';
import { type Action, type Controller, read, type Snapshot } from '#reconcile/controller.ts';

/**
 * Gives an application one ApplicationInstance for each site that its placement selects, of the revision that its source
 * has now. An instance whose site is no longer selected is deleted, which asks the site to remove the application.
 */
export const applicationPlacementController: Controller<Application> = {
  name: 'application-placement',
  for: applicationResource,
  reads: [
    read(siteResource, (_site, lookup) => lookup.list(applicationResource).map(keyOf)),
    read(applicationInstanceResource, (instance) => [
      `${instance.metadata.namespace ?? ''}/${instance.spec.application}`,
    ]),
  ],
  writes: [
    { type: applicationResource, verbs: ['patchStatus'] },
    { type: applicationInstanceResource, verbs: ['create', 'patch', 'delete'] },
  ],
  plan,
};

function keyOf({ metadata }: Application): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function plan(snapshot: Snapshot<Application>, nowMs: number): Action[] {
  const application = snapshot.object;
  if (application === undefined) return removeOrphans(snapshot);
  if (application.metadata.deletionTimestamp !== undefined || application.spec.suspend === true) return [];
  const sites = snapshot.list(siteResource).filter((site) => isSelected(application, site));
  const instances = new Map(
    instancesOfApplication(snapshot, application.metadata).map((instance) => [instance.spec.site, instance]),
  );
  const { revision } = application.status ?? {};
  const actions: Action[] = [];
  if (revision !== undefined) {
    for (const site of sites.toSorted(byName))
      actions.push(...place(application, { site, instance: instances.get(site.metadata.name), revision }));
  }
  const selected = new Set(sites.map((site) => site.metadata.name));
  for (const instance of instances.values()) {
    if (selected.has(instance.spec.site)) continue;
    const why =
      snapshot.get(siteResource, { name: instance.spec.site }) === undefined
        ? 'the site is gone'
        : 'the placement no longer selects this site';
    actions.push(
      ...remove(instance, {
        why,
        siteExists: snapshot.get(siteResource, { name: instance.spec.site }) !== undefined,
      }),
    );
  }
  return [...actions, ...report(application, { count: sites.length, nowMs })];
}

function byName(a: Site, b: Site): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** Instances of an application that is gone go with it. */
function removeOrphans(snapshot: Snapshot<Application>): Action[] {
  const { namespace, name } = snapshot.name;
  return instancesOfApplication(snapshot, { namespace, name }).flatMap((instance) =>
    remove(instance, {
      why: 'its application was deleted',
      siteExists: snapshot.get(siteResource, { name: instance.spec.site }) !== undefined,
    }),
  );
}

function isSelected(application: Application, site: Site): boolean {
  const { siteSelector, sites } = application.spec.placement;
  if (site.metadata.deletionTimestamp !== undefined) return false;
  if (sites?.includes(site.metadata.name) === true) return true;
  return siteSelector !== undefined && compileLabelSelector(siteSelector).matches(site.metadata.labels ?? {});
}

function place(
  application: Application,
  {
    site,
    instance,
    revision,
  }: { site: Site; instance: ApplicationInstance | undefined; revision: { name: string; digest: string } },
): Action[] {
  const { namespace, name } = application.metadata;
  const instanceName = `${name}.${site.metadata.name}`;
  if (instance === undefined) {
    return [
      {
        type: 'create',
        resource: applicationInstanceResource,
        object: {
          apiVersion: 'fleet.skerry.io/v1alpha1',
          kind: 'ApplicationInstance',
          metadata: { name: instanceName, namespace: namespace ?? '', finalizers: [REMOVAL_FINALIZER] },
          spec: { application: name, site: site.metadata.name, revision },
        } as never,
        why: `the placement of ${name} selects site ${site.metadata.name}`,
      },
      {
        type: 'event',
        regarding: application,
        eventType: 'Normal',
        reason: 'Placed',
        message: `Placed on site ${site.metadata.name}`,
        why: 'a person wants to see where it goes',
      },
    ];
  }
  if (instance.metadata.deletionTimestamp !== undefined) return [];
  if (instance.spec.revision.digest === revision.digest && instance.spec.revision.name === revision.name)
    return [];
  return [
    {
      type: 'patch',
      resource: applicationInstanceResource,
      name: { namespace, name: instance.metadata.name },
      patch: { metadata: { resourceVersion: instance.metadata.resourceVersion }, spec: { revision } },
      why: `site ${site.metadata.name} is to go from ${instance.spec.revision.name} to ${revision.name}`,
    },
  ];
}

/** A site that is gone can confirm nothing: its instances are let go. */
function remove(
  instance: ApplicationInstance,
  { why, siteExists }: { why: string; siteExists: boolean },
): Action[] {
  const { namespace, name, uid, resourceVersion, deletionTimestamp, finalizers = [] } = instance.metadata;
  const target = { resource: applicationInstanceResource, name: { namespace, name } };
  if (deletionTimestamp === undefined) return [{ type: 'delete', ...target, uid, why }];
  if (siteExists || !finalizers.includes(REMOVAL_FINALIZER)) return [];
  const left = finalizers.filter((finalizer) => finalizer !== REMOVAL_FINALIZER);
  return [
    {
      type: 'patch',
      ...target,
      patch: { metadata: { resourceVersion, finalizers: left } },
      why: 'its site is gone and can confirm nothing',
    },
  ];
}

function report(application: Application, { count, nowMs }: { count: number; nowMs: number }): Action[] {
  const { name, namespace, resourceVersion } = application.metadata;
  const condition =
    count > 0
      ? {
          type: 'Placed',
          status: 'True' as const,
          reason: 'SitesSelected',
          message: `${count} sites are selected`,
        }
      : {
          type: 'Placed',
          status: 'False' as const,
          reason: 'NoSiteMatches',
          message:
            'no site matches spec.placement: compare it with "kubectl get sites --show-labels", or label a site with "kubectl label site NAME KEY=VALUE"',
        };
  const conditions = conditionPatch(application, condition, nowMs);
  if (conditions === undefined) return [];
  const patch = { metadata: { resourceVersion }, status: { conditions } };
  const actions: Action[] = [
    {
      type: 'patchStatus',
      resource: applicationResource,
      name: { namespace, name },
      patch,
      why: condition.message,
    },
  ];
  if (count === 0) {
    const { reason, message } = condition;
    actions.push({
      type: 'event',
      regarding: application,
      eventType: 'Warning',
      reason,
      message,
      why: 'nothing will run anywhere',
    });
  }
  return actions;
}
