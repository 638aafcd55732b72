import type { Secret } from '#api/core/secret.ts';
import { fullImageName } from '#cri/image-name.ts';
import type { RegistryCredentials } from '#cri/runtime.ts';

/** One entry of a Docker configuration file's `auths`. */
interface DockerAuth {
  readonly username?: unknown;
  readonly password?: unknown;
  /** `username:password` in base64: stands for the two. */
  readonly auth?: unknown;
  readonly identitytoken?: unknown;
}

/**
 * The credentials that a pod's imagePullSecrets have for an image: of all entries that name its registry, those with the
 * longest path first. Secrets of other types, and what is not readable in them, are passed over. Source: Kubernetes docs,
 * "Pull an Image from a Private Registry".
 */
export function credentialsFor(image: string, secrets: readonly Secret[]): RegistryCredentials[] {
  const name = fullImageName(image);
  return secrets
    .flatMap(entriesOf)
    .map(([location, auth]) => ({ location: repositoryOf(location), credentials: credentialsOf(auth) }))
    .filter(
      ({ location }) =>
        name === location || name.startsWith(`${location}/`) || name.startsWith(`${location}:`),
    )
    .toSorted((a, b) => b.location.length - a.location.length)
    .flatMap(({ credentials }) => (credentials === undefined ? [] : [credentials]));
}

function entriesOf({ type, data }: Secret): [string, DockerAuth][] {
  const modern = type === 'kubernetes.io/dockerconfigjson' ? parse(data?.['.dockerconfigjson']) : undefined;
  const old = type === 'kubernetes.io/dockercfg' ? parse(data?.['.dockercfg']) : undefined;
  const auths = isRecord(modern?.auths) ? modern.auths : old;
  return Object.entries(auths ?? {}).filter((entry): entry is [string, DockerAuth] => isRecord(entry[1]));
}

function parse(base64: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64 ?? '', 'base64').toString('utf8'));
    return isRecord(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `https://index.docker.io/v1/` is how Docker Hub is written there. */
function repositoryOf(location: string): string {
  const path = location.replace(/^https?:\/\//u, '').replace(/\/(?:v[12]\/?)?$/u, '');
  return path === 'index.docker.io' || path === 'registry-1.docker.io' ? 'docker.io' : path;
}

function credentialsOf({
  username,
  password,
  auth,
  identitytoken,
}: DockerAuth): RegistryCredentials | undefined {
  const identityToken = typeof identitytoken === 'string' ? identitytoken : '';
  if (typeof username === 'string' && typeof password === 'string')
    return { username, password, identityToken };
  const decoded = typeof auth === 'string' ? Buffer.from(auth, 'base64').toString('utf8') : '';
  const colon = decoded.indexOf(':');
  if (colon > 0)
    return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1), identityToken };
  return identityToken === '' ? undefined : { username: '', password: '', identityToken };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
