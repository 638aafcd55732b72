/**
 * An image's full name, as containerd keeps it: `nginx` is `docker.io/library/nginx:latest`, and of tag and digest the
 * digest decides (distribution/reference, "ParseDockerRef"). Ids (`sha256:…`) stay as they are.
 */
export function fullImageName(image: string): string {
  if (/^sha256:[0-9a-f]{64}$/u.test(image)) return image;
  const [name = '', digest] = image.split('@');
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost';
  const path = hasRegistry ? name : `docker.io/${slash === -1 ? 'library/' : ''}${name}`;
  const { repository, tag } = splitTag(path);
  return digest === undefined ? `${repository}:${tag ?? 'latest'}` : `${repository}@${digest}`;
}

/** Repository and tag of a name without digest. A colon before the last slash belongs to a port. */
export function splitTag(name: string): { repository: string; tag?: string } {
  const colon = name.lastIndexOf(':');
  if (colon <= name.lastIndexOf('/')) return { repository: name };
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}
