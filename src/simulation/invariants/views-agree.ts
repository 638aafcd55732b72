import type { KubeObject } from '#api/object.ts';
import type { ControlPlane } from '#apiserver/control-plane.ts';
import { kindPrefix } from '#apiserver/stored-object.ts';
import type { View } from '#client/view.ts';
import type { Running } from '#simulation/hub-process.ts';
import type { InvariantMaker } from '#simulation/invariant.ts';

/** Every cached view is what the store says. Only a difference seen twice is one: a view may be between two watches. */
export const viewsAgree: InvariantMaker = (world, broken) => {
  const seen = new Map<string, { readonly difference: string; readonly process: unknown }>();
  const compare = async (place: string, running: Running<ControlPlane>): Promise<void> => {
    if (!running.core.views.synced) return;
    for (const view of running.core.views.all) {
      const where = `${place} ${view.type.plural}`;
      const difference = await differenceOf(view, running);
      const before = seen.get(where);
      if (difference === undefined) seen.delete(where);
      else if (before?.process === running && before.difference === difference)
        broken(`${place}: the view of ${view.type.plural} ${difference}`);
      else seen.set(where, { difference, process: running });
    }
  };
  return {
    name: 'views-agree',
    async look() {
      if (world.hub.running !== undefined) await compare('hub', world.hub.running);
      for (const { name, running } of world.sites) if (running !== undefined) await compare(name, running);
    },
  };
};

async function differenceOf(
  view: View<KubeObject>,
  { store }: Running<ControlPlane>,
): Promise<string | undefined> {
  const prefix = kindPrefix(view.type);
  const { entries } = await store.list(prefix);
  const left = new Map(
    view
      .list()
      .map(({ metadata }) => [
        metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`,
        metadata.resourceVersion,
      ]),
  );
  for (const { key, revision } of entries) {
    const name = key.slice(prefix.length);
    const seen = left.get(name);
    if (seen === undefined) return `lacks ${name}`;
    if (seen !== String(revision)) return `has ${name} at revision ${seen}, the store at ${revision}`;
    left.delete(name);
  }
  const [extra] = left.keys();
  return extra === undefined ? undefined : `has ${extra}, the store has not`;
}
