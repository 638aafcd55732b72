/** A block of IPv4 addresses: `base` with its host bits zero, `length` bits of prefix. */
export interface Ipv4Block {
  readonly base: number;
  readonly length: number;
}

/** An IPv4 address in dotted form as an unsigned 32-bit number; undefined where the text is anything else. */
export function parseIpv4(text: string): number | undefined {
  if (text.length < 7 || text.length > 15) return undefined;
  let value = 0;
  let octet = '';
  let count = 0;
  for (const character of `${text}.`) {
    if (character !== '.') octet += character;
    else {
      if (!OCTETS.has(octet)) return undefined;
      value = value * 256 + Number(octet);
      octet = '';
      count += 1;
    }
  }
  return count === 4 ? value : undefined;
}

/** `0` to `255`, without leading zeros: those are octal to some readers. */
const OCTETS: ReadonlySet<string> = new Set(Array.from({ length: 256 }, (_, index) => String(index)));

/** The dotted form of an address. */
export function formatIpv4(address: number): string {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.');
}

/** A block from `address/length`, or from a bare address (a block of one). Host bits are cleared. */
export function parseBlock(text: string): Ipv4Block | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const base = parseIpv4(address);
  if (base === undefined || rest.length > 0) return undefined;
  if (length === undefined) return { base, length: 32 };
  if (!/^\d{1,2}$/u.test(length) || Number(length) > 32) return undefined;
  return { base: (base & maskOf(Number(length))) >>> 0, length: Number(length) };
}

/** As {@link parseBlock}, for text from a configuration: throws where it is not a block, naming it. */
export function blockOf(text: string): Ipv4Block {
  const block = parseBlock(text);
  if (block === undefined)
    throw new Error(`"${text}" is not an IPv4 network: expected address/prefix-length, e.g. 10.60.0.0/24`);
  return block;
}

/** `address/length`. */
export function formatBlock(block: Ipv4Block): string {
  return `${formatIpv4(block.base)}/${block.length}`;
}

/** Whether an address lies in a block. */
export function contains(block: Ipv4Block, address: number): boolean {
  return (address & maskOf(block.length)) >>> 0 === block.base;
}

/** Whether two blocks share an address. Blocks nest or are apart: there is nothing between. */
export function overlaps(a: Ipv4Block, b: Ipv4Block): boolean {
  return a.length <= b.length ? contains(a, b.base) : contains(b, a.base);
}

/** The blocks of `length` bits within `pool`, in order; none where the pool is smaller than that. */
export function* blocksWithin(pool: Ipv4Block, length: number): Generator<Ipv4Block> {
  if (length < pool.length) return;
  const size = 2 ** (32 - length);
  const count = 2 ** (length - pool.length);
  for (let i = 0; i < count; i++) yield { base: pool.base + i * size, length };
}

/** The same addresses without blocks that lie within another, in order of address. */
export function outermost(blocks: readonly Ipv4Block[]): Ipv4Block[] {
  const sorted = blocks.toSorted((a, b) => a.base - b.base || a.length - b.length);
  const kept: Ipv4Block[] = [];
  for (const block of sorted) {
    const last = kept.at(-1);
    if (last === undefined || !overlaps(last, block)) kept.push(block);
  }
  return kept;
}

function maskOf(length: number): number {
  return length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0;
}
