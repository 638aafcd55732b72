const REGISTRY = String.raw`(?:(?:[a-zA-Z0-9-]+\.)+[a-zA-Z0-9-]+|localhost|[a-zA-Z0-9-]+(?=:\d)|\[[0-9a-fA-F:]+\])(?::\d+)?\/`;
const PATH_PART = String.raw`[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*`;
const TAG = String.raw`:\w[\w.-]{0,127}`;
const DIGEST = String.raw`@[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}`;
const REFERENCE = new RegExp(
  `^(?:${REGISTRY})?${PATH_PART}(?:/${PATH_PART})*(?:${TAG})?(?:${DIGEST})?$`,
  'u',
);

/** Whether a text is an image reference (the reference grammar of distribution/distribution). */
export function isImageName(text: string): boolean {
  return REFERENCE.test(text);
}

/** Whether an image is named by digest: one content for ever, that need not be looked for again. */
export function isPinned(image: string): boolean {
  return image.includes('@');
}
