/** Checks of fields that took addresses before Kubernetes was strict about their form; ip-form.ts says what it warns of. */
import { invalidValue } from '#api/field-errors.ts';
import {
  containsAddress,
  type IpAddress,
  isMappedIpv4,
  parseIpAddress,
  parseIpNetwork,
} from '#api/ip-network.ts';
import { cidrErrors, ipErrors, withoutLeadingZeros } from '#api/ip-syntax.ts';
import type { FieldError } from '#api/status.ts';

/** An address in any form that such fields take; `known` are texts that were valid once. */
export function checkLegacyIp(field: string, text: string, known: readonly string[] = []): FieldError[] {
  if (known.includes(text)) return [];
  return ipErrors(withoutLeadingZeros(text)).map((detail) => invalidValue(field, text, detail));
}

/** A range of addresses in any form that such fields take; `known` are texts that were valid once. */
export function checkLegacyCidr(field: string, text: string, known: readonly string[] = []): FieldError[] {
  if (known.includes(text)) return [];
  return cidrErrors(withoutLeadingZeros(text)).map((detail) => invalidValue(field, text, detail));
}

/** Where nobody is reached from elsewhere, and what is said of it. */
const NOWHERE: readonly (readonly [networks: readonly string[], detail: (text: string) => string])[] = [
  [['0.0.0.0/32', '::/128'], (text) => `may not be unspecified (${text})`],
  [['127.0.0.0/8', '::1/128'], () => 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [['169.254.0.0/16', 'fe80::/10'], () => 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  [
    ['224.0.0.0/24', 'ff02::/16'],
    () => 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
  ],
];

/** An address that somebody can be reached at from elsewhere. Source: Kubernetes' `ValidateEndpointIP`. */
export function checkEndpointIp(field: string, text: string): FieldError[] {
  const address = parseIpAddress(withoutLeadingZeros(text));
  if (address === undefined) return [invalidValue(field, text, 'must be a valid IP address')];
  return NOWHERE.filter(([networks]) => networks.some((network) => isWithin(network, address))).map(
    ([, detail]) => invalidValue(field, text, detail(text)),
  );
}

function isWithin(text: string, address: IpAddress): boolean {
  const network = parseIpNetwork(text);
  const bare: IpAddress = isMappedIpv4(address) ? { family: 4, bits: address.bits & 0xffffffffn } : address;
  return network !== undefined && containsAddress(network, bare);
}
