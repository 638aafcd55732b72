import { cidrFamily, ipFamily } from '#api/ip-syntax.ts';

/** An IP address as a number. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

/** An address and the length of its prefix, in bits. Bits beyond the prefix may be set. */
export interface IpNetwork {
  readonly address: IpAddress;
  readonly length: number;
}

/** The address; undefined where the text is none. */
export function parseIpAddress(text: string): IpAddress | undefined {
  const family = ipFamily(text);
  if (family === undefined) return undefined;
  return family === 'IPv4' ? { family: 4, bits: bitsOfIpv4(text) } : { family: 6, bits: bitsOfIpv6(text) };
}

/** An IPv4 address in IPv6's clothes: `::ffff:10.0.0.1`. */
export function isMappedIpv4({ family, bits }: IpAddress): boolean {
  return family === 6 && bits >> 32n === 0xffffn;
}

/** The network; undefined where the text is none. */
export function parseIpNetwork(text: string): IpNetwork | undefined {
  if (cidrFamily(text) === undefined) return undefined;
  const [ip = '', length = ''] = text.split('/');
  const address = parseIpAddress(ip);
  return address && { address, length: Number(length) };
}

/** The same prefix, and no bits beyond it. */
export function maskedNetwork({ address, length }: IpNetwork): IpNetwork {
  return { address: { family: address.family, bits: address.bits & maskOf(address.family, length) }, length };
}

/** Whether an address is of a network. */
export function containsAddress({ address, length }: IpNetwork, other: IpAddress): boolean {
  const mask = maskOf(address.family, length);
  return other.family === address.family && (other.bits & mask) === (address.bits & mask);
}

/** The canonical text: RFC 5952 for IPv6. */
export function formatIpAddress({ family, bits }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_item, index) => (bits >> BigInt(112 - index * 16)) & 0xffffn);
  const run = longestZeros(groups);
  const text = (part: readonly bigint[]): string => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return text(groups);
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

/** `10.0.0.0/8`. */
export function formatIpNetwork({ address, length }: IpNetwork): string {
  return `${formatIpAddress(address)}/${length}`;
}

function maskOf(family: 4 | 6, length: number): bigint {
  const width = BigInt(family === 4 ? 32 : 128);
  return ((1n << BigInt(length)) - 1n) << (width - BigInt(length));
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
