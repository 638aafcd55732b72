import { secretResource } from '#api/core/secret.ts';
import { serviceAccountResource } from '#api/core/service-account.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceType } from '#api/resource.ts';
import {
  type AccountClaim,
  type AccountTokenClaims,
  BINDABLE_KINDS,
  type BindableKind,
  LEGACY_ISSUER,
  readAccountClaims,
} from '#apiserver/authentication/account-claims.ts';
import {
  type Authenticated,
  type TokenAuthenticator,
  TokenError,
} from '#apiserver/authentication/authenticator.ts';
import { accountUser, accountUserName } from '#apiserver/authentication/service-account-user.ts';
import type { StoredObjects } from '#apiserver/authentication/stored-objects.ts';
import type { User } from '#apiserver/request.ts';
import { type ParsedToken, parseToken, verifyToken } from '#pki/json-web-token.ts';
import type { TokenKeys } from '#pki/token-keys.ts';
import { type Clock, parseTimestamp } from '#system/clock.ts';

/** Tokens whose signature was verified and is remembered; the oldest is forgotten for a further one. */
const VERIFIED_TOKENS_MAX = 1024;

/** How long after an object was marked for deletion the tokens bound to it still count, in milliseconds: upstream's leeway. */
const DELETION_LEEWAY_MS = 60_000;

/** How far the clock may have been set back since a token was made, in seconds. */
const NOT_BEFORE_LEEWAY_SECONDS = 60;

export interface AccountTokenOptions {
  readonly keys: TokenKeys;
  readonly issuer: string;
  /** Whom tokens in Secrets, which name no audience, are meant for. */
  readonly audiences: readonly string[];
  readonly objects: StoredObjects;
  readonly clock: Clock;
}

/** A token whose signature and form are right. */
type Verified =
  | { readonly type: 'bound'; readonly claims: AccountTokenClaims }
  | { readonly type: 'secret'; readonly claims: SecretClaims };

interface SecretClaims {
  readonly namespace: string;
  readonly secret: string;
  readonly account: string;
  readonly uid: string;
}

/**
 * Knows the service account tokens that this API server signed. A signature is checked once; that the account and whatever
 * the token is bound to are still there, each time.
 */
export function accountTokenAuthenticator(options: AccountTokenOptions): TokenAuthenticator {
  const known = new Map<string, Verified>();
  return {
    async authenticate(token, audiences) {
      const verified = known.get(token) ?? verifiedToken(options, token);
      if (verified === undefined) return undefined;
      remember(known, token, verified);
      return verified.type === 'bound'
        ? authenticateBound(options, verified.claims, audiences)
        : authenticateSecret(options, { token, claims: verified.claims, audiences });
    },
  };
}

function remember(known: Map<string, Verified>, token: string, verified: Verified): void {
  if (known.has(token)) return;
  known.set(token, verified);
  if (known.size <= VERIFIED_TOKENS_MAX) return;
  const [oldest] = known.keys();
  if (oldest !== undefined) known.delete(oldest);
}

/** Undefined for what another issuer made. */
function verifiedToken({ keys, issuer }: AccountTokenOptions, text: string): Verified | undefined {
  const token = parseToken(text);
  if (token === undefined || (token.claims.iss !== issuer && token.claims.iss !== LEGACY_ISSUER))
    return undefined;
  if (!isSigned(token, keys)) throw new TokenError('the signature does not verify');
  if (token.claims.iss === LEGACY_ISSUER) {
    const claims = secretClaimsOf(token.claims);
    if (claims !== undefined) return { type: 'secret', claims };
  } else {
    const claims = readAccountClaims(token.claims);
    if (claims !== undefined) return { type: 'bound', claims };
  }
  throw new TokenError('a claim is missing');
}

function isSigned(token: ParsedToken, { verifying }: TokenKeys): boolean {
  const key = verifying.get(token.header.kid);
  return key !== undefined && verifyToken(token, key);
}

function secretClaimsOf(claims: Readonly<Record<string, unknown>>): SecretClaims | undefined {
  const [namespace, secret, account, uid] = [
    'namespace',
    'secret.name',
    'service-account.name',
    'service-account.uid',
  ].map((name) => claims[`kubernetes.io/serviceaccount/${name}`]);
  if (typeof namespace !== 'string' || typeof secret !== 'string') return undefined;
  if (typeof account !== 'string' || typeof uid !== 'string') return undefined;
  return { namespace, secret, account, uid };
}

