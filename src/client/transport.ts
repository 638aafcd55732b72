/** One HTTP request to an API server, free of any HTTP library. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, from the root: `/api/v1/namespaces/default/pods?limit=500`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it comes. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * The way to an API server: in process (`apiserver/transport.ts`), HTTPS (`system/https-client.ts`) or a browser's
 * fetch. Rejects only where no answer came; an error status is a response.
 */
export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>;
}

/** Answers read whole are refused above this size, in bytes. */
export const ANSWER_BYTES_MAX = 512 * 1024 * 1024;

/** The whole body of a response. */
export async function readBody(response: TransportResponse): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of response.body) {
    total += chunk.length;
    if (total > ANSWER_BYTES_MAX) throw new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return joined(chunks, total);
}

/** Bytes that came in pieces, `total` in all; a single piece as it is. */
export function joined(chunks: readonly Uint8Array[], total: number): Uint8Array {
  const only = chunks[0];
  if (chunks.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(total);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
