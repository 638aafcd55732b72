const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** What is wrong with a digest; empty where it is valid. */
export function digestErrors(digest: string): string[] {
  return DIGEST.test(digest) ? [] : ['must be sha256: and 64 lower case hexadecimal digits'];
}
