import { statusErrorOf } from '#client/client.ts';
import { readBody } from '#client/transport.ts';
import { AUTHORITY_PATH, JOIN_PATH, type JoinAnswer, type JoinRequest } from '#link/join-route.ts';
import { certificateHash, type JoinTicket } from '#pki/join-token.ts';
import type { Disk } from '#system/disk.ts';
import { type HttpsClient, httpsClient } from '#system/https-client.ts';

/** What a host knows once it has joined: the files of its identity folder. */
export interface SiteIdentity {
  readonly site: string;
  /** `host:port`. */
  readonly hub: string;
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  readonly bundleKeys: readonly string[];
}

/**
 * Enrols this host as a site: checks by the hash in the token that the hub is the right one, then has its new key
 * certified. Throws with what the hub said.
 */
export async function joinHub(ticket: JoinTicket, site: string): Promise<SiteIdentity> {
  const { createSigningRequest } = await import('#pki/authority.ts');
  const authority = await fetchAuthority(ticket);
  const { csr, key } = await createSigningRequest(site);
  const request: JoinRequest = { secret: ticket.secret, site, csr };
  using client = httpsClient(ticket.hub, { authority });
  const body = new TextEncoder().encode(JSON.stringify(request));
  const answer = (await requestJson(client, { method: 'POST', path: JOIN_PATH, body })) as JoinAnswer;
  return {
    site,
    hub: ticket.hub,
    authority: answer.authority,
    certificate: answer.certificate,
    key,
    bundleKeys: [answer.bundleKey],
  };
}

async function fetchAuthority({ hub, authorityHash }: JoinTicket): Promise<string> {
  using client = httpsClient(hub, 'insecure');
  const { authority } = (await requestJson(client, { method: 'GET', path: AUTHORITY_PATH })) as {
    authority: string;
  };
  if (certificateHash(authority) !== authorityHash) {
    throw new Error(`the hub at ${hub} is not the one that made this token: its authority has another hash`);
  }
  return authority;
}

async function requestJson(
  client: HttpsClient,
  request: { method: string; path: string; body?: Uint8Array },
): Promise<unknown> {
  const response = await client.request({ ...request, headers: { 'content-type': 'application/json' } });
  const body = await readBody(response);
  if (response.status !== 200) throw statusErrorOf(response.status, body);
  return JSON.parse(new TextDecoder().decode(body)) as unknown;
}

/** Writes an identity into `folder`, the key with mode 0600, and last of all the file that says that it is whole. */
export async function writeIdentity(disk: Disk, folder: string, identity: SiteIdentity): Promise<void> {
  const { key, certificate, authority, ...rest } = identity;
  await disk.write(`${folder}/site.key`, key);
  await disk.write(`${folder}/site.crt`, certificate);
  await disk.write(`${folder}/hub-authority.crt`, authority);
  await disk.write(`${folder}/identity.json`, `${JSON.stringify(rest, undefined, 2)}\n`);
}

/** The identity in `folder`, or undefined where this host has not joined. */
export async function readIdentity(disk: Disk, folder: string): Promise<SiteIdentity | undefined> {
  const names = ['identity.json', 'site.key', 'site.crt', 'hub-authority.crt'];
  const [rest, key, certificate, authority] = await Promise.all(
    names.map((name) => disk.read(`${folder}/${name}`)),
  );
  if (rest === undefined || key === undefined || certificate === undefined || authority === undefined)
    return undefined;
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
  return {
    ...(JSON.parse(text(rest)) as Pick<SiteIdentity, 'site' | 'hub' | 'bundleKeys'>),
    key: text(key),
    certificate: text(certificate),
    authority: text(authority),
  };
}