async function authenticateBound(
  options: AccountTokenOptions,
  claims: AccountTokenClaims,
  wanted: readonly string[],
): Promise<Authenticated> {
  const nowSeconds = options.clock.now() / 1000;
  if (claims.exp <= nowSeconds) throw new TokenError('service account token has expired');
  if (claims.nbf > nowSeconds + NOT_BEFORE_LEEWAY_SECONDS)
    throw new TokenError('service account token is not valid yet');
  const audiences = wanted.filter((audience) => claims.aud.includes(audience));
  if (audiences.length === 0)
    throw new TokenError(
      `token audiences ${JSON.stringify(claims.aud)} is invalid for the target audiences ${JSON.stringify(wanted)}`,
    );
  const account = { ...claims['kubernetes.io'].serviceaccount, namespace: claims['kubernetes.io'].namespace };
  if (claims.sub !== accountUserName(account)) throw new TokenError('the subject is not the account');
  await requireObject(options, serviceAccountResource as unknown as ResourceType, account);
  await requireBound(options, claims['kubernetes.io']);
  return { user: boundUser(claims, account), audiences };
}

/** What a token is bound to must still be there. The node of a pod is told only: the pod is what the token ends with. */
async function requireBound(options: AccountTokenOptions, claim: AccountClaim): Promise<void> {
  const { namespace, pod, secret, node } = claim;
  const kind: BindableKind | undefined =
    pod !== undefined ? 'pod' : secret !== undefined ? 'secret' : node !== undefined ? 'node' : undefined;
  const bound = pod ?? secret ?? node;
  if (kind === undefined || bound === undefined) return;
  await requireObject(options, BINDABLE_KINDS[kind], kind === 'node' ? bound : { ...bound, namespace });
}

async function requireObject(
  { objects, clock }: AccountTokenOptions,
  type: ResourceType,
  { namespace, name, uid }: { namespace?: string; name: string; uid: string },
): Promise<KubeObject> {
  const found = await objects.find(type, { namespace, name });
  const what = `${type.kind} "${namespace === undefined ? name : `${namespace}/${name}`}"`;
  if (found === undefined || found.metadata.uid !== uid)
    throw new TokenError(`the ${what} of the token is not there any more`);
  const deletedMs = parseTimestamp(found.metadata.deletionTimestamp);
  if (deletedMs !== undefined && deletedMs + DELETION_LEEWAY_MS < clock.now())
    throw new TokenError(`the ${what} of the token has been deleted`);
  return found;
}

function boundUser(
  { jti, 'kubernetes.io': { pod, node } }: AccountTokenClaims,
  account: { namespace: string; name: string; uid: string },
): User {
  const extra: Record<string, string[]> = {};
  if (jti !== '') extra['authentication.kubernetes.io/credential-id'] = [`JTI=${jti}`];
  if (pod !== undefined) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid];
  }
  if (node !== undefined) {
    extra['authentication.kubernetes.io/node-name'] = [node.name];
    if (node.uid !== '') extra['authentication.kubernetes.io/node-uid'] = [node.uid];
  }
  return accountUser(account, extra);
}

/** A token from a Secret counts while that Secret holds it. */
async function authenticateSecret(
  options: AccountTokenOptions,
  { token, claims, audiences }: { token: string; claims: SecretClaims; audiences: readonly string[] },
): Promise<Authenticated> {
  const { namespace, secret, account, uid } = claims;
  const meant = audiences.filter((audience) => options.audiences.includes(audience));
  if (meant.length === 0) throw new TokenError('the token is not meant for these audiences');
  const holder = await options.objects.find(secretResource, { namespace, name: secret });
  const held = Buffer.from(holder?.data?.token ?? '', 'base64').toString('utf8');
  if (held !== token || holder?.metadata.deletionTimestamp !== undefined)
    throw new TokenError('the Secret of the token does not hold it any more');
  const name = { namespace, name: account, uid };
  await requireObject(options, serviceAccountResource as unknown as ResourceType, name);
  return { user: accountUser(name, {}), audiences: meant };
}
