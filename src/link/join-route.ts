import { type JoinToken, joinTokenResource } from '#api/fleet/join-token.ts';
import { siteResource } from '#api/fleet/site.ts';
import { badRequest, isStatus, StatusError } from '#api/status.ts';
import type { Route } from '#apiserver/api-server.ts';
import { SITES_GROUP } from '#apiserver/authorization/site-authorizer.ts';
import { decodeJson } from '#apiserver/decode-body.ts';
import { type ApiRequest, jsonResponse } from '#apiserver/request.ts';
import type { Client } from '#client/client.ts';
import { siteUserName } from '#link/site-identity.ts';
import type { KeyPair } from '#pki/authority.ts';
import { CERTIFICATE_LIFETIME_MS } from '#pki/credentials.ts';
import { isSameHash, joinSecretHash } from '#pki/join-token.ts';
import { type Clock, parseTimestamp, timestamp } from '#system/clock.ts';
import type { Log } from '#system/log.ts';

/** Where a host fetches the hub's authority, to hold it against the hash in its token. */
export const AUTHORITY_PATH = '/skerry/v1/authority';

/** Where a host enrols. */
export const JOIN_PATH = '/skerry/v1/join';

/** What a host sends to enrol as a site. */
export interface JoinRequest {
  readonly secret: string;
  readonly site: string;
  /** PKCS #10, PEM. */
  readonly csr: string;
}

/** What it gets: its certificate, the authority that it trusts, and the key that signs bundles. */
export interface JoinAnswer {
  readonly certificate: string;
  readonly authority: string;
  readonly bundleKey: string;
}

export interface JoinRouteOptions {
  readonly client: Client;
  readonly authority: KeyPair;
  /** SPKI PEM. */
  readonly bundleKey: string;
  readonly clock: Clock;
  readonly log: Log;
}

const SITE_NAME_REGEXP = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u;

/** Attempts to count one use of a token against others who use it at the same moment. */
const USE_ATTEMPTS_MAX = 10;

/** The longest signing request that is read, in characters; ours has about 400. */
const CSR_CHARS_MAX = 16 * 1024;

/** The two paths by which new hosts get in; anyone may ask, only a token's secret opens. */
export function joinRoutes(options: JoinRouteOptions): Route[] {
  return [
    {
      path: AUTHORITY_PATH,
      anonymous: true,
      handle: async () => jsonResponse(200, { authority: options.authority.certificate }),
    },
    { path: JOIN_PATH, anonymous: true, handle: (request) => join(options, request) },
  ];
}

async function join(options: JoinRouteOptions, request: ApiRequest) {
  if (request.method !== 'POST') throw new StatusError('MethodNotAllowed', `${JOIN_PATH} takes POST only`);
  const { secret, site, csr } = readJoinRequest(decodeJson(request.body).value);
  const token = await findToken(options, secret);
  if (token === undefined)
    throw new StatusError(
      'Unauthorized',
      'the join token is unknown, expired or used up: make a new one with "skerry token create"',
    );
  if (token.spec.site !== undefined && token.spec.site !== site) {
    throw new StatusError('Forbidden', `this join token is for site "${token.spec.site}", not for "${site}"`);
  }
  await assertNotTaken(options, { site, token });
  // What cannot be certified uses nothing up.
  const certificate = await certify(options, { site, csr });
  await useToken(options, token.metadata.name);
  await ensureSite(options, { site, token });
  options.log.info('a host joined', { site, token: token.metadata.name });
  const answer: JoinAnswer = {
    certificate,
    authority: options.authority.certificate,
    bundleKey: options.bundleKey,
  };
  return jsonResponse(200, answer);
}

