import type { EtcdEndpoint } from '#store/etcd-client.ts';

/** etcd's port for clients. */
const PORT_DEFAULT = 2379;

/** The most members of one etcd that are named. */
const MEMBERS_MAX = 9;

/**
 * Reads `https://a:2379,https://b:2379`: the members of one etcd. Throws an Error with one sentence for people. Without
 * TLS (`http:`) only on loopback: whoever reaches an etcd may do anything with it.
 */
export function parseEtcdMembers(text: string): EtcdEndpoint[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > MEMBERS_MAX)
    throw new Error(`"${text}" names ${parts.length} members of etcd: at most ${MEMBERS_MAX}`);
  const endpoints = parts.map(parseMember);
  if (new Set(endpoints.map(({ secure }) => secure)).size > 1)
    throw new Error(`"${text}" mixes http and https: all members of one etcd are reached alike`);
  return endpoints;
}

function parseMember(text: string): EtcdEndpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url !== undefined &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.pathname === '/' &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '';
  if (url === undefined || !isPlain)
    throw new Error(`"${text}" is no address of etcd: expected one such as https://192.0.2.1:2379`);
  const host = url.hostname.replace(/^\[|\]$/gu, '');
  const secure = url.protocol === 'https:';
  if (!secure && !/^(?:127\.|::1$|localhost$)/u.test(host))
    throw new Error(`"${text}": etcd is reached without TLS on loopback only: expected https://`);
  // The port that a scheme has by itself is left out of `url.port`, also where it was written.
  const written = /:(?<port>\d+)\/?$/u.exec(text)?.groups?.port;
  return { host, port: Number(written ?? PORT_DEFAULT), secure };
}
