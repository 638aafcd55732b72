import type { Service } from '#api/core/service.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#apiserver/admission/plugin.ts';
import { parseAddressRange } from '#apiserver/service-addresses/address-range.ts';
import { chooseAddress } from '#apiserver/service-addresses/choose-address.ts';
import { chooseNodePorts } from '#apiserver/service-addresses/choose-node-ports.ts';
import { holderOf, holdingsOf, releaseHolding, takeHolding } from '#apiserver/service-addresses/holdings.ts';
import { type RepairOptions, repairServiceAddresses } from '#apiserver/service-addresses/repair.ts';
import type { Operation } from '#store/store.ts';

export interface ServiceAddressOptions extends RepairOptions {
  /** IPv4, /12 to /28. */
  readonly cidr: string;
}

/**
 * Gives services their cluster address and node ports, once for all. What a service has is held by keys of its own (an
 * `IPAddress` object for each address), which are taken and given back in the very commit that stores, changes or deletes the
 * service: so none is given twice, whichever process is asked, and none is lost. Requests for one outside the range, or
 * taken, are refused with 422.
 */
export function serviceAddresses(options: ServiceAddressOptions): AdmissionPlugin {
  const { store, random } = options;
  const range = parseAddressRange(options.cidr);
  let repaired: Promise<void> | undefined;
  const ready = (): Promise<void> => {
    repaired ??= repairServiceAddresses(options).catch((error: unknown) => {
      repaired = undefined;
      throw error;
    });
    return repaired;
  };
  return {
    name: 'ServiceAddresses',
    handles: ({ type, operation }) => type.group === '' && type.kind === 'Service' && operation !== 'connect',
    async mutate({ operation, object, old, subresource }) {
      const service = object as Service;
      await ready();
      if (operation === 'delete' || subresource === 'status' || service.spec.type === 'ExternalName') return;
      const previous = old as Service | undefined;
      await chooseAddress(service, { previous, store, range, random });
      await chooseNodePorts(service, { previous, store, random });
    },
    accompany: (request, written) => moveHoldings(request, written, options),
  };
}

async function moveHoldings(
  { object, old }: AdmissionRequest,
  written: Operation,
  { store, clock, random }: RepairOptions,
): Promise<readonly Operation[]> {
  const before = old === undefined ? new Set<string>() : holdingsOf(old as Service);
  const after = written.type === 'delete' ? new Set<string>() : holdingsOf(object as Service);
  const { name, namespace = '' } = object.metadata;
  const operations: Operation[] = [];
  for (const key of after)
    if (!before.has(key)) operations.push(takeHolding(key, { namespace, name }, { clock, random }));
  for (const key of before) {
    if (after.has(key)) continue;
    const entry = await store.get(key);
    const holder = entry && holderOf(entry);
    if (entry !== undefined && holder?.name === name && holder.namespace === namespace)
      operations.push(releaseHolding(entry));
  }
  return operations;
}
