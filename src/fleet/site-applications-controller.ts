import { applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { type Site, siteResource } from '#api/fleet/site.ts';
import { instancesOfSite } from '#fleet/instance-groups.ts';
import { type Action, type Controller, read, type Snapshot } from '#reconcile/controller.ts';

/** Counts the applications of a site in its status: how many it shall run, and how many of them it runs as wanted. */
export const siteApplicationsController: Controller<Site> = {
  name: 'site-applications',
  for: siteResource,
  reads: [read(applicationInstanceResource, (instance) => [instance.spec.site])],
  writes: [{ type: siteResource, verbs: ['patchStatus'] }],
  plan,
};

function plan(snapshot: Snapshot<Site>): Action[] {
  const site = snapshot.object;
  if (site === undefined || site.metadata.deletionTimestamp !== undefined) return [];
  const { name } = site.metadata;
  const instances = instancesOfSite(snapshot, name).filter(
    (instance) => instance.metadata.deletionTimestamp === undefined,
  );
  const running = instances.filter(
    ({ spec, status }) =>
      status?.phase === 'Running' && status.runningRevision?.digest === spec.revision.digest,
  ).length;
  const known = site.status?.applications;
  if (known?.wanted === instances.length && known.running === running) return [];
  const patch = { status: { applications: { wanted: instances.length, running } } };
  return [
    {
      type: 'patchStatus',
      resource: siteResource,
      name: { name },
      patch,
      why: `${running} of ${instances.length} applications run there`,
    },
  ];
}
