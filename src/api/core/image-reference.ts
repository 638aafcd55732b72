/** The longest name of an image, with its registry, in characters; a longer one is none. */
const NAME_CHARS_MAX = 255;

/** `registry.example.com:5000/team/web:1.27@sha256:…`: name, tag and digest, as container registries have them. */
const REFERENCE =
  /^((?:(?:localhost|(?=[^/]*[.:A-Z])(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\]))(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*)(?::(\w[\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$/;
/** What can also be the id of an image is no name. */
const IMAGE_ID = /^[a-f0-9]{64}$/;

/** The tag by which an image is pulled: `latest` where it says neither tag nor digest; undefined where it is no image's name. */
export function imageTag(image: string): string | undefined {
  const [, name = '', tag, digest] = REFERENCE.exec(image) ?? [];
  if (name === '' || name.length > NAME_CHARS_MAX || IMAGE_ID.test(image)) return undefined;
  return tag ?? (digest === undefined ? 'latest' : undefined);
}
