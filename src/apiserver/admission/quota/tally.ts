import { type ResourceQuota, resourceQuotaResource } from '#api/core/resource-quota.ts';
import type { KubeObject } from '#api/object.ts';
import { addQuantities, formatQuantity, readQuantity, ZERO } from '#api/quantity.ts';
import type { ResourceType } from '#api/resource.ts';
import { type Amounts, addAmounts } from '#apiserver/admission/pod-amounts.ts';
import { isInScope } from '#apiserver/admission/quota/scopes.ts';
import { concernsKind, usageOf } from '#apiserver/admission/quota/usage.ts';
import { decodeObject, encodeObject, listPrefix } from '#apiserver/stored-object.ts';
import type { Entry, Operation, Store } from '#store/store.ts';

/** A quota with the entry it was read from. */
export interface StoredQuota {
  readonly entry: Entry;
  readonly quota: ResourceQuota;
}

/** The quotas of a namespace as they are now. */
export async function quotasOf(store: Store, namespace: string): Promise<StoredQuota[]> {
  const { entries } = await store.list(listPrefix(resourceQuotaResource, namespace));
  return entries.map((entry) => ({ entry, quota: decodeObject<ResourceQuota>(entry.value) }));
}

/** Whether what is used was worked out for the limits that the quota has now. */
export function isTallied({ spec, status }: ResourceQuota): boolean {
  const hard = Object.entries(spec.hard ?? {});
  return (
    status?.hard !== undefined &&
    Object.keys(status.hard).length === hard.length &&
    hard.every(([name, amount]) => status.hard?.[name] === amount && status.used?.[name] !== undefined)
  );
}

/** What the objects in the namespace take of a quota, all as of one revision. */
export async function tally(
  store: Store,
  types: readonly ResourceType[],
  quota: ResourceQuota,
): Promise<Record<string, string>> {
  const names = Object.keys(quota.spec.hard ?? {});
  const { revision } = store;
  let total: Amounts = new Map();
  for (const type of types) {
    if (!type.namespaced || !concernsKind(type, names)) continue;
    const { entries } = await store.list(listPrefix(type, quota.metadata.namespace), { revision });
    for (const { value } of entries) {
      const object = decodeObject<KubeObject>(value);
      if (isInScope(quota, type, object)) total = addAmounts(total, usageOf(type, object));
    }
  }
  return Object.fromEntries(names.map((name) => [name, formatQuantity(total.get(name) ?? ZERO)]));
}

/** What is used, with more (or, negative, less) of some. */
export function addUsed(used: Readonly<Record<string, string>>, delta: Amounts): Record<string, string> {
  const sum = { ...used };
  for (const [name, amount] of delta) {
    const known = sum[name];
    if (known !== undefined) sum[name] = formatQuantity(addQuantities(readQuantity(known) ?? ZERO, amount));
  }
  return sum;
}

/** The write of a quota's status, which goes through only where the quota is still the one that was read. */
export function putUsed({ entry, quota }: StoredQuota, used: Record<string, string>): Operation {
  const next = { ...quota, status: { ...quota.status, hard: { ...quota.spec.hard }, used } };
  const precondition = { type: 'revision', revision: entry.revision } as const;
  return { type: 'put', key: entry.key, ...encodeObject(next), precondition };
}
