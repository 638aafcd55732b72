/** An image reference in the form that registries and runtimes know it by. */
export interface ImageName {
  /** With registry and, for Docker Hub's own images, `library/`; with tag or digest: `docker.io/library/nginx:latest`. */
  readonly full: string;
  /** By digest: it names one content for ever. */
  readonly pinned: boolean;
}

const REFERENCE =
  /^(?:(?<registry>(?:[a-zA-Z0-9-]+\.)+[a-zA-Z0-9-]+(?::\d+)?|localhost(?::\d+)?|[a-zA-Z0-9-]+:\d+|\[[0-9a-fA-F:]+\](?::\d+)?)\/)?(?<path>[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?$/u;

/** Reads a reference (distribution's reference grammar); undefined where it is none. */
export function parseImageName(text: string): ImageName | undefined {
  const { registry = 'docker.io', path, tag, digest } = REFERENCE.exec(text)?.groups ?? {};
  if (path === undefined) return undefined;
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  const version = digest !== undefined ? `@${digest}` : `:${tag ?? 'latest'}`;
  return { full: `${registry}/${repository}${version}`, pinned: digest !== undefined };
}

/** The pull policy where a container names none: `Always` for the tag `latest` or no tag, else `IfNotPresent`. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  const name = parseImageName(image);
  return name !== undefined && !name.pinned && name.full.endsWith(':latest') ? 'Always' : 'IfNotPresent';
}
