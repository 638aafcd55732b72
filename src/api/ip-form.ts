/** In which form addresses and networks are to be written, where they are valid at all. */

import {
  formatIpAddress,
  formatIpNetwork,
  type IpNetwork,
  isMappedIpv4,
  maskedNetwork,
  parseIpAddress,
  parseIpNetwork,
} from '#api/ip-network.ts';
import { cidrErrors, ipErrors, withoutLeadingZeros } from '#api/ip-syntax.ts';

/** What is wrong with an address of a field that wants the one canonical text of it, in Kubernetes' words. */
export function canonicalIpErrors(text: string): string[] {
  const address = parseIpAddress(text);
  if (address === undefined) return ipErrors(text);
  if (isMappedIpv4(address)) return ['must not be an IPv4-mapped IPv6 address'];
  const canonical = formatIpAddress(address);
  return canonical === text ? [] : [`must be in canonical form ("${canonical}")`];
}

/** What is wrong with a network of a field that wants the one canonical text of it, in Kubernetes' words. */
export function canonicalCidrErrors(text: string): string[] {
  const network = parseIpNetwork(text);
  if (network === undefined) return cidrErrors(text);
  if (isMappedIpv4(network.address)) return ['must not have an IPv4-mapped IPv6 address'];
  if (isBeyondPrefix(network)) return ['must not have bits set beyond the prefix length'];
  const canonical = formatIpNetwork(network);
  return canonical === text ? [] : [`must be in canonical form ("${canonical}")`];
}

/** What a client is told of a network that is valid, but not written as it should be. */
export function cidrWarnings(field: string, text: string): string[] {
  const plain = withoutLeadingZeros(text);
  const network = parseIpNetwork(plain);
  if (network === undefined) return [];
  const canonical = formatIpNetwork(maskedNetwork(network));
  const warnings: string[] = [];
  if (isBeyondPrefix(network)) {
    const { address } = network;
    const single = formatIpNetwork({ address, length: address.family === 4 ? 32 : 128 });
    warnings.push(
      `${field}: CIDR value "${text}" is ambiguous in this context (should be "${canonical}" or "${single}"?)`,
    );
  }
  if (plain !== text || isMappedIpv4(network.address))
    warnings.push(
      `${field}: non-standard CIDR value "${text}" will be considered invalid in a future Kubernetes release: use "${canonical}"`,
    );
  if (warnings.length === 0 && network.address.family === 6 && canonical !== text)
    warnings.push(
      `${field}: IPv6 CIDR value "${text}" should be in RFC 5952 canonical format ("${canonical}")`,
    );
  return warnings;
}

function isBeyondPrefix(network: IpNetwork): boolean {
  return maskedNetwork(network).address.bits !== network.address.bits;
}

/** What a client is told of an address that is valid, but not written as it should be. */
export function ipWarnings(field: string, text: string): string[] {
  const plain = withoutLeadingZeros(text);
  const address = parseIpAddress(plain);
  if (address === undefined) return [];
  const canonical = formatIpAddress(address);
  if (plain !== text || isMappedIpv4(address))
    return [
      `${field}: non-standard IP address "${text}" will be considered invalid in a future Kubernetes release: use "${canonical.replace(/^::ffff:/, '')}"`,
    ];
  return address.family === 6 && canonical !== text
    ? [`${field}: IPv6 address "${text}" should be in RFC 5952 canonical format ("${canonical}")`]
    : [];
}
