import type { Service } from '#api/core/service.ts';
import { invalidValue } from '#api/field-errors.ts';
import { invalid, StatusError } from '#api/status.ts';
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

/** Gives a service its cluster address where it has none, or holds the one that it asks for to the range. */
export async function chooseAddress(service: Service, choice: AddressChoice): Promise<void> {
  const { spec } = service;
  const { previous, store, range } = choice;
  const kept = previous?.spec.type === 'ExternalName' ? undefined : previous?.spec.clusterIP;
  if ((spec.clusterIP ?? '') === '' && kept !== undefined && kept !== '') spec.clusterIP = kept;
  if (spec.clusterIP === undefined || spec.clusterIP === '') spec.clusterIP = await drawAddress(choice);
  else if (spec.clusterIP !== 'None' && spec.clusterIP !== kept) {
    if (!isInRange(range, spec.clusterIP))
      refuse(service, `the provided IP is not in the valid range ${range.text}`);
    if ((await store.get(addressKey(spec.clusterIP))) !== undefined)
      refuse(service, 'provided IP is already allocated');
  }
  spec.clusterIPs = [spec.clusterIP];
  spec.ipFamilies = ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
}

function refuse({ metadata, spec }: Service, why: string): never {
  const { clusterIP = '' } = spec;
  const detail = `failed to allocate IP ${clusterIP}: ${why}`;
  throw invalid({ kind: 'Service', group: '', name: metadata.name }, [
    invalidValue('spec.clusterIPs', [clusterIP], detail),
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
