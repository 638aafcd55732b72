import { type Pod, podResource } from '#api/core/pod.ts';
import { type ResourceQuota, resourceQuotaResource } from '#api/core/resource-quota.ts';
import type { ResourceType } from '#api/resource.ts';
import { isTallied, putUsed, quotasOf, tally } from '#apiserver/admission/quota/tally.ts';
import { hasEnded } from '#apiserver/admission/quota/usage.ts';
import { StoredKind } from '#apiserver/stored-kind.ts';
import { decodeObject, kindPrefix } from '#apiserver/stored-object.ts';
import type { Store, StoreEvent, WatchHandle } from '#store/store.ts';
import { type Clock, createNap, pause } from '#system/clock.ts';
import type { Log } from '#system/log.ts';

/** After a change, others are waited for this long before the status is worked out, in milliseconds. */
const SETTLE_MS = 100;

/** After a failure, what is left is tried again, in milliseconds. */
const RETRY_MS = 1000;

/** How often every quota is worked out anew, whatever was seen, in milliseconds: Kubernetes' default. */
const RESYNC_MS = 5 * 60_000;

const REGISTRY = '/registry/';
const PODS = kindPrefix(podResource);
const QUOTAS = kindPrefix(resourceQuotaResource);

export interface KeepQuotasOptions {
  readonly store: Store;
  /** Every kind that is served now. */
  readonly types: () => readonly ResourceType[];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Keeps `status.used` of quotas right until `signal` aborts: after a deletion, the end of a pod, a new quota or new limits,
 * and now and then anyway. Admission itself counts what is created.
 */
export async function keepQuotas(options: KeepQuotasOptions, signal: AbortSignal): Promise<void> {
  const { store, clock, log } = options;
  const quotas = new StoredKind(store, resourceQuotaResource);
  const nap = createNap(clock);
  const dirty = new Set<string>();
  let watch: WatchHandle | undefined;
  let resyncAtMs = 0;
  while (!signal.aborted) {
    try {
      await quotas.ready();
      watch ??= await store.watch(REGISTRY, store.revision, {
        events: (batch) => {
          const before = dirty.size;
          for (const event of batch) note(event, quotas, dirty);
          if (dirty.size > before) nap.wake();
        },
        end: () => {
          watch = undefined;
        },
      });
      if (clock.monotonic() >= resyncAtMs) {
        for (const { metadata } of quotas.list()) dirty.add(metadata.namespace ?? '');
        resyncAtMs = clock.monotonic() + RESYNC_MS;
      }
      for (const namespace of [...dirty]) {
        dirty.delete(namespace);
        await correct(options, namespace).catch((error: unknown) => {
          dirty.add(namespace);
          throw error;
        });
      }
    } catch (error) {
      log.warn('quotas were not worked out', { error });
      await pause(clock, RETRY_MS, signal);
    }
    if (dirty.size === 0) await nap.rest(Math.max(SETTLE_MS, resyncAtMs - clock.monotonic()), signal);
    if (dirty.size > 0) await pause(clock, SETTLE_MS, signal);
  }
  watch?.close();
}

/** Marks the namespace of a change after which something may be free again. */
function note(event: StoreEvent, quotas: StoredKind<ResourceQuota>, dirty: Set<string>): void {
  const { key, type, value } = event;
  // Whether `quotas` has heard of a new one before this is told of it is not known.
  const isQuota = key.startsWith(QUOTAS);
  if (quotas.size === 0 && !isQuota) return;
  const [, , group, plural, namespace, name] = key.split('/');
  if (namespace === undefined || name === undefined) return;
  if (isQuota) {
    if (type === 'put' && !isTallied(decodeObject(value))) dirty.add(namespace);
  } else if (!quotas.hasIn(namespace)) return;
  else if (type === 'delete') dirty.add(namespace);
  else if (key.startsWith(PODS) && hasEnded(decodeObject<Pod>(value))) dirty.add(namespace);
  else if (group === 'core' && (plural === 'services' || plural === 'persistentvolumeclaims'))
    dirty.add(namespace);
}

/** A quota that was changed meanwhile is left as it is: the change marks it again, or counts by itself. */
async function correct({ store, types }: KeepQuotasOptions, namespace: string): Promise<void> {
  for (const stored of await quotasOf(store, namespace)) {
    const used = await tally(store, types(), stored.quota);
    if (
      isTallied(stored.quota) &&
      JSON.stringify(used) === JSON.stringify(inOrder(stored.quota.status?.used, used))
    )
      continue;
    await store.commit([putUsed(stored, used)]);
  }
}

function inOrder(
  values: Readonly<Record<string, string>> = {},
  like: Readonly<Record<string, string>>,
): unknown {
  return Object.fromEntries(Object.keys(like).map((name) => [name, values[name]]));
}
