import type { Pod } from '#api/core/pod.ts';
import { resourceQuotaResource } from '#api/core/resource-quota.ts';
import { compareQuantities, formatQuantity, readQuantity, subtractQuantities, ZERO } from '#api/quantity.ts';
import type { ResourceType } from '#api/resource.ts';
import { forbidden } from '#api/status.ts';
import type { AdmissionPlugin, AdmissionRequest, AdmissionTarget } from '#apiserver/admission/plugin.ts';
import type { Amounts } from '#apiserver/admission/pod-amounts.ts';
import { isInScope } from '#apiserver/admission/quota/scopes.ts';
import {
  addUsed,
  isTallied,
  putUsed,
  quotasOf,
  type StoredQuota,
  tally,
} from '#apiserver/admission/quota/tally.ts';
import { concernsKind, missingAmounts, usageOf } from '#apiserver/admission/quota/usage.ts';
import { ObjectTurns } from '#apiserver/object-turns.ts';
import { StoredKind } from '#apiserver/stored-kind.ts';
import type { Store } from '#store/store.ts';

export interface ResourceQuotaOptions {
  readonly store: Store;
  /** Every kind that is served now. */
  readonly types: () => readonly ResourceType[];
}

/**
 * Kubernetes' ResourceQuota admission, exact: what a new object takes is written into the quota's status in the very commit
 * that stores the object, on the condition that the quota is the one it was reckoned with. So no two requests get the last
 * place, in this process or another, and a crash leaves nothing half counted. To be the last plugin.
 */
export function resourceQuota({ store, types }: ResourceQuotaOptions): AdmissionPlugin {
  const quotas = new StoredKind(store, resourceQuotaResource);
  const turns = new ObjectTurns();
  const inTurn = new WeakSet<AdmissionRequest>();
  return {
    name: 'ResourceQuota',
    handles: isCounted,
    async validate(request) {
      const { namespace = '' } = request;
      if (!quotas.isReady) await quotas.ready();
      if (!quotas.hasIn(namespace)) return;
      if (isEmpty(increaseOf(request))) return;
      if (!request.dryRun && !inTurn.has(request)) {
        await takeTurn(turns, request);
        inTurn.add(request);
      }
      for (const stored of await quotasOf(store, namespace))
        await charge(request, stored, { store, types: types() });
    },
  };
}

function isCounted({ operation, type, subresource }: AdmissionTarget): boolean {
  if (!type.namespaced || type.kind === 'Event') return false;
  if (operation === 'create') return subresource === undefined;
  if (operation !== 'update' || type.group !== '') return false;
  if (type.kind === 'Pod') return subresource === 'resize';
  return (type.kind === 'Service' || type.kind === 'PersistentVolumeClaim') && subresource === undefined;
}

/** Until the request is over, no other one of this process reckons with the quotas of its namespace. */
function takeTurn(turns: ObjectTurns, request: AdmissionRequest): Promise<void> {
  return new Promise((granted, refused) => {
    const held = (): Promise<void> =>
      new Promise((release) => {
        request.onEnd(release);
        granted();
      });
    try {
      turns.run(request.namespace ?? '', held).catch(refused);
    } catch (error) {
      refused(error as Error);
    }
  });
}

/** What the request takes more than there was before; what becomes less is given back when the status is worked out anew. */
function increaseOf({ type, object, old }: AdmissionRequest): Amounts {
  const usage = usageOf(type, object);
  if (old === undefined) return usage;
  const before = usageOf(type, old);
  const increase = new Map<string, ReturnType<typeof subtractQuantities>>();
  for (const [name, amount] of usage) {
    const more = subtractQuantities(amount, before.get(name) ?? ZERO);
    if (more.nanos > 0n) increase.set(name, more);
  }
  return increase;
}

function isEmpty(amounts: Amounts): boolean {
  return amounts.size === 0;
}

async function charge(
  request: AdmissionRequest,
  stored: StoredQuota,
  { store, types }: { store: Store; types: readonly ResourceType[] },
): Promise<void> {
  const { quota } = stored;
  const { type, object } = request;
  const { hard = {} } = quota.spec;
  const names = Object.keys(hard);
  if (!concernsKind(type, names) || !isInScope(quota, type, object)) return;
  const missing = type.kind === 'Pod' ? missingAmounts(object as Pod, names) : undefined;
  const subject = { resource: type.plural, group: type.group, name: request.name };
  if (missing !== undefined) throw forbidden(subject, `failed quota: ${quota.metadata.name}: ${missing}`);
  const increase = new Map([...increaseOf(request)].filter(([name]) => hard[name] !== undefined));
  if (increase.size === 0) return;
  const used = isTallied(quota) ? (quota.status?.used ?? {}) : await tally(store, types, quota);
  const next = addUsed(used, increase);
  const exceeded = [...increase.keys()].filter((name) => exceeds(next[name], hard[name])).sort();
  if (exceeded.length > 0) {
    const show = (amounts: Readonly<Record<string, string | undefined>>): string =>
      exceeded.map((name) => `${name}=${amounts[name] ?? '0'}`).join(',');
    const requested = Object.fromEntries(
      [...increase].map(([name, amount]) => [name, formatQuantity(amount)]),
    );
    throw forbidden(
      subject,
      `exceeded quota: ${quota.metadata.name}, requested: ${show(requested)}, used: ${show(used)}, limited: ${show(hard)}`,
    );
  }
  if (!request.dryRun) request.operations.push(putUsed(stored, next));
}

function exceeds(amount: string | undefined, limit: string | undefined): boolean {
  return compareQuantities(readQuantity(amount) ?? ZERO, readQuantity(limit) ?? ZERO) > 0;
}
