/** A body that is there as a whole. */
export interface HttpBytes {
  readonly type: 'bytes';
  readonly chunks: readonly Uint8Array[];
  /** Of all chunks, in bytes, where whoever made them has counted them already. */
  readonly size?: number;
}

/** The length of a body, in bytes. */
export function sizeOfBytes({ chunks, size }: HttpBytes): number {
  if (size !== undefined) return size;
  let total = 0;
  for (const chunk of chunks) total += chunk.length;
  return total;
}
