import type { KeyToPath } from '#api/core/volume.ts';
import { StartError } from '#kubelet/start-error.ts';

/** A file of a volume that is made from API objects. */
export interface PayloadFile {
  readonly content: Uint8Array;
  readonly mode: number;
}

/** Files by path relative to the volume. */
export type Payload = ReadonlyMap<string, PayloadFile>;

/** Kubernetes' default for the files of such volumes. */
export const DEFAULT_MODE = 0o644;

/** What an object gives to a volume: all of its keys, or those that `items` choose. */
export interface PayloadSource {
  /** `configmap "x"`, for messages. */
  readonly what: string;
  readonly entries: ReadonlyMap<string, Uint8Array>;
  readonly items: readonly KeyToPath[] | undefined;
  readonly defaultMode: number;
  readonly optional: boolean;
}

/** The files that come of it. Throws StartError where a chosen key is missing and not optional. */
export function payloadOf(source: PayloadSource): Payload {
  const items = source.items ?? [...source.entries.keys()].map((key): KeyToPath => ({ key, path: key }));
  const payload = new Map<string, PayloadFile>();
  for (const { key, path, mode } of items) {
    const content = source.entries.get(key);
    if (content !== undefined) payload.set(safePath(path), { content, mode: mode ?? source.defaultMode });
    else if (!source.optional)
      throw new StartError('FailedMount', `${source.what} references non-existent key: ${key}`);
  }
  return payload;
}

/** A path below a volume, as it may stand in a spec. Throws StartError where it leads out of the volume. */
export function safePath(path: string): string {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (
    names.length === 0 ||
    path.startsWith('/') ||
    names.includes('..') ||
    names[0]?.startsWith('..') === true
  ) {
    throw new StartError('FailedMount', `the path "${path}" must be relative and stay inside the volume`);
  }
  return names.join('/');
}

/** The bytes of a ConfigMap's or Secret's keys. */
export function entriesOf(object: {
  text?: Record<string, string> | undefined;
  base64?: Record<string, string> | undefined;
}): Map<string, Uint8Array> {
  return new Map<string, Uint8Array>([
    ...Object.entries(object.text ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const),
    ...Object.entries(object.base64 ?? {}).map(
      ([key, value]) => [key, Buffer.from(value, 'base64')] as const,
    ),
  ]);
}
