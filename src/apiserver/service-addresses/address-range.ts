/** An IPv4 range that cluster addresses are given from. */
export interface AddressRange {
  /** `10.61.1.0/24`. */
  readonly text: string;
  /** The first address, as a number. */
  readonly first: number;
  /** How many there are. */
  readonly size: number;
}

/** Reads a range of /12 to /28. Throws on any other: it is a mistake of whoever configures. */
export function parseAddressRange(cidr: string): AddressRange {
  const [address = '', bits = ''] = cidr.split('/');
  const first = parseAddress(address);
  const prefix = Number(bits);
  if (first === undefined || !Number.isInteger(prefix) || prefix < 12 || prefix > 28) {
    throw new Error(
      `"${cidr}" is no range for services: expected IPv4 with a prefix from 12 to 28, such as 10.61.1.0/24`,
    );
  }
  const size = 2 ** (32 - prefix);
  return { text: cidr, first: first - (first % size), size };
}

/** Whether an address, as text, is one of the range. */
export function isInRange({ first, size }: AddressRange, address: string): boolean {
  const value = parseAddress(address);
  return value !== undefined && value >= first && value < first + size;
}

/** The address at a place of the range, from 0 on. */
export function addressAt({ first }: AddressRange, place: number): string {
  const value = first + place;
  return [value / 2 ** 24, (value / 2 ** 16) % 256, (value / 256) % 256, value % 256]
    .map(Math.floor)
    .join('.');
}

function parseAddress(text: string): number | undefined {
  const parts = text.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255))
    return undefined;
  return parts.reduce((value, part) => value * 256 + part, 0);
}
