import type { MappedClaim, TrustedIssuer } from '#apiserver/authentication/authentication-configuration.ts';
import { type TokenAuthenticator, TokenError } from '#apiserver/authentication/authenticator.ts';
import { IssuerKeys } from '#apiserver/authentication/issuer-keys.ts';
import type { User } from '#apiserver/request.ts';
import { parseToken, verifyToken } from '#pki/json-web-token.ts';
import type { Clock } from '#system/clock.ts';
import type { FetchJson } from '#system/https-json.ts';
import type { Log } from '#system/log.ts';

/** How far an issuer's clock may be ahead, in seconds, for the time from which a token counts. */
const NOT_BEFORE_LEEWAY_SECONDS = 300;

/** Groups that are taken from one token; a token with more is refused. */
const GROUPS_MAX = 1024;

/** Names that no issuer can give: of this API server's own components, nodes, sites and service accounts. */
const RESERVED_REGEXP = /^(?:system|skerry):/u;

type Claims = Readonly<Record<string, unknown>>;

/** Tokens of people from one OpenID Connect issuer. */
export function issuerTokenAuthenticator(
  issuer: TrustedIssuer,
  options: { readonly fetchJson: FetchJson; readonly clock: Clock; readonly log: Log },
): TokenAuthenticator {
  const keys = new IssuerKeys(issuer, options);
  return {
    async authenticate(text, wanted) {
      const token = parseToken(text);
      if (token === undefined || token.claims.iss !== issuer.url) return undefined;
      const candidates = await keys.candidates(token.header.kid);
      if (!candidates.some((key) => verifyToken(token, key)))
        throw new TokenError('the signature does not verify');
      checkClaims(issuer, token.claims, options.clock.now() / 1000);
      // Such a token is for this API server, whatever a reviewer asks for, if it is for an audience of its issuer's.
      return { user: userOf(issuer, token.claims), audiences: wanted };
    },
  };
}

function checkClaims({ audiences, required }: TrustedIssuer, claims: Claims, nowSeconds: number): void {
  const { aud, exp, nbf } = claims;
  if (typeof exp !== 'number' || exp <= nowSeconds) throw new TokenError('the token has expired');
  if (typeof nbf === 'number' && nbf > nowSeconds + NOT_BEFORE_LEEWAY_SECONDS)
    throw new TokenError('the token is not valid yet');
  const meant = Array.isArray(aud) ? aud : [aud];
  if (!meant.some((audience) => typeof audience === 'string' && audiences.includes(audience)))
    throw new TokenError('the token is not meant for this API server');
  const wrong = required.find(({ claim, value }) => claims[claim] !== value);
  if (wrong !== undefined)
    throw new TokenError(`claim ${JSON.stringify(wrong.claim)} has not the required value`);
}

function userOf({ username, groups, uidClaim }: TrustedIssuer, claims: Claims): User {
  const name = claims[username.claim];
  if (typeof name !== 'string' || name === '')
    throw new TokenError(`claim ${JSON.stringify(username.claim)} names no user`);
  if (username.claim === 'email' && claims.email_verified !== undefined && claims.email_verified !== true)
    throw new TokenError('the e-mail address is not verified');
  const names = [`${username.prefix}${name}`, ...groupsOf(groups, claims)];
  const reserved = names.find((each) => RESERVED_REGEXP.test(each));
  if (reserved !== undefined)
    throw new TokenError(`${JSON.stringify(reserved)} is a name of the system's own`);
  const uid = uidClaim === undefined ? undefined : claims[uidClaim];
  return {
    name: `${username.prefix}${name}`,
    groups: [...names.slice(1), 'system:authenticated'],
    ...(typeof uid === 'string' && uid !== '' ? { uid } : {}),
  };
}

function groupsOf(mapped: MappedClaim | undefined, claims: Claims): readonly string[] {
  if (mapped === undefined) return [];
  const value = claims[mapped.claim];
  const names =
    value === undefined || value === null ? [] : Array.isArray(value) ? (value as unknown[]) : [value];
  if (names.length > GROUPS_MAX || !names.every((name) => typeof name === 'string'))
    throw new TokenError(`claim ${JSON.stringify(mapped.claim)} lists no groups`);
  return names.map((name) => `${mapped.prefix}${name}`);
}
