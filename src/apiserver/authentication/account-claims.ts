import { nodeResource } from '#api/core/node.ts';
import { podResource } from '#api/core/pod.ts';
import { secretResource } from '#api/core/secret.ts';
import type { ResourceType } from '#api/resource.ts';
import { type AccountName, accountUserName } from '#apiserver/authentication/service-account-user.ts';

/** An object by name and identity, as a token names it. */
export interface NamedIdentity {
  readonly name: string;
  readonly uid: string;
}

/** The kinds that a token can be bound to: it ends with the object. */
export const BINDABLE_KINDS = {
  pod: podResource as unknown as ResourceType,
  secret: secretResource as unknown as ResourceType,
  node: nodeResource as unknown as ResourceType,
} as const;

export type BindableKind = keyof typeof BINDABLE_KINDS;

/** The claim `kubernetes.io` of a bound token (KEP-1205, KEP-4193). */
export interface AccountClaim {
  readonly namespace: string;
  readonly serviceaccount: NamedIdentity;
  readonly pod?: NamedIdentity;
  readonly secret?: NamedIdentity;
  readonly node?: NamedIdentity;
}

/** All claims of a bound service account token; times are seconds since 1970. */
export interface AccountTokenClaims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly iss: string;
  readonly jti: string;
  readonly 'kubernetes.io': AccountClaim;
  readonly nbf: number;
  readonly sub: string;
}

/** The issuer of tokens that are kept in Secrets. */
export const LEGACY_ISSUER = 'kubernetes/serviceaccount';

/** The claims of a token that is kept in a Secret of type `kubernetes.io/service-account-token`; it ends with the Secret. */
export function secretTokenClaims(options: {
  readonly account: AccountName & { readonly uid: string };
  readonly secretName: string;
}): Record<string, string> {
  const { account, secretName } = options;
  return {
    iss: LEGACY_ISSUER,
    'kubernetes.io/serviceaccount/namespace': account.namespace,
    'kubernetes.io/serviceaccount/secret.name': secretName,
    'kubernetes.io/serviceaccount/service-account.name': account.name,
    'kubernetes.io/serviceaccount/service-account.uid': account.uid,
    sub: accountUserName(account),
  };
}

/** Reads the claims of a bound token; undefined where one is missing or of another type. */
export function readAccountClaims(claims: Readonly<Record<string, unknown>>): AccountTokenClaims | undefined {
  const { aud, exp, iat, iss, jti, nbf, sub } = claims;
  const account = accountClaimOf(claims['kubernetes.io']);
  const audiences = typeof aud === 'string' ? [aud] : aud;
  if (!Array.isArray(audiences) || !audiences.every((item) => typeof item === 'string')) return undefined;
  if (typeof exp !== 'number' || typeof iss !== 'string' || typeof sub !== 'string') return undefined;
  if (account === undefined) return undefined;
  return {
    aud: audiences,
    exp,
    iat: typeof iat === 'number' ? iat : 0,
    iss,
    jti: typeof jti === 'string' ? jti : '',
    'kubernetes.io': account,
    nbf: typeof nbf === 'number' ? nbf : 0,
    sub,
  };
}

function accountClaimOf(value: unknown): AccountClaim | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { namespace, serviceaccount, pod, secret, node } = value as Record<string, unknown>;
  const account = identityOf(serviceaccount);
  if (typeof namespace !== 'string' || account === undefined) return undefined;
  const bound = { pod: identityOf(pod), secret: identityOf(secret), node: identityOf(node) };
  const present = Object.entries(bound).filter(([, identity]) => identity !== undefined);
  return { namespace, serviceaccount: account, ...Object.fromEntries(present) };
}

function identityOf(value: unknown): NamedIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { name, uid } = value as Record<string, unknown>;
  return typeof name === 'string' && typeof uid === 'string' ? { name, uid } : undefined;
}
