import { isDeepStrictEqual } from 'node:util';
import type { Service, ServiceSpec } from '#api/core/service.ts';
import { validateAddressForm } from '#api/core/service-address-validation.ts';
import { invalidValue } from '#api/field-errors.ts';
import { type FieldError, invalid, StatusError } from '#api/status.ts';
import { type AddressRange, addressAt, isInRange } from '#apiserver/service-addresses/address-range.ts';
import { ADDRESS_PREFIX, addressKey } from '#apiserver/service-addresses/holdings.ts';
import type { Store } from '#store/store.ts';
import { type Random, randomInteger } from '#system/random.ts';

/** How often a random address is drawn before the range is gone through. */
const DRAWS_MAX = 16;

/** The lowest addresses, which are given last: whoever wants a certain one chooses it there (KEP-3070, for our ranges). */
const STATIC_ADDRESSES = 16;

export interface AddressChoice {
  readonly previous: Service | undefined;
  readonly store: Store;
  readonly range: AddressRange;
  readonly random: Random;
}

/**
 * Gives a service its cluster address where it has none, or holds the one that it asks for to the range; a service that has one
 * keeps it, and validation says so to whoever changes it.
 */
export async function chooseAddress(service: Service, choice: AddressChoice): Promise<void> {
  const { previous, store, range } = choice;
  const before = previous?.spec.type === 'ExternalName' ? undefined : previous?.spec;
  alignAddresses(service.spec, before);
  chooseFamilies(service, before);
  const { spec } = service;
  const { clusterIP = '' } = spec;
  if (clusterIP === 'None' || (before?.clusterIP ?? '') !== '') return;
  if (clusterIP === '') {
    spec.clusterIP = await drawAddress(choice);
    spec.clusterIPs = [spec.clusterIP];
    return;
  }
  if (!isInRange(range, clusterIP)) refuse(service, 'the provided network does not match the current range');
  if ((await store.get(addressKey(clusterIP))) !== undefined)
    refuse(service, 'provided IP is already allocated');
}

/**
 * Clients may know only `clusterIP`, or leave out what they do not want to change. Source: Kubernetes' `patchAllocatedValues`
 * and `normalizeClusterIPs`.
 */
function alignAddresses(spec: ServiceSpec, before: ServiceSpec | undefined): void {
  if ((spec.clusterIP ?? '') === '' && before?.clusterIP !== undefined) spec.clusterIP = before.clusterIP;
  const { clusterIP = '' } = spec;
  const isOld = before !== undefined && isDeepStrictEqual(spec.clusterIPs, before.clusterIPs);
  const isLeftOut = (spec.clusterIPs ?? []).length === 0;
  if (clusterIP !== '' && (isLeftOut || (isOld && clusterIP !== before.clusterIP)))
    spec.clusterIPs = [clusterIP];
}

/** There are addresses of IPv4 only; what has no address of its own may be of both families. */
function chooseFamilies({ metadata, spec }: Service, before: ServiceSpec | undefined): void {
  const isForeign = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= before?.ipFamilyPolicy ?? (isForeign ? 'RequireDualStack' : 'SingleStack');
  const errors = validateAddressForm(spec, before);
  if (errors.length === 0 && !isForeign) errors.push(...validateFamilies(spec));
  if (errors.length > 0) throw invalid({ kind: 'Service', group: '', name: metadata.name }, errors);
  if ((spec.ipFamilies ?? []).length === 0) spec.ipFamilies = ['IPv4'];
  if (isForeign && spec.ipFamilyPolicy !== 'SingleStack')
    spec.ipFamilies = spec.ipFamilies?.[0] === 'IPv6' ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6'];
}

/** Source: Kubernetes' `initIPFamilyFields`. */
function validateFamilies({ ipFamilyPolicy, ipFamilies = [], clusterIPs = [] }: ServiceSpec): FieldError[] {
  const field = 'spec.ipFamilyPolicy';
  if (ipFamilyPolicy === 'SingleStack' && Math.max(ipFamilies.length, clusterIPs.length) > 1) {
    const what = clusterIPs.length > 1 ? 'cluster IPs' : 'IP families';
    const detail = `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
    return [invalidValue(field, ipFamilyPolicy, detail)];
  }
  const strange = clusterIPs.findIndex((ip, index) => index >= ipFamilies.length && ip.includes(':'));
  if (strange >= 0)
    return [
      invalidValue(`spec.clusterIPs[${strange}]`, clusterIPs, 'IPv6 is not configured on this cluster'),
    ];
  return [
    ...(ipFamilyPolicy === 'RequireDualStack'
      ? [invalidValue(field, ipFamilyPolicy, 'this cluster is not configured for dual-stack services')]
      : []),
    ...ipFamilies.flatMap((family, index) =>
      family === 'IPv4'
        ? []
        : [invalidValue(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster')],
    ),
  ];
}

function refuse({ metadata, spec }: Service, why: string): never {
  const { clusterIP = '', clusterIPs } = spec;
  const detail = `failed to allocate IP ${clusterIP}: ${why}`;
  throw invalid({ kind: 'Service', group: '', name: metadata.name }, [
    invalidValue('spec.clusterIPs', clusterIPs, detail),
  ]);
}

async function drawAddress({ store, range, random }: AddressChoice): Promise<string> {
  // Neither the address of the network nor the one of everybody in it.
  const lowest = Math.min(STATIC_ADDRESSES, range.size / 4);
  const count = range.size - lowest - 1;
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const address = addressAt(range, lowest + randomInteger(random, count));
    if ((await store.get(addressKey(address))) === undefined) return address;
  }
  const { entries } = await store.list(ADDRESS_PREFIX);
  const taken = new Set(entries.map(({ key }) => key));
  const start = randomInteger(random, count);
  for (let place = 0; place < count; place++) {
    const address = addressAt(range, lowest + ((start + place) % count));
    if (!taken.has(addressKey(address))) return address;
  }
  // The first is the API's.
  for (let place = lowest - 1; place > 1; place--) {
    const address = addressAt(range, place);
    if (!taken.has(addressKey(address))) return address;
  }
  throw new StatusError(
    'InternalError',
    'Internal error occurred: failed to allocate a serviceIP: range is full',
  );
}
