import type { ServiceAccount } from '#api/core/service-account.ts';
import { secretTokenClaims } from '#apiserver/authentication/account-claims.ts';
import type { TokenIssuer } from '#apiserver/authentication/token-request.ts';
import { parseToken, signToken } from '#pki/json-web-token.ts';

/** A token that is kept in a Secret and ends with it. */
function signSecretToken({ keys }: TokenIssuer, account: ServiceAccount, secretName: string): string {
  const { name, namespace = '', uid } = account.metadata;
  return signToken(secretTokenClaims({ account: { name, namespace, uid }, secretName }), keys.signing);
}

/** What a controller needs to keep Secrets filled: a new token, and whether the key that signs now has signed one. */
export function secretTokens(issuer: TokenIssuer): {
  sign: (account: ServiceAccount, secretName: string) => string;
  isCurrent: (token: string) => boolean;
} {
  return {
    sign: (account, secretName) => signSecretToken(issuer, account, secretName),
    isCurrent: (token) => parseToken(token)?.header.kid === issuer.keys.signing.id,
  };
}
