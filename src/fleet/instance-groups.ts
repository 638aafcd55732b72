import { type ApplicationInstance, applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { objectKey } from '#api/object.ts';
import type { ViewIndex } from '#client/view.ts';
import type { Lookup } from '#reconcile/controller.ts';

type Groups = Map<string, Map<string, ApplicationInstance>>;

/** Instances by what `groupOf` says, so that nobody goes through those of the whole fleet. */
function groupIndex(
  groupOf: (instance: ApplicationInstance) => string,
): ViewIndex<ApplicationInstance, Groups> {
  return {
    type: applicationInstanceResource,
    create: () => new Map(),
    take(groups, { key, object, previous }) {
      if (previous !== undefined) {
        const group = groups.get(groupOf(previous));
        group?.delete(key);
        if (group?.size === 0) groups.delete(groupOf(previous));
      }
      if (object === undefined) return;
      const group = groups.get(groupOf(object)) ?? new Map<string, ApplicationInstance>();
      groups.set(groupOf(object), group.set(key, object));
    },
  };
}

const bySite = groupIndex(({ spec }) => spec.site);
const byApplication = groupIndex(({ metadata, spec }) =>
  applicationKey(metadata.namespace, spec.application),
);

function applicationKey(namespace: string | undefined, name: string): string {
  return objectKey({ metadata: { namespace: namespace ?? '', name } });
}

/** The instances of a site, in no particular order. */
export function instancesOfSite(lookup: Lookup, site: string): readonly ApplicationInstance[] {
  return [...(lookup.index(bySite).get(site)?.values() ?? [])];
}

/** The instances of an application, in no particular order. */
export function instancesOfApplication(
  lookup: Lookup,
  { namespace, name }: { namespace?: string | undefined; name: string },
): readonly ApplicationInstance[] {
  return [...(lookup.index(byApplication).get(applicationKey(namespace, name))?.values() ?? [])];
}
