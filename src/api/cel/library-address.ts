import { textOf } from '#api/cel/argument.ts';
import { methodOf, type Overload, overload, TRAVERSAL, traversing } from '#api/cel/function.ts';
import { CelError, type CelObject, type CelResult } from '#api/cel/value.ts';
import {
  containsAddress,
  formatIpAddress,
  isMappedIpv4,
  maskedNetwork,
  parseIpAddress,
} from '#api/ip-network.ts';
import { cidrFamily } from '#api/ip-syntax.ts';
import { assert } from '#system/assert.ts';

const IP_TYPE = 'net.IP';
const CIDR_TYPE = 'net.CIDR';

/** An IP address. An IPv4 address in IPv6's clothes is refused. */
export class CelIp implements CelObject {
  readonly celType = IP_TYPE;
  readonly family: 4 | 6;
  readonly bits: bigint;

  constructor(family: 4 | 6, bits: bigint) {
    this.family = family;
    this.bits = bits;
  }

  equals(other: CelObject): boolean {
    return other instanceof CelIp && other.family === this.family && other.bits === this.bits;
  }
}

/** A network: an address and the length of its prefix. */
export class CelCidr implements CelObject {
  readonly celType = CIDR_TYPE;
  readonly ip: CelIp;
  readonly length: number;

  constructor(ip: CelIp, length: number) {
    this.ip = ip;
    this.length = length;
  }

  equals(other: CelObject): boolean {
    return other instanceof CelCidr && other.length === this.length && other.ip.equals(this.ip);
  }
}

/** The address, or why the text is none. */
function parseIp(text: string): CelIp | CelError {
  const refused = (why: string): CelError =>
    new CelError(`IP Address '${text}' parse error during conversion from string: ${why}`);
  if (text.includes('%')) return refused('IP address with zone value is not allowed');
  const address = parseIpAddress(text);
  if (address === undefined) return refused(`ParseAddr("${text}"): unable to parse IP`);
  return isMappedIpv4(address)
    ? refused('IPv4-mapped IPv6 address is not allowed')
    : new CelIp(address.family, address.bits);
}

function parseCidr(text: string): CelCidr | CelError {
  const refused = (why: string): CelError =>
    new CelError(`network address parse error during conversion from string: ${why}`);
  const [address = '', length = ''] = text.split('/');
  if (address.includes('%') || cidrFamily(text) === undefined)
    return refused(`netip.ParsePrefix("${text}"): unable to parse`);
  const ip = parseIp(address);
  if (ip instanceof CelError) return refused('IPv4-mapped IPv6 address is not allowed');
  return new CelCidr(ip, Number(length));
}

function masked({ ip, length }: CelCidr): CelCidr {
  const { address } = maskedNetwork({ address: ip, length });
  return new CelCidr(new CelIp(address.family, address.bits), length);
}

function containsIp(cidr: CelCidr, ip: CelIp | CelError): CelResult {
  return ip instanceof CelError ? ip : containsAddress({ address: cidr.ip, length: cidr.length }, ip);
}

function containsCidr(cidr: CelCidr, other: CelCidr | CelError): CelResult {
  if (other instanceof CelError) return other;
  return other.length >= cidr.length && containsIp(cidr, other.ip);
}

function hasPrefix(ip: CelIp, text: string): boolean {
  const cidr = parseCidr(text);
  return cidr instanceof CelCidr && containsIp(cidr, ip) === true;
}

const isLoopback = (ip: CelIp): boolean => hasPrefix(ip, ip.family === 4 ? '127.0.0.0/8' : '::1/128');
const isLinkLocalUnicast = (ip: CelIp): boolean =>
  hasPrefix(ip, ip.family === 4 ? '169.254.0.0/16' : 'fe80::/10');
const isLinkLocalMulticast = (ip: CelIp): boolean =>
  hasPrefix(ip, ip.family === 4 ? '224.0.0.0/24' : 'ff02::/16');
const isMulticast = (ip: CelIp): boolean => hasPrefix(ip, ip.family === 4 ? '224.0.0.0/4' : 'ff00::/8');