function readJoinRequest(body: unknown): JoinRequest {
  const { secret, site, csr } = (body ?? {}) as Partial<Record<keyof JoinRequest, unknown>>;
  if (typeof secret !== 'string' || typeof csr !== 'string')
    throw badRequest('secret and csr are wanted, both strings');
  if (csr.length > CSR_CHARS_MAX)
    throw badRequest(`csr: it has ${csr.length} characters, at most ${CSR_CHARS_MAX} are read`);
  if (typeof site !== 'string' || !SITE_NAME_REGEXP.test(site)) {
    throw badRequest(
      `site: "${String(site).slice(0, 100)}" is no name for a site: lower case letters, digits and "-", at most 63`,
    );
  }
  return { secret, site, csr };
}

async function findToken(
  { client, clock }: JoinRouteOptions,
  secret: string,
): Promise<JoinToken | undefined> {
  const hash = joinSecretHash(secret);
  const { items } = await client.list(joinTokenResource);
  return items.find((token) => isSameHash(token.spec.tokenHash, hash) && isOpen(token, clock.now()));
}

function isOpen({ spec, status }: JoinToken, nowMs: number): boolean {
  return (parseTimestamp(spec.expiresAt) ?? 0) > nowMs && (status?.uses ?? 0) < spec.usesMax;
}

/** Counts one use; where others are counted at the same moment, after them. */
async function useToken({ client, clock }: JoinRouteOptions, name: string): Promise<void> {
  for (let attempt = 1; attempt <= USE_ATTEMPTS_MAX; attempt++) {
    const token = await client.get(joinTokenResource, { name });
    if (!isOpen(token, clock.now()))
      throw new StatusError('Unauthorized', 'the join token was used up at this very moment');
    const status = { uses: (token.status?.uses ?? 0) + 1, lastUsedTime: timestamp(clock.now()) };
    const patch = { metadata: { resourceVersion: token.metadata.resourceVersion }, status };
    try {
      await client.patch(joinTokenResource, { name }, { patchType: 'merge', patch, subresource: 'status' });
      return;
    } catch (error) {
      if (!isStatus(error, 'Conflict')) throw error;
    }
  }
  throw new StatusError('TooManyRequests', 'too many hosts use this token at once: try again', {
    details: { retryAfterSeconds: 1 },
  });
}

/** Only a token made for a site by name lets a further host in as that site: no other may take its place. */
async function assertNotTaken(
  { client }: JoinRouteOptions,
  { site, token }: { site: string; token: JoinToken },
): Promise<void> {
  if (token.spec.site === site || (await client.find(siteResource, { name: site })) === undefined) return;
  throw nameTaken(site);
}

function nameTaken(site: string): StatusError {
  const why = `site "${site}" exists already: choose another name, or make a token for it with "skerry token create --site ${site}"`;
  return new StatusError('Conflict', why);
}

async function ensureSite(
  { client }: JoinRouteOptions,
  { site, token }: { site: string; token: JoinToken },
): Promise<void> {
  try {
    await client.create(siteResource, {
      apiVersion: 'fleet.skerry.io/v1alpha1',
      kind: 'Site',
      metadata: { name: site, labels: token.spec.siteLabels ?? {} },
      spec: { provider: 'Skerry' },
    });
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists')) throw error;
    // Two hosts with one token may have asked for the same name at the same moment.
    if (token.spec.site !== site) throw nameTaken(site);
  }
}

async function certify(
  { authority, clock }: JoinRouteOptions,
  { site, csr }: { site: string; csr: string },
): Promise<string> {
  const { CLOCK_SKEW_MS, signRequest } = await import('#pki/authority.ts');
  const nowMs = clock.now();
  try {
    return await signRequest(authority, csr, {
      commonName: siteUserName(site),
      organizations: [SITES_GROUP],
      usage: 'client',
      notBeforeMs: nowMs - CLOCK_SKEW_MS,
      notAfterMs: nowMs + CERTIFICATE_LIFETIME_MS,
    });
  } catch (cause) {
    throw badRequest(`csr: ${cause instanceof Error ? cause.message : 'cannot be read'}`, cause);
  }
}
