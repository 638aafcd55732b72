import { textOf } from '#api/cel/argument.ts';
import { methodOf, type Overload, overload, TRAVERSAL, traversing } from '#api/cel/function.ts';
import { CelError, type CelObject, type CelResult } from '#api/cel/value.ts';
import { cidrFamily, ipFamily } from '#api/ip-syntax.ts';
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

function widthOf({ family }: CelIp): number {
  return family === 4 ? 32 : 128;
}

/** The address, or why the text is none. */
function parseIp(text: string): CelIp | CelError {
  const refused = (why: string): CelError =>
    new CelError(`IP Address '${text}' parse error during conversion from string: ${why}`);
  if (text.includes('%')) return refused('IP address with zone value is not allowed');
  const family = ipFamily(text);
  if (family === undefined) return refused(`ParseAddr("${text}"): unable to parse IP`);
  if (family === 'IPv4') return new CelIp(4, bitsOfIpv4(text));
  const bits = bitsOfIpv6(text);
  return bits >> 32n === 0xffffn ? refused('IPv4-mapped IPv6 address is not allowed') : new CelIp(6, bits);
}

function bitsOfIpv4(text: string): bigint {
  return text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function bitsOfIpv6(text: string): bigint {
  const embedded = /(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  const tail = embedded === undefined ? '' : bitsOfIpv4(embedded).toString(16).padStart(8, '0');
  const hex =
    embedded === undefined ? text : `${text.slice(0, -embedded.length)}${tail.slice(0, 4)}:${tail.slice(4)}`;
  const [head = '', rest] = hex.split('::');
  const groups = (run: string): string[] => (run === '' ? [] : run.split(':'));
  const before = groups(head);
  const after = groups(rest ?? '');
  const zeros = rest === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(zeros).fill('0'), ...after].reduce(
    (bits, group) => (bits << 16n) | BigInt(`0x${group}`),
    0n,
  );
}

/** The canonical text: RFC 5952 for IPv6. */
export function formatIp({ family, bits }: CelIp): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_item, index) => (bits >> BigInt(112 - index * 16)) & 0xffffn);
  const run = longestZeros(groups);
  const text = (part: readonly bigint[]): string => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return text(groups);
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

function longestZeros(groups: readonly bigint[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index += 1) {
    if (groups[index] === 0n) continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
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

function maskOf(ip: CelIp, length: number): bigint {
  const width = BigInt(widthOf(ip));
  return ((1n << BigInt(length)) - 1n) << (width - BigInt(length));
}

function masked({ ip, length }: CelCidr): CelCidr {
  return new CelCidr(new CelIp(ip.family, ip.bits & maskOf(ip, length)), length);
}

function containsIp(cidr: CelCidr, ip: CelIp | CelError): CelResult {
  if (ip instanceof CelError) return ip;
  if (ip.family !== cidr.ip.family) return false;
  const mask = maskOf(ip, cidr.length);
  return (ip.bits & mask) === (cidr.ip.bits & mask);
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
  return ip instanceof CelError ? ip : formatIp(ip) === text;
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
  overload(`string(${IP_TYPE}): string`, ([a]) => formatIp(ipOf(a)), { resultSize: () => 39 }),
  methodOf(IP_TYPE, 'family(): int', ([a]) => BigInt(ipOf(a).family)),
  methodOf(IP_TYPE, 'isUnspecified(): bool', ([a]) => ipOf(a).bits === 0n),
  methodOf(IP_TYPE, 'isLoopback(): bool', ([a]) => isLoopback(ipOf(a))),
  methodOf(IP_TYPE, 'isLinkLocalMulticast(): bool', ([a]) => isLinkLocalMulticast(ipOf(a))),
  methodOf(IP_TYPE, 'isLinkLocalUnicast(): bool', ([a]) => isLinkLocalUnicast(ipOf(a))),
  methodOf(IP_TYPE, 'isGlobalUnicast(): bool', ([a]) => isGlobalUnicast(ipOf(a))),
  overload(`cidr(string): ${CIDR_TYPE}`, ([a]) => parseCidr(textOf(a)), PARSING),
  overload('isCIDR(string): bool', ([a]) => parseCidr(textOf(a)) instanceof CelCidr, PARSING),
  overload(`string(${CIDR_TYPE}): string`, ([a]) => `${formatIp(cidrOf(a).ip)}/${cidrOf(a).length}`),
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
