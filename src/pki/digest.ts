import { createHash } from 'node:crypto';

/** `sha256:` and 64 hexadecimal digits of the bytes, or of the text's UTF-8. */
export function sha256Digest(content: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
