import { type Service, serviceResource } from '#api/core/service.ts';
import { objectKey } from '#api/object.ts';
import {
  ADDRESS_PREFIX,
  holderOf,
  holdingsOf,
  NODE_PORT_PREFIX,
  releaseHolding,
  type ServiceName,
  takeHolding,
} from '#apiserver/service-addresses/holdings.ts';
import { checkUnchanged, decodeObject, kindPrefix, objectStoreKey } from '#apiserver/stored-object.ts';
import type { Entry, Operation, Store } from '#store/store.ts';
import { type Clock, pause } from '#system/clock.ts';
import type { Log } from '#system/log.ts';
import type { Random } from '#system/random.ts';

/** How often what services hold is compared with what they say, in milliseconds: Kubernetes' default. */
const INTERVAL_MS = 3 * 60_000;

export interface RepairOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Gives every stored service what it says that it has and nobody holds, and frees what is held for services that do not have
 * it: of data that an earlier version wrote, or where somebody deleted or made an `IPAddress` by hand.
 */
export async function repairServiceAddresses({ store, clock, random }: RepairOptions): Promise<void> {
  const stored = await store.list(kindPrefix(serviceResource));
  const services = new Map(
    stored.entries.map(({ value }) => {
      const service = decodeObject<Service>(value);
      return [objectKey(service), service] as const;
    }),
  );
  const held = new Map<string, Entry>();
  for (const prefix of [ADDRESS_PREFIX, NODE_PORT_PREFIX])
    for (const entry of (await store.list(prefix)).entries) held.set(entry.key, entry);
  for (const service of services.values()) {
    const { namespace = '', name } = service.metadata;
    for (const key of holdingsOf(service)) {
      if (held.has(key)) continue;
      const take = takeHolding(key, { namespace, name }, { clock, random });
      await store.commit([take, checkUnchanged(serviceResource, service)]);
    }
  }
  for (const entry of held.values()) {
    const holder = holderOf(entry);
    if (holder === undefined) continue;
    const service = services.get(`${holder.namespace}/${holder.name}`);
    if (service !== undefined && holdingsOf(service).has(entry.key)) continue;
    await store.commit([releaseHolding(entry), checkAsSeen(holder, service)]);
  }
}

/** A service that was made or changed meanwhile is left for the next time. */
function checkAsSeen(holder: ServiceName, service: Service | undefined): Operation {
  if (service !== undefined) return checkUnchanged(serviceResource, service);
  return { type: 'check', key: objectStoreKey(serviceResource, holder), precondition: { type: 'absent' } };
}

/** Repairs now and then until `signal` aborts. */
export async function keepServiceAddresses(
  options: RepairOptions & { readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await repairServiceAddresses(options);
    } catch (error) {
      options.log.warn('addresses of services were not looked through', { error });
    }
    await pause(options.clock, INTERVAL_MS, signal);
  }
}
