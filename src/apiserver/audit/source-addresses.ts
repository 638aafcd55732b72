import { ipFamily } from '#api/ip-syntax.ts';
import type { ApiRequest } from '#apiserver/request.ts';

/**
 * Where a request comes from, as upstream tells it: what proxies say in `X-Forwarded-For` and `X-Real-Ip` (which anybody may
 * write), and last the address of the connection. Only what is an address.
 */
export function sourceAddresses({ headers, sourceAddress }: ApiRequest): string[] {
  const forwarded = (headers['x-forwarded-for'] ?? '').split(',').map((part) => part.trim());
  const found = forwarded.filter((address) => ipFamily(address) !== undefined);
  const real = headers['x-real-ip']?.trim() ?? '';
  if (ipFamily(real) !== undefined && !found.includes(real)) found.push(real);
  const own = sourceAddress?.replace(/^::ffff:/u, '');
  if (own !== undefined && found.at(-1) !== own) found.push(own);
  return found;
}