/** Go's `IsGlobalUnicast`: anything but unspecified, broadcast, loopback, multicast and link-local. */
function isGlobalUnicast(ip: CelIp): boolean {
  const isBroadcast = ip.family === 4 && ip.bits === 0xffffffffn;
  return ip.bits !== 0n && !isBroadcast && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocalUnicast(ip);
}

function isCanonical(text: string): CelResult {
  const ip = parseIp(text);
  return ip instanceof CelError ? ip : formatIpAddress(ip) === text;
}

function ipOf(value: unknown): CelIp {
  assert(value instanceof CelIp, 'an address is passed where the signature says so');
  return value;
}

function cidrOf(value: unknown): CelCidr {
  assert(value instanceof CelCidr, 'a network is passed where the signature says so');
  return value;
}

const PARSING = { cost: traversing(0) };
/** Two runs over the 4 to 16 bytes of addresses, and over a text that is parsed before. */
const CONTAINING = { cost: traversing(1), resultSize: () => 1 };
const COMPARING = { cost: () => Math.ceil(32 * TRAVERSAL) };

/** Kubernetes' libraries of addresses and networks. */
export const ADDRESSES: readonly Overload[] = [
  overload(`ip(string): ${IP_TYPE}`, ([a]) => parseIp(textOf(a)), PARSING),
  overload('isIP(string): bool', ([a]) => parseIp(textOf(a)) instanceof CelIp, PARSING),
  overload('@@ip.isCanonical(string): bool', ([a]) => isCanonical(textOf(a)), { cost: traversing(0, 2) }),
  overload(`string(${IP_TYPE}): string`, ([a]) => formatIpAddress(ipOf(a)), { resultSize: () => 39 }),
  methodOf(IP_TYPE, 'family(): int', ([a]) => BigInt(ipOf(a).family)),
  methodOf(IP_TYPE, 'isUnspecified(): bool', ([a]) => ipOf(a).bits === 0n),
  methodOf(IP_TYPE, 'isLoopback(): bool', ([a]) => isLoopback(ipOf(a))),
  methodOf(IP_TYPE, 'isLinkLocalMulticast(): bool', ([a]) => isLinkLocalMulticast(ipOf(a))),
  methodOf(IP_TYPE, 'isLinkLocalUnicast(): bool', ([a]) => isLinkLocalUnicast(ipOf(a))),
  methodOf(IP_TYPE, 'isGlobalUnicast(): bool', ([a]) => isGlobalUnicast(ipOf(a))),
  overload(`cidr(string): ${CIDR_TYPE}`, ([a]) => parseCidr(textOf(a)), PARSING),
  overload('isCIDR(string): bool', ([a]) => parseCidr(textOf(a)) instanceof CelCidr, PARSING),
  overload(`string(${CIDR_TYPE}): string`, ([a]) => `${formatIpAddress(cidrOf(a).ip)}/${cidrOf(a).length}`),
  methodOf(CIDR_TYPE, `ip(): ${IP_TYPE}`, ([a]) => cidrOf(a).ip),
  methodOf(CIDR_TYPE, 'prefixLength(): int', ([a]) => BigInt(cidrOf(a).length)),
  methodOf(CIDR_TYPE, `masked(): ${CIDR_TYPE}`, ([a]) => masked(cidrOf(a))),
  methodOf(CIDR_TYPE, `containsIP(${IP_TYPE}): bool`, ([a, b]) => containsIp(cidrOf(a), ipOf(b)), COMPARING),
  methodOf(
    CIDR_TYPE,
    'containsIP(string): bool',
    ([a, b]) => containsIp(cidrOf(a), parseIp(textOf(b))),
    CONTAINING,
  ),
  methodOf(
    CIDR_TYPE,
    `containsCIDR(${CIDR_TYPE}): bool`,
    ([a, b]) => containsCidr(cidrOf(a), cidrOf(b)),
    COMPARING,
  ),
  methodOf(
    CIDR_TYPE,
    'containsCIDR(string): bool',
    ([a, b]) => containsCidr(cidrOf(a), parseCidr(textOf(b))),
    CONTAINING,
  ),
];
