import type { BoundObjectReference, TokenRequest } from '#api/authentication/token-request.ts';
import { nodeResource } from '#api/core/node.ts';
import { type Pod, podResource } from '#api/core/pod.ts';
import { secretResource } from '#api/core/secret.ts';
import { type ServiceAccount, serviceAccountResource } from '#api/core/service-account.ts';
import { invalidValue } from '#api/field-errors.ts';
import type { KubeObject } from '#api/object.ts';
import { badRequest, conflict, forbidden, invalid, notFound, otherNamespace } from '#api/status.ts';
import type { AccountClaim, AccountTokenClaims } from '#apiserver/authentication/account-claims.ts';
import { accountUserName } from '#apiserver/authentication/service-account-user.ts';
import type { StoredObjects } from '#apiserver/authentication/stored-objects.ts';
import { nodeOfUser } from '#apiserver/authorization/node-authorizer.ts';
import { decodeTypedBody } from '#apiserver/decode-object.ts';
import { type ApiResponse, jsonResponse } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import type { NamedRequest } from '#apiserver/verbs.ts';
import { isDryRun } from '#apiserver/write-options.ts';
import { signToken } from '#pki/json-web-token.ts';
import type { TokenKeys } from '#pki/token-keys.ts';
import { type Clock, timestamp } from '#system/clock.ts';
import { type Random, randomUuid } from '#system/random.ts';

/** The shortest life of a token that may be asked for, in seconds; a shorter one is 422. */
export const TOKEN_SECONDS_MIN = 600;

/** The longest life that a token gets, in seconds; a longer one is lowered to this, since its key verifies no longer. */
export const TOKEN_SECONDS_MAX = 365 * 24 * 3600;

/** The longest life that may be written down, in seconds: upstream's limit; a longer one is 422. */
const TOKEN_SECONDS_REQUESTED_MAX = 2 ** 32;

/** The life of a token that is asked for without one, in seconds. */
const TOKEN_SECONDS_DEFAULT = 3600;

/** What an API server signs tokens with, and what it says in them. */
export interface TokenIssuer {
  readonly keys: TokenKeys;
  readonly issuer: string;
  /** Whom a token is meant for that names nobody. */
  readonly audiences: readonly string[];
  readonly objects: StoredObjects;
  readonly clock: Clock;
  readonly random: Random;
}

/** `POST serviceaccounts/NAME/token`: a new token for the account, bound to whatever the request names (KEP-1205). */
export async function serveTokenRequest(
  context: RestContext,
  call: NamedRequest,
  issuer: TokenIssuer,
): Promise<ApiResponse> {
  const body = decodeTypedBody<Partial<TokenRequest>>(call.request, {
    schemas: context.schemas,
    schema: 'authentication/v1.TokenRequest',
    kind: 'TokenRequest',
    version: 'v1',
  });
  const spec = body.spec ?? {};
  const { namespace = '' } = call.info;
  const account = await issuer.objects.find(serviceAccountResource, { namespace, name: call.name });
  if (account === undefined) throw notFound({ resource: 'serviceaccounts', name: call.name });
  assertSameAccount(account, body);
  const seconds = secondsOf(spec.expirationSeconds);
  const bound = await boundObject(issuer, account, spec.boundObjectRef);
  assertNodesPod(call, bound);
  const audiences =
    spec.audiences === undefined || spec.audiences.length === 0 ? issuer.audiences : spec.audiences;
  const nowSeconds = Math.floor(issuer.clock.now() / 1000);
  const claims = { nowSeconds, lifeSeconds: Math.min(seconds, TOKEN_SECONDS_MAX), audiences, account, bound };
  const isDry = isDryRun(call.request.query.getAll('dryRun'), 'CreateOptions');
  return jsonResponse(201, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: call.name, namespace, creationTimestamp: timestamp(nowSeconds * 1000) },
    spec: { ...spec, audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: {
      token: isDry ? '' : signToken({ ...claimsOf(issuer, claims) }, issuer.keys.signing),
      expirationTimestamp: timestamp((nowSeconds + claims.lifeSeconds) * 1000),
    },
  });
}

function assertSameAccount(account: ServiceAccount, { metadata }: Partial<TokenRequest>): void {
  const { name = '', namespace = '', uid = '' } = metadata ?? {};
  if (name !== '' && name !== account.metadata.name)
    throw badRequest(
      `must match the service account name: metadata.name: Invalid value: ${JSON.stringify(name.slice(0, 253))}`,
    );
  if (namespace !== '' && namespace !== account.metadata.namespace) throw otherNamespace();
  if (uid !== '' && uid !== account.metadata.uid)
    throw conflict(
      { resource: 'serviceaccounts', name: account.metadata.name },
      `the UID in the token request (${uid}) does not match the UID of the service account (${account.metadata.uid})`,
    );
}

