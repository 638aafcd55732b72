import type { Readable } from 'node:stream';
import { gunzip } from 'node:zlib';

/**
 * `tooLarge`: more than the limit came, or would have come out of what was compressed; the rest is let pass by. `tooSlow`: time
 * was over. `garbled`: what was said to be compressed is not. `broken`: the client left.
 */
export type RequestBody = Uint8Array | 'tooLarge' | 'tooSlow' | 'garbled' | 'broken';

/** The encoding of a body that is undone here; what is in any other is handed on as it came. */
const GZIP = /^(?:x-)?gzip$/iu;

export interface RequestBodyOptions {
  readonly method: string;
  /** What the client says that it will send, in bytes; 0 where it does not. */
  readonly announcedBytes: number;
  readonly bytesMax: number;
  readonly limitMs: number;
}

const NO_BODY = new Uint8Array();

/** Reads a request's body whole, and inflates it where its `content-encoding` is gzip, of which `headers` says nothing then: at most `bytesMax` bytes of it are kept, for at most `limitMs` milliseconds. Never rejects. */
export async function readRequestBody(
  request: Readable,
  options: RequestBodyOptions & { readonly headers: Record<string, string | undefined> },
): Promise<RequestBody> {
  const body = await readAsSent(request, options);
  const { headers, bytesMax } = options;
  const encoding = headers['content-encoding'];
  if (encoding === undefined || !GZIP.test(encoding) || typeof body === 'string') return body;
  delete headers['content-encoding'];
  return body.length === 0 ? body : inflated(body, bytesMax);
}

/** Stops as soon as more than the limit has come out, however much would: a few bytes can hold very many. */
function inflated(body: Uint8Array, bytesMax: number): Promise<RequestBody> {
  return new Promise((resolve) => {
    gunzip(body, { maxOutputLength: bytesMax }, (error, whole) => {
      if (error === null) resolve(whole);
      else resolve((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'tooLarge' : 'garbled');
    });
  });
}

function readAsSent(
  request: Readable,
  { method, announcedBytes, bytesMax, limitMs }: RequestBodyOptions,
): Promise<RequestBody> {
  if (method === 'GET' || method === 'HEAD') {
    request.resume();
    return Promise.resolve(NO_BODY);
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let total = 0;
    const timer = setTimeout(() => settle('tooSlow'), limitMs);
    const settle = (body: RequestBody): void => {
      clearTimeout(timer);
      if (typeof body === 'string') chunks.length = 0;
      resolve(body);
    };
    request.on('data', (chunk: Buffer) => {
      total += chunk.length;
      if (total <= bytesMax && announcedBytes <= bytesMax) chunks.push(chunk);
      else settle('tooLarge');
    });
    request.once('end', () => settle(chunks.length === 1 ? (chunks[0] ?? NO_BODY) : Buffer.concat(chunks)));
    request.once('close', () => settle('broken'));
    if (announcedBytes > bytesMax) settle('tooLarge');
  });
}
