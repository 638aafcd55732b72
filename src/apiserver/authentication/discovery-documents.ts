import { type ApiResponse, jsonResponse } from '#apiserver/request.ts';
import { publicJsonWebKey } from '#pki/json-web-token.ts';
import type { TokenKeys } from '#pki/token-keys.ts';

/** Where others learn who signs this API server's tokens (OpenID Connect Discovery 1.0). */
export const OPENID_CONFIGURATION_PATH = '/.well-known/openid-configuration';

/** The public keys. */
export const JWKS_PATH = '/openid/v1/jwks';

/** How long verifiers may keep what they read, in seconds: as upstream. */
const CACHE_SECONDS = 3600;

/** The two documents; undefined for any other path. `authority`: `host:port` at which the client has reached this server. */
export function openIdDocument(
  path: string,
  { issuer, keys, authority }: { issuer: string; keys: TokenKeys; authority: string },
): ApiResponse | undefined {
  const caching = { 'cache-control': `public, max-age=${CACHE_SECONDS}` };
  if (path === OPENID_CONFIGURATION_PATH) {
    const document = {
      issuer,
      jwks_uri: `https://${authority}${JWKS_PATH}`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    };
    return jsonResponse(200, document, caching);
  }
  if (path !== JWKS_PATH) return undefined;
  const published = [...keys.verifying].map(([id, key]) => publicJsonWebKey(id, key));
  return jsonResponse(200, { keys: published }, { ...caching, 'content-type': 'application/jwk-set+json' });
}