/** Upstream's NodeRestriction: a node gets tokens for the pods that are on it, and no others. */
function assertNodesPod({ user, name }: NamedRequest, { pod, node }: Bound): void {
  const wanted = nodeOfUser(user);
  if (wanted === undefined) return;
  const subject = { resource: 'serviceaccounts', name };
  if (pod === undefined) throw forbidden(subject, 'node requested token not bound to a pod');
  if (node?.name !== wanted)
    throw forbidden(subject, 'node requested token bound to a pod scheduled on a different node');
}

function secondsOf(requested: number | undefined): number {
  const seconds = requested ?? TOKEN_SECONDS_DEFAULT;
  const why =
    seconds < TOKEN_SECONDS_MIN
      ? 'may not specify a duration less than 10 minutes'
      : seconds > TOKEN_SECONDS_REQUESTED_MAX
        ? 'may not specify a duration larger than 2^32 seconds'
        : undefined;
  if (why === undefined) return seconds;
  throw invalid({ kind: 'TokenRequest', group: 'authentication.k8s.io', name: '' }, [
    invalidValue('spec.expirationSeconds', seconds, why),
  ]);
}

type Bound = Pick<AccountClaim, 'pod' | 'secret' | 'node'>;

/** The object that the token shall end with. */
async function boundObject(
  issuer: TokenIssuer,
  account: ServiceAccount,
  reference: BoundObjectReference | null | undefined,
): Promise<Bound> {
  if (reference === undefined || reference === null) return {};
  const { apiVersion = '', kind = '', name = '', uid = '' } = reference;
  const { namespace } = account.metadata;
  if (apiVersion === 'v1' && kind === 'Pod') return boundPod(issuer, account, { name, uid });
  if (apiVersion === 'v1' && kind === 'Secret') {
    const secret = await issuer.objects.find(secretResource, { namespace, name });
    return { secret: identityOf(secret, { resource: 'secrets', kind, name, uid }) };
  }
  if (apiVersion === 'v1' && kind === 'Node') {
    const node = await issuer.objects.find(nodeResource, { name });
    return { node: identityOf(node, { resource: 'nodes', kind, name, uid }) };
  }
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/', 2) : ['', apiVersion];
  throw badRequest(
    `cannot bind token to object of type ${`${group ?? ''}/${version ?? ''}, Kind=${kind}`.slice(0, 300)}`,
  );
}

async function boundPod(
  issuer: TokenIssuer,
  account: ServiceAccount,
  { name, uid }: { name: string; uid: string },
): Promise<Bound> {
  const { namespace } = account.metadata;
  const pod = await issuer.objects.find(podResource, { namespace, name });
  const identity = identityOf(pod, { resource: 'pods', kind: 'Pod', name, uid });
  if (podAccount(pod) !== account.metadata.name)
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account.metadata.name)} to pod running with different serviceaccount name.`,
    );
  const nodeName = pod?.spec.nodeName ?? '';
  if (nodeName === '') return { pod: identity };
  const node = await issuer.objects.find(nodeResource, { name: nodeName });
  return { pod: identity, node: { name: nodeName, uid: node?.metadata.uid ?? '' } };
}

function podAccount(pod: Pod | undefined): string {
  return pod?.spec.serviceAccountName ?? 'default';
}

function identityOf(
  object: KubeObject | undefined,
  { resource, kind, name, uid }: { resource: string; kind: string; name: string; uid: string },
): { name: string; uid: string } {
  if (object === undefined) throw notFound({ resource, name });
  if (uid !== '' && uid !== object.metadata.uid)
    throw conflict(
      { resource: kind, name },
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  return { name, uid: object.metadata.uid };
}

function claimsOf(
  { issuer, random }: TokenIssuer,
  options: {
    nowSeconds: number;
    lifeSeconds: number;
    audiences: readonly string[];
    account: ServiceAccount;
    bound: Bound;
  },
): AccountTokenClaims {
  const { nowSeconds, lifeSeconds, audiences, account, bound } = options;
  const { namespace = '', name, uid } = account.metadata;
  return {
    aud: audiences,
    exp: nowSeconds + lifeSeconds,
    iat: nowSeconds,
    iss: issuer,
    jti: randomUuid(random),
    'kubernetes.io': { namespace, serviceaccount: { name, uid }, ...bound },
    nbf: nowSeconds,
    sub: accountUserName({ namespace, name }),
  };
}
