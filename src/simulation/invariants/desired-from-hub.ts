import { type ApplicationInstance, applicationInstanceResource } from '#api/fleet/application-instance.ts';
import { HubWishes } from '#simulation/hub-wishes.ts';
import type { InvariantMaker } from '#simulation/invariant.ts';
import { nameOfStoreKey, storedObject } from '#simulation/stored-object-view.ts';

/** What a site was told before a cut is taken in at the latest so long after it, in milliseconds: disks may be slow. */
const TAKE_IN_MS_MAX = 180_000;

/**
 * What a site is to run changes only by what the hub said: to a digest that the hub wanted there, to a removal that the hub
 * asked for, and only while bytes of the hub arrive or shortly after. The hub's absence says nothing.
 */
export const desiredFromHub: InvariantMaker = (world, broken) => {
  const wishes = new HubWishes();
  const accepted = new Map<string, { readonly digest: string; readonly isLeaving: boolean }>();
  const check = (site: string, name: string, { spec, metadata }: ApplicationInstance): void => {
    const key = `${site} ${name}`;
    const known = accepted.get(key);
    const next = { digest: spec.revision.digest, isLeaving: metadata.deletionTimestamp !== undefined };
    accepted.set(key, next);
    if (known?.digest === next.digest && known.isLeaving === next.isLeaving) return;
    if (!wishes.wanted(site, name, next.digest))
      broken(`${site}: ${name} is to run ${next.digest}, which the hub never wanted there`);
    if (next.isLeaving && known?.isLeaving !== true && !wishes.removed(site, name))
      broken(`${site}: ${name} is removed, which the hub never asked for`);
    const silentMs = world.clock.monotonic() - (world.network.heardHubAtMs.get(site) ?? -Infinity);
    if (silentMs > TAKE_IN_MS_MAX)
      broken(`${site}: ${name} changed ${Math.round(silentMs / 1000)} s after the hub was last heard`);
  };
  return {
    name: 'desired-from-hub',
    committed(place, operations) {
      for (const operation of operations) {
        if (place === 'hub') {
          wishes.take(operation.key, operation.value);
          continue;
        }
        const name = nameOfStoreKey(applicationInstanceResource, operation.key);
        if (name === undefined) continue;
        if (operation.type === 'delete') accepted.delete(`${place} ${name}`);
        else if (operation.type === 'put') check(place, name, storedObject(operation.value));
      }
    },
    opened(place, { entries }) {
      for (const { key, value } of entries) {
        if (place === 'hub') {
          wishes.take(key, value);
          continue;
        }
        const name = nameOfStoreKey(applicationInstanceResource, key);
        if (name === undefined) continue;
        const { spec, metadata } = storedObject<ApplicationInstance>(value);
        accepted.set(`${place} ${name}`, {
          digest: spec.revision.digest,
          isLeaving: metadata.deletionTimestamp !== undefined,
        });
      }
    },
  };
};
