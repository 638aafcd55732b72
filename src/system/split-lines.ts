/** The longest line that is read, in bytes: an object of 3 MiB whose every byte is escaped. */
export const LINE_BYTES_MAX = 32 * 1024 * 1024;

/** The lines of a stream without their ends, each in memory of its own; what follows the last end is a line where it is not empty. */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, end)]);
      parts = [];
      size = 0;
      from = end + 1;
    }
    size += chunk.length - from;
    if (size > LINE_BYTES_MAX) throw new Error(`a line is longer than ${LINE_BYTES_MAX} bytes`);
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
  if (size > 0) yield Buffer.concat(parts);
}
