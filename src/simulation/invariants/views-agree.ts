import type { KubeObject } from '#api/object.ts';
import type { ControlPlane } from '#apiserver/control-plane.ts';
import { kindPrefix } from '#apiserver/stored-object.ts';
import type { View } from '#client/view.ts';
import type { Running } from '#simulation/hub-process.ts';
import type { InvariantMaker } from '#simulation/invariant.ts';

/** A view whose watch ended lists again within this time, in milliseconds: only a difference that lasts longer is one. */
const LAG_MS_MAX = 45_000;

/** Every cached view is what the store says, but for moments in which it is between two watches. */
export const viewsAgree: InvariantMaker = (world, broken) => {
  const firstSeen = new Map<string, { readonly atMs: number; readonly process: unknown }>();
  const compare = async (place: string, running: Running<ControlPlane>): Promise<void> => {
    if (!running.core.views.synced) return;
    for (const view of running.core.views.all) {
      const where = `${place} ${view.type.plural}`;
      const difference = await differenceOf(view, running);
      const seen = firstSeen.get(where);
      if (difference === undefined || running.life.isDead) firstSeen.delete(where);
      else if (seen === undefined || seen.process !== running)
        firstSeen.set(where, { atMs: world.clock.monotonic(), process: running });
      else if (world.clock.monotonic() - seen.atMs > LAG_MS_MAX)
        broken(`${place}: the view of ${view.type.plural} ${difference}`);
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
